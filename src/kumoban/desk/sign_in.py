"""Users and tokens. Local sign-in exists in demo mode only; tokens are kept as digests."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Token, User
from kumoban.desk.people import SCOPES, Actor
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["actor_of_token", "demo_people", "demo_user", "make_token", "user_of"]

_DEMO = (
    "sato.misaki",
    "watanabe.sho",
    "suzuki.hanako",
    "takahashi.ken",
    "ito.naoki",
    "emma.clark",
    "daniel.kim",
    "mori.akira",
)


def demo_people() -> list[Person]:
    """Those who sign in to the demo with one click: a requester, leads, ops members, an auditor."""
    found = {person.user_name: person for person in Person.objects.filter(user_name__in=_DEMO, absent_since=None)}
    return [found[name] for name in _DEMO if name in found]


def demo_user(user_name: str) -> User:
    """Raises Refused outside demo mode, or for somebody not in the directory."""
    if not settings.KUMOBAN_DEMO:
        raise Refused(Reason("demo_only"), attempt=True)
    person = Person.objects.filter(user_name=user_name, absent_since=None).first()
    if person is None:
        raise Refused(Reason("unknown_person", {"person": user_name[:60]}))
    return user_of(person)


def user_of(person: Person) -> User:
    with writing():
        user, _ = User.objects.get_or_create(login=f"person:{person.id}", defaults={"person": person})
    return user


def make_token(user: User, name: str, scopes: list[str], days: int = 90) -> str:
    """A personal token, shown once. Raises Refused for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Refused(Reason("scope_missing", {"scope": unknown[0][:20]}))
    secret = f"kmb_{secrets.token_urlsafe(32)}"
    with writing():
        now = database_now()
        Token.objects.create(
            user=user,
            name=name[:80],
            digest=_digest(secret),
            scopes=scopes,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        record("token.made", actor=Actor(user).id, subject="token", facts={"scopes": scopes, "days": days})
    return secret


def actor_of_token(secret: str) -> Actor | None:
    token = Token.objects.filter(digest=_digest(secret), revoked_at=None).select_related("user__person").first()
    if token is None or token.expires_at <= database_now() or not token.user.is_active:
        return None
    return Actor(token.user, frozenset(token.scopes))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
