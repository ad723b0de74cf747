from __future__ import annotations

from django.urls import include, path

from kumoban.api.docs import docs
from kumoban.api.main import api

urlpatterns = [path("api/v1/docs", docs), path("api/v1/", api.urls), path("", include("kumoban.web.urls"))]
