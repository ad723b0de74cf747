from __future__ import annotations

from django.urls import include, path

from kumoban.api.docs import docs
from kumoban.api.main import api

urlpatterns = [path("api/v1/docs", docs), path("api/v1/", api.urls), path("", include("kumoban.web.urls"))]
handler400 = "kumoban.web.troubles.bad_request"
handler403 = "kumoban.web.troubles.not_allowed"
handler404 = "kumoban.web.troubles.not_found"
handler500 = "kumoban.web.troubles.server_error"
