"""The plan: a grant without an end for every account, with its owner and day of review; or what is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.estate.models import Account, Group, PermissionSet
from kumoban.routines.permanent_access.form import PermanentAccessForm
from kumoban.routines.permanent_access.look import Seen
from kumoban.services.identity_center import ASSIGN, ASSIGN_GROUP, UNASSIGN, assignment_thing

__all__ = ["plan"]

#: nobody has anything longer than this without somebody looking at it
LONGEST = timedelta(days=366)


def plan(form: PermanentAccessForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = (*_refusals(form, seen), *(_about_terms(form, seen, asked) if form.act == "grant" else ()))
    if refusals or seen.permission_set is None:
        return Plan((), refusals=refusals)
    accounts = [seen.accounts[account] for account in dict.fromkeys(form.accounts)]
    steps = tuple(_step(form, account, seen.permission_set, seen) for account in accounts)
    return Plan(
        steps,
        warnings=tuple(_warnings(form, seen)),
        dimensions=tuple(
            {"account": one.id, "environment": one.environment, "permission_set": seen.permission_set.arn}
            for one in accounts
        ),
    )


def _step(form: PermanentAccessForm, account: Account, chosen: PermissionSet, seen: Seen) -> PlannedStep:
    principal = seen.principal
    assert principal is not None
    to_group = isinstance(principal, Group)
    shown = {
        "person": principal.name if isinstance(principal, Group) else principal.display_name,
        "account": account.name,
        "account_id": account.spoken_id,
        "ou": account.ou.name_path if account.ou else "",
        "permission_set": chosen.name,
    }
    params = {
        "instance": seen.organization.instance_arn,
        "account": account.id,
        "permission_set": chosen.arn,
        "principal": principal.id,
    }
    thing = assignment_thing(principal.id, account.id, chosen.arn)
    person = None if to_group else principal.id
    if form.act == "take_away":
        kind = {"principal_type": "GROUP" if to_group else "USER"}
        title = Reason("unassign", shown)
        return PlannedStep(UNASSIGN, title, {**params, **kind}, account.id, thing, person)
    return PlannedStep(
        action=ASSIGN_GROUP if to_group else ASSIGN,
        title=Reason("assign_for_good", shown),
        params=params,
        account=account.id,
        thing=thing,
        person=person,
        power={"permission_set": chosen.digest, "session_seconds": str(chosen.session_seconds)},
        terms={"owner": form.owner or "", "review_on": form.review_on.isoformat() if form.review_on else ""},
        present=account.id in seen.assigned,
        shown=shown,
    )


def _refusals(form: PermanentAccessForm, seen: Seen) -> Iterator[Reason]:
    if (form.group is None) == (form.person is None):
        yield Reason("group_or_person")
    elif seen.principal is None and form.group:
        yield Reason("unknown_group", {"group": form.group[:60]})
    elif seen.principal is None:
        yield Reason("unknown_person", {"person": (form.person or "")[:60]})
    if seen.permission_set is None:
        yield Reason("unknown_permission_set", {"permission_set": form.permission_set[-60:]})
    for account_id in form.accounts:
        yield from _about_account(form, account_id, seen)


def _about_account(form: PermanentAccessForm, account_id: str, seen: Seen) -> Iterator[Reason]:
    account = seen.accounts.get(account_id)
    if account is None or not account.present:
        yield Reason("unknown_account", {"account": account_id[:40]})
        return
    if seen.organization.delegated and account.id == seen.organization.management_account:
        yield Reason("management_account", {"account": account.name})
    if form.act == "grant" and not account.open:
        yield Reason("account_not_open", {"account": account.name, "status": account.status})
    if account.id in seen.holding:
        code = "granted_by" if form.act == "grant" else "end_the_request"
        yield Reason(code, {"account": account.name, "request": seen.holding[account.id]})
    elif form.act == "take_away" and account.id not in seen.assigned:
        yield Reason("not_assigned", {"account": account.name})


def _about_terms(form: PermanentAccessForm, seen: Seen, asked: Asked) -> Iterator[Reason]:
    if form.person and not form.why_a_person:
        yield Reason("why_not_a_group")
    if form.owner is None:
        yield Reason("owner_needed")
    elif seen.owner is None:
        yield Reason("unknown_person", {"person": form.owner[:60]})
    if form.review_on is None:
        yield Reason("review_needed")
    elif not asked.since.date() < form.review_on <= (asked.since + LONGEST).date():
        yield Reason("review_out_of_range", {"days": LONGEST.days})


def _warnings(form: PermanentAccessForm, seen: Seen) -> Iterator[Reason]:
    if form.act == "grant":
        owner = seen.owner.display_name if seen.owner else ""
        day = form.review_on.isoformat() if form.review_on else ""
        yield Reason("until_reviewed", {"owner": owner, "day": day})
    if form.act == "grant" and form.person:
        yield Reason("to_a_person", {"why": form.why_a_person or ""})
