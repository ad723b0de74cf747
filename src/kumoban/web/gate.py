"""The gate of every page: signed in, the actor from the session only, refusals shown where they can be mended."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from kumoban.core.reason import Refused
from kumoban.desk.guests.entering import let_pass, remember_download
from kumoban.desk.people import Actor
from kumoban.desk.requests import refused_attempt
from kumoban.desk.speech import said
from kumoban.web import troubles
from kumoban.web.sign_in.asked import proved_at

__all__ = ["MOST_RECORDED", "guests_too", "page"]

#: characters of an address that the record of a refused attempt holds
MOST_RECORDED = 200
#: what no database and no form holds: NUL, and halves of characters
_BROKEN = re.compile("[\x00\ud800-\udfff]")


_OPEN_TO_GUESTS: set[Callable[..., HttpResponseBase]] = set()


def guests_too(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Open to guests of an audit firm as well, who see what their period holds; no other page is. Directly under
    ``page``."""
    _OPEN_TO_GUESTS.add(view)
    return view


def page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Only for somebody signed in. A refusal becomes a message on the page the person came from."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        request.actor = Actor(request.user, proved_at=proved_at(request.session))
        if request.user.person is None or not request.user.person.can_act:
            logout(request)  # the directory no longer has this person: the session ends here
            return redirect("/sign-in")
        if _broken(request):
            return troubles.bad_request(request)
        try:
            let_pass(request.actor, open_to_guests=view in _OPEN_TO_GUESTS)
            answer = view(request, *args, **kwargs)
            if request.actor.guest is not None and answer.has_header("Content-Disposition"):
                remember_download(request.actor, request.get_full_path())
            return answer
        except Refused as refused:
            refused_attempt(request.actor, request.path[:MOST_RECORDED], kwargs.get("number", "web"), refused)
            return _refusal(request, refused)

    return guarded


def _broken(request: Any) -> bool:
    """Whether the address or the form carries what PostgreSQL cannot hold; nobody types that."""
    given = (text for source in (request.GET, request.POST) for pair in source.lists() for text in (pair[0], *pair[1]))
    return any(_BROKEN.search(text) for text in (request.path, *given))


def _to_sign_in(request: Any) -> HttpResponse:
    """The whole page goes there, also where only a part of it was asked for."""
    if request.htmx:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = f"/sign-in?next={quote(request.htmx.current_url_abs_path or '/')}"
        return answer
    if request.method == "POST":  # what answers a form may not lead to another site (CSP form-action)
        return redirect("/sign-in?stay=1")
    return redirect(f"/sign-in?next={quote(request.get_full_path())}")


def _refusal(request: Any, refused: Refused) -> HttpResponse:
    sentences = [said(reason) for reason in refused.reasons]
    again = any(reason.code == "step_up" for reason in refused.reasons)  # the page then says where
    if request.method == "POST" and request.headers.get("Referer") and not request.htmx and not again:
        for sentence in sentences:
            messages.error(request, sentence)
        return redirect(_back(request))
    missing = any(reason.code.startswith("no_such_") for reason in refused.reasons)
    return render(request, "web/refused.html", {"sentences": sentences}, status=404 if missing else 409)


def _back(request: Any) -> str:
    """Where the refused button was pressed: the request's own page, else the page before, of this desk only."""
    if "/requests/" in request.path:
        return str(request.path.rsplit("/", 1)[0])
    before = request.headers["Referer"]
    return before if url_has_allowed_host_and_scheme(before, allowed_hosts={request.get_host()}) else "/"
