"""Users and tokens. Who signs in is known by the directory's id; local sign-in is for the demo; tokens are digests."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field

from kumoban.core.reason import Reason, Refused
from kumoban.desk.guests.entering import turn_away
from kumoban.desk.models import Token, User
from kumoban.desk.people import SCOPES, Actor
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = [
    "Subject",
    "TokenForm",
    "actor_of_token",
    "create_token",
    "demo_people",
    "demo_user",
    "make_token",
    "remember_proof",
    "remember_sign_in",
    "remember_sign_out",
    "revoke_all_tokens",
    "revoke_token",
    "token_for",
    "tokens_of",
    "user_of",
    "user_of_subject",
]

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
    if (why := turn_away(person)) is not None:
        raise Refused(why, attempt=True)
    return user_of(person)


def user_of(person: Person) -> User:
    with writing():
        user, _ = User.objects.get_or_create(login=f"person:{person.id}", defaults={"person": person})
    return user


@dataclass(frozen=True)
class Subject:
    """Whom an identity provider has just proved: of all it said, only the id that its directory gave."""

    method: str
    issuer: str
    id: str


def user_of_subject(subject: Subject) -> User:
    """The user of the person with this directory id. An e-mail address is never looked at.

    Raises Refused for an id that nobody, or more than one person, has; for somebody absent or disabled in the
    identity store; for a user who was deactivated. The ledger remembers it; no row is made.
    """
    found = _people_with(subject.id)
    refused = _why_not(found)
    if refused is not None:
        _remember_refusal(subject, refused)
        raise Refused(refused, attempt=True)
    return user_of(found[0])


def _people_with(directory_id: str) -> list[Person]:
    """Everybody who has this id now. No id is nobody's: an empty one matches no row without one."""
    if not directory_id or len(directory_id) > 256 or not directory_id.isprintable():
        return []
    column = {"external_id": "external_id", "user_id": "id", "user_name": "user_name"}[settings.KUMOBAN_SIGN_IN_MATCH]
    return list(Person.objects.filter(absent_since=None, **{column: directory_id})[:2])


def _why_not(found: list[Person]) -> Reason | None:
    if not found:
        return Reason("sign_in_unknown")
    if len(found) > 1:
        return Reason("sign_in_ambiguous")
    if not found[0].can_act or User.objects.filter(person=found[0], is_active=False).exists():
        return Reason("sign_in_disabled")
    return turn_away(found[0])


def _remember_refusal(subject: Subject, why: Reason) -> None:
    """At most ten a minute, whoever it is: the identity provider may let anybody try."""
    shown = "".join(letter for letter in subject.id if letter.isprintable())[:60]
    facts = {"what": "sign-in", "method": subject.method, "issuer": subject.issuer[:200], "why": [why.code]}
    with writing():
        since = database_now() - timedelta(minutes=1)
        if Entry.objects.filter(kind="attempt.refused", subject="sign-in", at__gt=since).count() < 10:
            record("attempt.refused", actor=f"subject:{shown}", subject="sign-in", facts=facts)


def remember_sign_in(user: User, subject: Subject) -> None:
    facts = {"method": subject.method, "issuer": subject.issuer[:200]}
    with writing():
        record("person.signed_in", actor=Actor(user).id, subject=f"user:{user.pk}", facts=facts)


def remember_proof(user: User, subject: Subject) -> None:
    """Somebody signed in has shown once more that it is them."""
    facts = {"method": subject.method, "issuer": subject.issuer[:200]}
    with writing():
        record("person.proved_again", actor=Actor(user).id, subject=f"user:{user.pk}", facts=facts)


def remember_sign_out(user: User) -> None:
    with writing():
        record("person.signed_out", actor=Actor(user).id, subject=f"user:{user.pk}")


