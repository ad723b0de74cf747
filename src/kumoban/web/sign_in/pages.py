"""The pages of signing in and out. Who may is decided by the desk (``user_of_subject``); no page knows more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import User
from kumoban.desk.people import Actor
from kumoban.desk.requests import refused_attempt
from kumoban.desk.sign_in import (
    Subject,
    demo_people,
    demo_user,
    remember_proof,
    remember_sign_in,
    remember_sign_out,
    user_of_subject,
)
from kumoban.desk.words import say
from kumoban.web.addresses import own_address
from kumoban.web.sign_in import oidc, saml
from kumoban.web.sign_in.asked import Asked, keep, prove, take
from kumoban.web.sign_in.proof import Proof, not_proved

__all__ = [
    "again",
    "oidc_callback",
    "oidc_start",
    "saml_answer",
    "saml_finish",
    "saml_metadata",
    "saml_start",
    "sign_in",
    "sign_out",
]

#: seconds by which the provider's clock and ours may differ
_CLOCKS_DIFFER = 60
_METHOD = "sign_in_method"
_STATUS = {"sign_in_provider_down": 503, "sign_in_not_proved": 400, "sign_in_cancelled": 400}


def _refusals_shown(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Whoever cannot be signed in reads why, and nothing of them is kept."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            status = _STATUS.get(refused.reasons[0].code, 403)
            sentences = [say(reason) for reason in refused.reasons]
            return render(request, "web/sign_in_refused.html", {"sentences": sentences}, status=status)

    return shown


@never_cache
@_refusals_shown
def sign_in(request: HttpRequest) -> HttpResponse:
    """What is configured, one click each; straight to the identity provider where there is one and nothing else."""
    next_page = own_address(request, request.POST.get("next", request.GET.get("next", "/")))
    if request.method == "POST" and settings.KUMOBAN_DEMO:
        _enter(request, demo_user(request.POST.get("user_name", "")), Subject("demo", "", ""))
        return redirect(next_page)
    ways = _ways(next_page)
    if len(ways) == 1 and not settings.KUMOBAN_DEMO and "stay" not in request.GET:
        return redirect(ways[0]["address"])
    people = demo_people() if settings.KUMOBAN_DEMO else []
    return render(request, "web/sign_in.html", {"people": people, "next": next_page, "ways": ways})


@require_POST
def sign_out(request: Any) -> HttpResponse:
    if request.user.is_authenticated:
        remember_sign_out(request.user)
    logout(request)
    return redirect("/sign-in?stay=1")


@never_cache
@require_GET
@_refusals_shown
def again(request: HttpRequest) -> HttpResponse:
    """Somebody signed in shows once more that it is them, at the provider they came from."""
    ways = _ways("/")
    came_by = next((way for way in ways if way["method"] == request.session.get(_METHOD)), None)
    _only(came_by is not None or len(ways) == 1)
    return redirect(f"{(came_by or ways[0])['address']}&again=1")


def _ways(next_page: str) -> list[dict[str, str]]:
    query = urlencode({"next": next_page})
    found = []
    if oidc.configured():
        host = urlsplit(settings.KUMOBAN_OIDC_ISSUER).hostname or ""
        found.append({"method": "oidc", "address": f"/sign-in/oidc?{query}", "name": f"OpenID Connect · {host}"})
    if saml.configured():
        found.append({"method": "saml", "address": f"/sign-in/saml?{query}", "name": "SAML"})
    return found


@never_cache
@require_GET
@_refusals_shown
def oidc_start(request: HttpRequest) -> HttpResponse:
    _only(oidc.configured())
    return _to_provider(
        request, oidc.begin(own_address(request, request.GET.get("next", "/")), again="again" in request.GET)
    )


@never_cache
@require_GET
@_refusals_shown
def oidc_callback(request: HttpRequest) -> HttpResponse:
    _only(oidc.configured())
    asked = take(request.session, "oidc", request.GET.get("state", ""))
    if asked is None:
        raise not_proved("nothing was asked with this state by this browser")
    return _prove(request, asked, oidc.finish(asked, request.GET.dict()))


@never_cache
@require_GET
@_refusals_shown
def saml_start(request: HttpRequest) -> HttpResponse:
    _only(saml.configured())
    return _to_provider(
        request, saml.begin(own_address(request, request.GET.get("next", "/")), again="again" in request.GET)
    )


@csrf_exempt
@never_cache
@require_POST
@_refusals_shown
def saml_answer(request: HttpRequest) -> HttpResponse:
    """From the identity provider's page, by POST: the session's cookie does not come along, see ``saml``."""
    _only(saml.configured())
    proof = saml.read(request.POST.get("SAMLResponse", ""))
    answer = redirect(f"/sign-in/saml/finish?{urlencode({'proof': saml.carried(proof)})}")
    answer.status_code = 303
    return answer


@never_cache
@require_GET
@_refusals_shown
def saml_finish(request: HttpRequest) -> HttpResponse:
    _only(saml.configured())
    proof = saml.opened(request.GET.get("proof", ""))
    asked = take(request.session, "saml", proof.key)
    if asked is None:
        raise not_proved("SAML: this browser asked no such question, or it was answered")
    return _prove(request, asked, proof)


@require_GET
def saml_metadata(request: HttpRequest) -> HttpResponse:
    _only(saml.configured())
    return HttpResponse(saml.metadata(), content_type="application/samlmetadata+xml")


def _only(configured: bool) -> None:
    if not configured:
        raise Http404


def _to_provider(request: HttpRequest, begun: tuple[str, Asked]) -> HttpResponse:
    address, asked = begun
    keep(request.session, asked)
    return redirect(address)


def _prove(request: HttpRequest, asked: Asked, proof: Proof) -> HttpResponse:
    """The desk decides whether this proven subject is somebody; only then there is a session."""
    user = user_of_subject(proof.subject)
    if asked.again:
        _authenticated_since(asked, proof)
    if asked.again and request.user.is_authenticated:
        return _proved_again(request, user, proof)
    _enter(request, user, proof.subject)
    prove(request.session, proof.at)
    return redirect(asked.next)


def _authenticated_since(asked: Asked, proof: Proof) -> None:
    """The provider really asked anew, and did not answer from its own session. Raises Refused."""
    if proof.at is None or proof.at < asked.at - _CLOCKS_DIFFER:
        raise not_proved("the provider did not ask the person to authenticate anew")


def _proved_again(request: Any, user: User, proof: Proof) -> HttpResponse:
    """The same session with a new key; forms open in other tabs stay valid. Raises Refused for another person."""
    if user != request.user:
        refused = Refused(Reason("sign_in_other_person"), attempt=True)
        refused_attempt(Actor(request.user), request.path, "sign-in", refused)
        raise refused
    remember_proof(user, proof.subject)
    request.session.cycle_key()
    prove(request.session, proof.at)
    return render(request, "web/proved.html")


def _enter(request: HttpRequest, user: User, subject: Subject) -> None:
    """A new session, under a new key, that ends at a fixed hour however busy it is."""
    remember_sign_in(user, subject)
    login(request, user)
    request.session[_METHOD] = subject.method
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
