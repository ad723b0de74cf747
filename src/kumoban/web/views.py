"""The language, the demo's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from kumoban.desk import clock
from kumoban.desk.models import User
from kumoban.web.addresses import own_address
from kumoban.web.gate import page
from kumoban.web.language import COOKIE
from kumoban.web.numbers import whole


@require_GET
def language(request: HttpRequest, code: str) -> HttpResponse:
    chosen = "en" if code == "en" else "ja"
    user: Any = request.user
    if user.is_authenticated and user.language not in ("", chosen):  # else their settings would win over the link
        User.objects.filter(pk=user.pk).update(language=chosen)
    response = redirect(own_address(request, request.GET.get("next", "/")))
    response.set_cookie(COOKIE, chosen, max_age=365 * 86400, httponly=True, samesite="Lax")
    return response


@page
@require_POST
def demo_clock(request: Any) -> HttpResponse:
    ahead = min(whole(request.POST.get("minutes")) or 0, 10**6)
    clock.advance(timedelta(minutes=ahead), actor=request.actor.id)
    return redirect(own_address(request, request.headers.get("Referer", "")))
