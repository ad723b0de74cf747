"""What is said where there is no page: unknown addresses, broken requests, failures. Each names what to do next."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from kumoban.web.language import language_of

__all__ = ["bad_request", "not_allowed", "not_found", "server_error"]


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "web/troubles/not_found.html", status=404)


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "web/troubles/not_allowed.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Asked so that nothing of it can be trusted: the page is drawn without it."""
    return HttpResponse(_plain(request, "web/troubles/bad_request.html"), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the database, which may be what failed."""
    return HttpResponse(_plain(request, "web/troubles/server_error.html"), status=500)


def _plain(request: Any, template: str) -> str:
    with translation.override(getattr(request, "LANGUAGE_CODE", "") or language_of(request)):
        return render_to_string(template)