def make_token(user: User, name: str, scopes: list[str], days: int = 90) -> str:
    """A personal token, shown once; by the machine's administrator. Raises Refused for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Refused(Reason("scope_missing", {"scope": unknown[0][:20]}))
    return token_for(user, name, scopes, database_now() + timedelta(days=days))[1]


class TokenForm(BaseModel):
    """A token somebody makes for themselves: it can do what its ``scopes`` say, and only what the person may."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Literal["read", "ask", "approve", "rules", "calendar"]] = Field(min_length=1, max_length=5)
    days: int = Field(default=90, ge=1, le=365)


def create_token(actor: Actor, asked: TokenForm) -> tuple[Token, str]:
    """A token of one's own, with its secret. One made by a token has no more scopes and lives no longer than that."""
    if actor.scopes is not None:
        for scope in asked.scopes:
            actor.needs("read" if scope == "calendar" else scope)  # a feed shows no more than reading does
    expires_at = database_now() + timedelta(days=asked.days)
    if actor.token is not None:
        actor.needs("ask")  # a token that only reads makes nothing
        expires_at = min(expires_at, Token.objects.get(pk=actor.token).expires_at)
    return token_for(actor.user, asked.name, list(dict.fromkeys(asked.scopes)), expires_at, actor.token)


def tokens_of(actor: Actor) -> QuerySet[Token]:
    """This person's tokens that still work, the newest first."""
    return Token.objects.filter(user=actor.user, revoked_at=None, expires_at__gt=database_now()).order_by("-id")


def revoke_token(actor: Actor, pk: int) -> None:
    """From this moment the token, and every token it made, opens nothing. A token revokes itself and what it made."""
    with writing():
        found = tokens_of(actor).select_for_update().filter(pk=pk).first()
        if found is None or (actor.token is not None and pk not in _family(actor.token)):
            raise Refused(Reason("no_such_token"))
        family = _family(pk)
        Token.objects.filter(pk__in=family, revoked_at=None).update(revoked_at=database_now())
        record("token.revoked", actor=actor.id, subject="token", facts={"token": pk, "with": sorted(family - {pk})})


def _family(pk: int) -> set[int]:
    """A token, those it made, those they made."""
    found, latest = {pk}, {pk}
    while latest:
        latest = set(Token.objects.filter(made_by__in=latest).values_list("pk", flat=True)) - found
        found |= latest
    return found


def revoke_all_tokens(user: User) -> int:
    """Every token of somebody who left, or lost one, stops working now; how many (on the machine)."""
    with writing():
        revoked = Token.objects.filter(user=user, revoked_at=None).update(revoked_at=database_now())
        record("token.all_revoked", actor=SYSTEM, subject=f"user:{user.pk}", facts={"tokens": revoked})
    return revoked


def token_for(
    user: User, name: str, scopes: list[str], expires_at: datetime, made_by: int | None = None, *, by: str = ""
) -> tuple[Token, str]:
    """Whether there may be such a token is for the caller to decide. ``by``: who made it, where not its user."""
    secret = f"kmb_{secrets.token_urlsafe(32)}"
    with writing():
        made = Token.objects.create(
            user=user,
            name=name[:80],
            digest=_digest(secret),
            scopes=scopes,
            created_at=database_now(),
            expires_at=expires_at,
            made_by_id=made_by,
        )
        facts = {"token": made.pk, "scopes": scopes, "expires_at": expires_at}
        facts |= {"user": user.login} if by else {}
        record("token.made", actor=by or Actor(user).id, subject="token", facts=facts)
    return made, secret


def actor_of_token(secret: str) -> Actor | None:
    token = Token.objects.filter(digest=_digest(secret), revoked_at=None).select_related("user__person").first()
    now = database_now()
    if token is None or token.expires_at <= now or not token.user.is_active:
        return None
    system = Actor(token.user).system
    if system and system not in settings.KUMOBAN_OUTSIDE_SYSTEMS:  # declared no more
        return None
    if token.last_used_at is None or token.last_used_at < now - timedelta(hours=1):
        with writing():
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return Actor(token.user, frozenset(token.scopes), token.pk)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
