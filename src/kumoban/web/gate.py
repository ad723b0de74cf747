"""The gate of every page: signed in, the actor from the session only, refusals shown where they can be mended."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kumoban.core.reason import Refused
from kumoban.desk.people import Actor
from kumoban.desk.requests import refused_attempt
from kumoban.desk.words import say

__all__ = ["DeskRequest", "page"]


class DeskRequest(HttpRequest):
    """A page's request with its actor."""

    actor: Actor


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for somebody signed in. A refusal becomes a message on the page the person came from."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(f"/sign-in?next={request.path}")
        request.actor = Actor(request.user)
        if request.user.person is None or not request.user.person.can_act:
            logout(request)  # the directory no longer has this person: the session ends here
            return redirect("/sign-in")
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            refused_attempt(request.actor, request.path, kwargs.get("number", "web"), refused)
            return _refusal(request, refused)

    return guarded


def _refusal(request: Any, refused: Refused) -> HttpResponse:
    sentences = [say(reason) for reason in refused.reasons]
    if request.method == "POST" and request.headers.get("Referer") and not request.htmx:
        for sentence in sentences:
            messages.error(request, sentence)
        return redirect(request.path.rsplit("/", 1)[0] if "/requests/" in request.path else "/")
    missing = any(reason.code == "no_such_request" for reason in refused.reasons)
    return render(request, "web/refused.html", {"sentences": sentences}, status=404 if missing else 409)
