"""The plan: one step for every person and account, also where the assignment is already there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kumoban.core.form import window_of
from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.core.window import Window
from kumoban.desk.routine import Asked
from kumoban.estate.models import Account, PermissionSet, Person
from kumoban.routines.temporary_access.form import TemporaryAccessForm
from kumoban.routines.temporary_access.look import Seen
from kumoban.services.identity_center import ASSIGN, assignment_thing

__all__ = ["plan"]


def plan(form: TemporaryAccessForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    window = window_of(form.start, form.until)
    refusals = (*_about_time(form, asked), *_about_targets(form, seen))
    if refusals or seen.permission_set is None:
        return Plan((), window, refusals=refusals)
    chosen = seen.permission_set
    steps = tuple(
        _step(person, seen.accounts[account], chosen, seen, _about_grant(seen, window, person.id, account))
        for account in dict.fromkeys(form.accounts)
        for person in asked.workers
    )
    return Plan(
        steps,
        window,
        warnings=tuple(_warnings(asked, steps, chosen)),
        dimensions=tuple(
            {
                "account": account,
                "environment": seen.accounts[account].environment,
                "permission_set": chosen.arn,
            }
            for account in dict.fromkeys(form.accounts)
        ),
    )


def _about_time(form: TemporaryAccessForm, asked: Asked) -> Iterator[Reason]:
    if form.start and form.start < asked.since - timedelta(minutes=1):
        yield Reason("start_in_the_past", {"start": form.start.isoformat()})
    if isinstance(form.until, timedelta):
        if form.until < timedelta(minutes=1):
            yield Reason("no_time_at_all")
    elif form.until <= max(form.start or asked.now, asked.now):
        yield Reason("end_before_start", {"end": form.until.isoformat()})


def _about_targets(form: TemporaryAccessForm, seen: Seen) -> Iterator[Reason]:
    if seen.permission_set is None or not seen.permission_set.present:
        yield Reason("unknown_permission_set", {"permission_set": form.permission_set[-60:]})
    for account_id in form.accounts:
        account = seen.accounts.get(account_id)
        if account is None or not account.present:
            yield Reason("unknown_account", {"account": account_id[:40]})
        elif not account.open:
            yield Reason("account_not_open", {"account": account.name, "status": account.status})
        elif seen.organization.delegated and account.id == seen.organization.management_account:
            yield Reason("management_account", {"account": account.name})
    if seen.permission_set and seen.organization.delegated and seen.permission_set.in_management_account:
        yield Reason("set_in_management_account", {"permission_set": seen.permission_set.name})


def _about_grant(seen: Seen, window: Window, person: str, account: str) -> tuple[Reason, ...]:
    """What another request gives already: its end, and the end that this one makes of it (延長)."""
    granted = seen.granted.get((person, account))
    if granted is None or (person, account) in seen.assigned:
        return ()
    told = {"request": granted.request, "end": granted.ends_at.isoformat()}
    if window.duration is not None:
        return (Reason("granted_then_for", {**told, "minutes": int(window.duration.total_seconds()) // 60}),)
    if window.starts_at and window.starts_at > granted.ends_at:
        return ()
    assert window.ends_at is not None
    if window.ends_at <= granted.ends_at:
        return (Reason("granted_longer", told),)
    return (Reason("granted_then_until", {**told, "to": window.ends_at.isoformat()}),)


def _step(
    person: Person, account: Account, chosen: PermissionSet, seen: Seen, notes: tuple[Reason, ...]
) -> PlannedStep:
    pair = (person.id, account.id)
    shown = {
        "person": person.display_name,
        "account": account.name,
        "account_id": account.spoken_id,
        "ou": account.ou.name_path if account.ou else "",
        "permission_set": chosen.name,
    }
    return PlannedStep(
        action=ASSIGN,
        title=Reason("assign", shown),
        params={
            "instance": seen.organization.instance_arn,
            "account": account.id,
            "permission_set": chosen.arn,
            "principal": person.id,
        },
        account=account.id,
        thing=assignment_thing(person.id, account.id, chosen.arn),
        person=person.id,
        power={"permission_set": chosen.digest, "session_seconds": str(chosen.session_seconds)},
        present=pair in seen.assigned,
        shown=shown,
        warnings=(*notes, *((Reason("already_through_group", shown),) if pair in seen.through_group else ())),
    )


def _warnings(asked: Asked, steps: tuple[PlannedStep, ...], chosen: PermissionSet) -> Iterator[Reason]:
    yield Reason("credentials_outlive", {"minutes": chosen.session_seconds // 60})
    if any(step.present for step in steps):
        yield Reason("some_already_there")
