"""Signing in and out, the language, the demo's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from kumoban.desk import clock
from kumoban.desk.models import User
from kumoban.desk.sign_in import demo_people, demo_user
from kumoban.web.gate import page
from kumoban.web.language import COOKIE


def sign_in(request: HttpRequest) -> HttpResponse:
    """Demo people, one click each. Outside demo mode there are no local users."""
    if request.method == "POST" and settings.KUMOBAN_DEMO:
        login(request, demo_user(request.POST.get("user_name", "")))
        return redirect(_allowed(request, request.POST.get("next", "/")))
    people = demo_people() if settings.KUMOBAN_DEMO else []
    return render(request, "web/sign_in.html", {"people": people, "next": request.GET.get("next", "/")})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/sign-in")


@require_GET
def language(request: HttpRequest, code: str) -> HttpResponse:
    chosen = "en" if code == "en" else "ja"
    user: Any = request.user
    if user.is_authenticated and user.language not in ("", chosen):  # else their settings would win over the link
        User.objects.filter(pk=user.pk).update(language=chosen)
    response = redirect(_allowed(request, request.GET.get("next", "/")))
    response.set_cookie(COOKIE, chosen, max_age=365 * 86400, httponly=True, samesite="Lax")
    return response


@page
@require_POST
def demo_clock(request: Any) -> HttpResponse:
    minutes = request.POST.get("minutes", "")
    ahead = int(minutes) if minutes.isdecimal() and len(minutes) <= 6 else 0
    clock.advance(timedelta(minutes=ahead), actor=request.actor.id)
    return redirect(_allowed(request, request.headers.get("Referer", "")))


def _allowed(request: HttpRequest, target: str) -> str:
    """An address of this desk, else its first page."""
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}) else "/"
