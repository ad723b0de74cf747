"""Machine identities are made, given another token or another owner, and stopped by the operations team only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from django.db.models import Prefetch, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from kumoban.core.reason import Reason, Refused
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.models import Guest, Token, User
from kumoban.desk.people import MACHINE, Actor
from kumoban.desk.requests.guards import ops_only
from kumoban.desk.sign_in import token_for
from kumoban.desk.step_up import needs_recent_proof
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["HandOverForm", "MachineForm", "RotateForm", "hand_over", "machines", "make_machine", "rotate", "stop"]


class RotateForm(BaseModel):
    """A further token. The last one goes on for ``overlap_hours``, any before it ends at once: never more than two.

    ``scopes``: where none are said, those of the last one; of a machine that never had one, only to read.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    days: int = Field(default=90, ge=1, le=365)
    scopes: list[Literal["read", "ask"]] | None = Field(default=None, min_length=1, max_length=2)
    overlap_hours: int = Field(default=24, ge=0, le=168)


class MachineForm(BaseModel):
    """A machine with its first token; ``owner`` is a user name of the directory."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")
    owner: str = Field(min_length=1, max_length=128)
    days: int = Field(default=90, ge=1, le=365)
    scopes: list[Literal["read", "ask"]] = Field(default=["read", "ask"], min_length=1, max_length=2)


class HandOverForm(BaseModel):
    """``owner`` is a user name of the directory."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    owner: str = Field(min_length=1, max_length=128)


def machines(actor: Actor) -> QuerySet[Machine]:
    """All there ever were, by name, each with its ``living`` tokens, the newest first; the operations team's to see."""
    ops_only(actor, "read")
    living = Token.objects.filter(revoked_at=None, expires_at__gt=database_now()).order_by("-id")
    return (
        Machine.objects.select_related("owner", "made_by", "user")
        .prefetch_related(Prefetch("user__tokens", living, to_attr="living"))
        .order_by("name")
    )


def make_machine(actor: Actor, asked: MachineForm) -> tuple[Machine, str]:
    """The machine and the secret of its first token, shown once. Raises Refused."""
    _may_keep(actor)
    owner = _owner(asked.owner)
    with writing():
        if Machine.objects.filter(name=asked.name).exists():
            raise Refused(Reason("machine_name_taken", {"machine": asked.name}), field="name")
        user = User.objects.create(login=f"{MACHINE}:{asked.name}", machine=True)
        now = database_now()
        made = Machine.objects.create(name=asked.name, user=user, owner=owner, made_at=now, made_by=actor.person)
        record("machine.made", actor=actor.id, subject=_subject(made), facts={"owner": owner.id})
        return made, _token(actor, made, asked.scopes, asked.days)


def rotate(actor: Actor, name: str, asked: RotateForm) -> tuple[Machine, str]:
    """The secret of a further token, shown once. Raises Refused for a machine that is stopped."""
    _may_keep(actor)
    with writing():
        found = _going(name)
        now = database_now()
        living = list(found.user.tokens.filter(revoked_at=None, expires_at__gt=now).order_by("-id"))
        until = now + timedelta(hours=asked.overlap_hours)
        for place, token in enumerate(living):
            if place or not asked.overlap_hours:
                Token.objects.filter(pk=token.pk).update(revoked_at=now)
            else:
                Token.objects.filter(pk=token.pk).update(expires_at=min(token.expires_at, until))
        facts = {"tokens": [token.pk for token in living], "overlap_hours": asked.overlap_hours}
        record("machine.rotated", actor=actor.id, subject=_subject(found), facts=facts)
        last = found.user.tokens.order_by("-id").first()
        return found, _token(actor, found, asked.scopes or (last.scopes if last else ["read"]), asked.days)


def hand_over(actor: Actor, name: str, asked: HandOverForm) -> Machine:
    """Somebody else answers for it from now on. What it asked for before and is not applied yet is asked anew."""
    _may_keep(actor)
    owner = _owner(asked.owner)
    with writing():
        found = _going(name)
        before, found.owner = found.owner_id, owner
        found.save(update_fields=["owner"])
        facts = {"owner": owner.id, "before": before}
        record("machine.handed_over", actor=actor.id, subject=_subject(found), facts=facts)
        return found


def stop(actor: Actor, name: str) -> Machine:
    """From this moment its tokens open nothing, for good, and nothing it asked for that waits is applied."""
    _may_keep(actor)
    with writing():
        found = _going(name)
        now = database_now()
        found.stopped_at, found.stopped_by = now, actor.person
        found.save(update_fields=["stopped_at", "stopped_by"])
        revoked = found.user.tokens.filter(revoked_at=None).update(revoked_at=now)
        record("machine.stopped", actor=actor.id, subject=_subject(found), facts={"tokens": revoked})
        return found


def _may_keep(actor: Actor) -> None:
    ops_only(actor, "rules")
    needs_recent_proof(actor)


def _owner(user_name: str) -> Person:
    found = Person.objects.filter(user_name=user_name, absent_since=None, enabled=True).first()
    if found is None or Guest.objects.filter(person=found).exists():
        raise Refused(Reason("unknown_person", {"person": user_name[:60]}), field="owner")
    return found


def _going(name: str) -> Machine:
    """Locked. Raises Refused where there is none, or it is stopped."""
    found = Machine.objects.select_for_update(of=("self",)).select_related("user").filter(name=name).first()
    if found is None:
        raise Refused(Reason("no_such_machine", {"machine": name[:40]}))
    if found.stopped_at is not None:
        raise Refused(Reason("machine_stopped", {"machine": found.name}))
    return found


def _token(actor: Actor, machine: Machine, scopes: Iterable[str], days: int) -> str:
    expires_at = database_now() + timedelta(days=days)
    return token_for(machine.user, machine.name, list(dict.fromkeys(scopes)), expires_at, by=actor.id)[1]


def _subject(machine: Machine) -> str:
    return f"machine:{machine.name}"
