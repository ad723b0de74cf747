"""The plan: the account first, then what every account begins with; each step waits for the account's number."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from kumoban.core.plan import Diff, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.estate.models import Detector
from kumoban.routines.account_create.form import AccountCreateForm
from kumoban.routines.account_create.look import Seen, address_of
from kumoban.services.account import ALTERNATE_CONTACT, CONTACT_TYPES
from kumoban.services.budgets import CREATE_BUDGET
from kumoban.services.ec2 import REMOVE_DEFAULT_VPC
from kumoban.services.guardduty import GUARDDUTY_MEMBER
from kumoban.services.identity_center import ASSIGN_TO_NEW
from kumoban.services.organizations import CREATE_ACCOUNT, MOVE_ACCOUNT

__all__ = ["plan"]

#: the position of the step that makes the account, and of the one that moves it
_ACCOUNT, _MOVED = 0, 1


def plan(form: AccountCreateForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals or seen.unit is None:
        return Plan((), refusals=refusals)
    return Plan(
        tuple(_steps(form, seen)),
        warnings=(Reason("irreversible"), Reason("quota", {"count": seen.open_accounts}), *_unguarded(seen)),
        dimensions=({"team": form.team, "environment": form.environment},),
    )


def _steps(form: AccountCreateForm, seen: Seen) -> Iterator[PlannedStep]:
    """Moved before anything is handed over: service control policies bite only there."""
    yield _create(form, seen)
    yield _move(form, seen)
    yield from (_contact(form, kind) for kind in CONTACT_TYPES)
    yield from (_no_default_vpc(form, region) for region in settings.KUMOBAN_ENABLED_REGIONS)
    yield from (_guarded(form, found) for found in _guarding(seen))
    if form.permission_set:
        yield _access(form, seen)
    if form.budget is not None:
        yield _budget(form, seen)


def _create(form: AccountCreateForm, seen: Seen) -> PlannedStep:
    email = address_of(form)
    tags = {settings.KUMOBAN_TEAM_TAG: form.team, settings.KUMOBAN_ENVIRONMENT_TAG: form.environment}
    return PlannedStep(
        action=CREATE_ACCOUNT,
        title=Reason("create_account", {"account": form.name, "email": email}),
        params={
            "management": seen.organization.management_account,
            "name": form.name,
            "email": email,
            "role_name": settings.KUMOBAN_ACCOUNT_ACCESS_ROLE,
            **{f"tag.{key}": value for key, value in tags.items()},
        },
        thing=f"account:{email}",
        irreversible=True,
        diff=(
            Diff("attribute.account_name", "", form.name),
            Diff("attribute.root_email", "", email),
            *(Diff("attribute.tag", "", f"{key} = {value}") for key, value in tags.items()),
        ),
    )


def _move(form: AccountCreateForm, seen: Seen) -> PlannedStep:
    assert seen.unit is not None
    return PlannedStep(
        action=MOVE_ACCOUNT,
        title=Reason("move_account", {"ou": seen.unit.name_path or "Root"}),
        params={
            "management": seen.organization.management_account,
            "from": seen.organization.root_id,
            "to": seen.unit.id,
        },
        thing="account:place",
        takes={"account": (_ACCOUNT, "account")},
    )


def _contact(form: AccountCreateForm, kind: str) -> PlannedStep:
    params = {"type": kind, "name": f"{form.team} {kind.lower()}", "title": form.team}
    return PlannedStep(
        action=ALTERNATE_CONTACT,
        title=Reason(f"contact_{kind.lower()}", {"email": form.contact_email}),
        params={**params, "email": form.contact_email, "phone": form.contact_phone},
        thing=f"account:contact:{kind}",
        after=(_MOVED,),
        takes={"account": (_ACCOUNT, "account")},
    )


def _no_default_vpc(form: AccountCreateForm, region: str) -> PlannedStep:
    return PlannedStep(
        action=REMOVE_DEFAULT_VPC,
        title=Reason("no_default_vpc", {"region": region}),
        params={"region": region},
        thing=f"account:default-vpc:{region}",
        after=(_MOVED,),
        takes={"account": (_ACCOUNT, "account")},
    )


def _guarding(seen: Seen) -> list[Detector]:
    """In the regions of the account that GuardDuty's administrator watches."""
    found = [seen.detectors[region] for region in settings.KUMOBAN_ENABLED_REGIONS if region in seen.detectors]
    return [one for one in found if one.detector and not one.error]


