"""How the pages speak to their reader: language and time zone, the person's own choice before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

__all__ = ["COOKIE", "ReaderLanguageMiddleware", "language_of"]

COOKIE = "kumoban_language"
LANGUAGES = ("ja", "en")


class ReaderLanguageMiddleware:
    """After the session is known: the person's settings, else the cookie, else the browser's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = getattr(request, "user", None)
        language = language_of(request, getattr(user, "language", ""))
        with translation.override(language), timezone.override(_zone(getattr(user, "zone", ""))):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            return response


def language_of(request: HttpRequest, chosen: str = "") -> str:
    """The language chosen in the settings, else in this browser, else the browser's own."""
    for language in (chosen, request.COOKIES.get(COOKIE, "")):
        if language in LANGUAGES:
            return language
    return translation.get_language_from_request(request)


def _zone(chosen: str) -> ZoneInfo:
    try:
        return ZoneInfo(chosen or settings.KUMOBAN_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.KUMOBAN_TIME_ZONE)
