"""誰が使えるか: who has access, narrowed to what one person may see, each line with the desk's own grant on it.

A line is *managed* where a grant holds it, *adopted*, or *out of band*: nobody asked the desk for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kumoban.core.spreadsheet import csv_lines
from kumoban.desk import rules
from kumoban.desk.accounted import held_things
from kumoban.desk.models import Hold
from kumoban.desk.people import Actor
from kumoban.desk.states import IN_FORCE
from kumoban.estate.access import (
    START,
    AccessLine,
    Position,
    Scope,
    SignIn,
    Wanted,
    access_lines,
    count_lines,
    held_key,
)
from kumoban.estate.models import Account, Organization, PermissionSet, Team
from kumoban.services.identity_center import assignment_thing

__all__ = [
    "COUNTED",
    "PAGE",
    "Access",
    "Page",
    "Unread",
    "access_csv",
    "counted",
    "scope_of",
    "unread",
    "who_has_access",
]

#: lines on one page
PAGE = 100
#: lines are counted up to here
COUNTED = 1_000


@dataclass(frozen=True)
class Access:
    """A line, the grant of the desk that holds it, and whether its request may be read by this person."""

    line: AccessLine
    hold: Hold | None
    readable: bool

    @property
    def standing(self) -> str:
        """managed, adopted or out_of_band."""
        if self.hold is not None:
            return "managed"
        return "adopted" if self.line.adopted else "out_of_band"


@dataclass(frozen=True)
class Unread:
    """What the map does not show because it could not be read: IAM users of so many accounts, the entitlements."""

    accounts: int
    entitlements: bool


@dataclass(frozen=True)
class Page:
    rows: Sequence[Access]
    #: where the next page begins; empty on the last
    next: str


def scope_of(actor: Actor) -> Scope | None:
    """Everything for ops and auditors; for others the accounts of their teams (members and leads), and themselves."""
    if actor.ops or actor.auditor:
        return None
    teams = Team.objects.filter(absent_since=None)
    mine = teams.filter(group_id__in=actor.groups) | teams.filter(leads_group_id__in=actor.groups)
    return Scope(set(mine.values_list("slug", flat=True)), actor.accounts)


def unread(actor: Actor) -> Unread:
    """For operations and auditors, who can do something about it; nothing for others."""
    if not (actor.ops or actor.auditor):
        return Unread(0, False)
    accounts = Account.objects.filter(absent_since=None, status="ACTIVE", users_seen_at=None).count()
    organization = Organization.objects.first()
    return Unread(accounts, organization is not None and organization.entitlements_seen_at is None)


def who_has_access(actor: Actor, wanted: Wanted, after: str = "", limit: int = PAGE) -> Page:
    """A page of lines in the order of accounts and permission sets, and where the next begins."""
    found = access_lines(_with_held(wanted), scope_of(actor), Position.read(after), limit + 1)
    rows = _with_grants(actor, found[:limit])
    return Page(rows, rows[-1].line.position.spoken if len(found) > limit else "")


def counted(actor: Actor, wanted: Wanted) -> int:
    """How many lines there are; one more than ``COUNTED`` means more than that."""
    return count_lines(_with_held(wanted), scope_of(actor), COUNTED + 1)


def _with_held(wanted: Wanted) -> Wanted:
    """With what the desk accounts for, where it is asked about."""
    if wanted.standing not in ("managed", "out_of_band"):
        return wanted
    arns = {arn.rsplit("/", 1)[-1]: arn for arn in PermissionSet.objects.values_list("arn", flat=True)}
    things = (key.split(":") for key in held_things() if key.startswith("sso:") and key.count(":") == 3)
    held = {held_key(who, account, arns[name]) for _sso, who, account, name in things if name in arns}
    return replace(wanted, held=frozenset(held))


def _with_grants(actor: Actor, lines: Iterable[AccessLine]) -> list[Access]:
    """The grants of all lines, and which of their requests this person may read: two queries."""
    keys = {line: _thing(line) for line in lines if line.position.source in ("assignment", "group")}
    holds = Hold.objects.filter(key__in=set(keys.values()), state__in=IN_FORCE).select_related("request")
    by_key = {hold.key: hold for hold in holds.order_by("ends_at")}
    asked = {hold.request_id for hold in by_key.values()}
    readable = set(rules.visible(actor).filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()
    found = ((line, by_key.get(keys.get(line, ""))) for line in lines)
    return [Access(line, hold, hold is not None and hold.request_id in readable) for line, hold in found]


def _thing(line: AccessLine) -> str:
    return assignment_thing(line.position.principal, line.position.account, line.position.what)


def access_csv(actor: Actor, wanted: Wanted) -> Iterator[str]:
    """Every line that matches, a chunk at a time."""
    return csv_lines(_HEAD, (_row(access) for access in _every(actor, wanted)))


_HEAD = (
    "person", "user_name", "usable", "account", "account_id", "environment", "team", "permission_set",
    "permission_set_arn", "path", "seen_at", "request", "ends_at", "adopted", "owner", "kind", "standing",
    "console", "mfa", "active_keys", "last_used_at",
)  # fmt: skip


def _every(actor: Actor, wanted: Wanted) -> Iterator[Access]:
    scope, after, wanted = scope_of(actor), START, _with_held(wanted)
    while found := access_lines(wanted, scope, after, 500):
        yield from _with_grants(actor, found)
        after = found[-1].position


def _row(access: Access) -> tuple[Any, ...]:
    line, hold = access.line, access.hold
    return (
        line.person,
        line.user_name,
        "yes" if line.usable else "no",
        line.account,
        line.position.account,
        line.environment,
        line.team,
        line.permission_set,
        line.position.what,
        line.group or line.path,
        line.seen_at.isoformat(),
        hold.request.number if hold else "",
        hold.ends_at.isoformat() if hold and hold.ends_at else "",
        line.adopted,
        line.owner,
        line.path,
        access.standing,
        *_signs_in(line.sign_in),
    )


def _signs_in(sign_in: SignIn | None) -> tuple[str, ...]:
    if sign_in is None:
        return ("", "", "", "")
    used = sign_in.last_used_at.isoformat() if sign_in.last_used_at else ""
    return ("yes" if sign_in.console else "no", "yes" if sign_in.mfa else "no", str(sign_in.active_keys), used)