def _unguarded(seen: Seen) -> Iterator[Reason]:
    """Where the account begins without GuardDuty, and why: told, as it hinders nothing."""
    if not seen.detectors:
        yield Reason("no_guardduty")
        return
    found = [seen.detectors[region] for region in settings.KUMOBAN_ENABLED_REGIONS if region in seen.detectors]
    if without := [one.region for one in found if not one.detector and not one.error]:
        yield Reason("no_detector", {"regions": ", ".join(without)})
    if unread := [one for one in found if one.error]:
        codes = ", ".join(sorted({one.error for one in unread}))
        yield Reason("detector_unread", {"regions": ", ".join(one.region for one in unread), "code": codes})


def _guarded(form: AccountCreateForm, detector: Detector) -> PlannedStep:
    by_itself = detector.auto_enable != "NONE"
    return PlannedStep(
        action=GUARDDUTY_MEMBER,
        title=Reason("guardduty_arrives" if by_itself else "guardduty", {"region": detector.region}),
        params={
            "administrator": detector.administrator,
            "region": detector.region,
            "detector": detector.detector,
            "email": address_of(form),
        },
        thing=f"account:guardduty:{detector.region}",
        after=(_MOVED,),
        takes={"account": (_ACCOUNT, "account")},
    )


def _access(form: AccountCreateForm, seen: Seen) -> PlannedStep:
    assert seen.group is not None
    assert seen.permission_set is not None
    chosen = seen.permission_set
    return PlannedStep(
        action=ASSIGN_TO_NEW,
        title=Reason("team_access", {"group": seen.group.name, "permission_set": chosen.name}),
        params={
            "instance": seen.organization.instance_arn,
            "permission_set": chosen.arn,
            "principal": seen.group.id,
        },
        thing=f"account:access:{seen.group.id}",
        power={"permission_set": chosen.digest, "session_seconds": str(chosen.session_seconds)},
        after=(_MOVED,),
        takes={"account": (_ACCOUNT, "account")},
    )


def _budget(form: AccountCreateForm, seen: Seen) -> PlannedStep:
    amount = f"{form.budget:f}"
    return PlannedStep(
        action=CREATE_BUDGET,
        title=Reason("budget", {"amount": amount, "email": form.contact_email}),
        params={
            "management": seen.organization.management_account,
            "name": f"account-{form.name.casefold().replace(' ', '-')}",
            "amount": amount,
            "email": form.contact_email,
        },
        thing="account:budget",
        after=(_MOVED,),
        takes={"account": (_ACCOUNT, "account")},
    )


def _refusals(form: AccountCreateForm, seen: Seen) -> Iterator[Reason]:
    email = address_of(form)
    if not email:
        yield Reason("no_address")
    for value in (email, form.name.casefold()):
        if value in seen.taken:
            yield Reason("account_taken", {"value": value, "by": seen.taken[value]})
    if len(email) > 64:
        yield Reason("address_too_long", {"email": email[:80]})
    if seen.unit is None:
        yield Reason("unknown_ou", {"ou": form.ou[:60]})
    if seen.team is None:
        yield Reason("unknown_team", {"team": form.team[:60]})
    if seen.owner is None:
        yield Reason("unknown_person", {"person": form.owner[:60]})
    if form.permission_set and (seen.permission_set is None or seen.group is None):
        yield Reason("unknown_permission_set", {"permission_set": form.permission_set[-60:]})
