"""What allowed a principal in: grants that requests made, access that was adopted, the requests about emergencies."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from kumoban.desk import clock
from kumoban.desk.models import DESK, Hold, Request
from kumoban.desk.states import Ratification
from kumoban.estate.models import Assignment, Entitlement, IamUser, Membership, PermissionSet
from kumoban.evidence.matching.models import Activity, PrincipalKind, RoleEntry
from kumoban.evidence.matching.windows import Window
from kumoban.ledger.models import Entry

__all__ = ["Allowed", "Emergency", "set_name"]

#: ``AWSReservedSSO_<permission set>_<16 hexadecimal digits>`` (Identity Center user guide)
_ROLE = re.compile(r"AWSReservedSSO_(?P<name>.+)_[0-9a-f]{16}\Z")
_LIFE = timedelta(hours=12)
_AT_ONCE = 400
_KINDS = ("aws.intent", "grant.active", "grant.ended")


def set_name(role: str) -> str:
    """The permission set of a role of Identity Center; empty where it is none."""
    found = _ROLE.match(role)
    return found["name"] if found else ""


@dataclass(frozen=True)
class Emergency:
    """The request that the desk opened about a use; ``rejected``: nobody approved it afterwards."""

    number: str
    rejected: bool


class Allowed:
    """Read once for a month's principals; then asked one by one."""

    def __init__(self, doing: Sequence[Activity]) -> None:
        people = {one.person for one in doing if one.person}
        self._sets = defaultdict(list)
        for arn, name, seconds in PermissionSet.objects.values_list("arn", "name", "session_seconds"):
            self._sets[name].append((arn, timedelta(seconds=seconds)))
        self._groups = _memberships(people)
        principals = people | {group for groups in self._groups.values() for group, _until in groups}
        accounts = {one.account for one in doing}
        self._granted = _granted(principals, accounts)
        self._adopted = _adopted(principals, accounts)
        self._entitled = _entitled(principals, accounts)
        self._users = _users(one.principal for one in doing if one.kind == PrincipalKind.IAM_USER)
        self._emergencies = _emergencies(doing)

    def windows(self, one: Activity) -> list[Window]:
        """Of this principal in this account with this role; empty where nothing ever allowed it."""
        if one.kind == PrincipalKind.IDENTITY_CENTER:
            return self._of_person(one.person, one.account, one.role)
        if one.kind == PrincipalKind.IAM_USER:
            return list(self._users.get(one.principal, ()))
        if one.kind == PrincipalKind.CHAINED and one.caller.get("account") == one.account:
            role = str(one.caller.get("role", ""))
            return self._of_person(str(one.caller.get("person", "")), one.account, role) if role else []
        return []

    def emergency(self, one: Activity) -> Emergency | None:
        return next((self._emergencies[key] for key in _uses(one) if key in self._emergencies), None)

    def _of_person(self, person: str, account: str, role: str) -> list[Window]:
        if not person:
            return []
        name = set_name(role)
        if not name:
            return self._entitlement(person, account, role)
        found = []
        for principal, until in [(person, None), *self._groups.get(person, ())]:
            for arn, life in self._sets.get(name, ()):
                thing = (principal, account, arn.rsplit("/", 1)[-1])
                found += [_within(window, until, life) for window in self._granted.get(thing, ())]
                found += [_within(window, until, life) for window in self._adopted.get(thing, ())]
        return sorted(found, key=lambda window: window.start)

    def _entitlement(self, person: str, account: str, role: str) -> list[Window]:
        principals = [(person, None), *self._groups.get(person, ())]
        return [
            _within(window, until, _LIFE)
            for principal, until in principals
            for window in self._entitled.get((principal, account, role), ())
        ]


def _within(window: Window, until: datetime | None, life: timedelta) -> Window:
    """What somebody has through a group ends with the membership."""
    ends = [at for at in (window.end, until) if at is not None]
    return Window(window.start, min(ends) if ends else None, life, window.by, window.request)


def _memberships(people: Collection[str]) -> Mapping[str, list[tuple[str, datetime | None]]]:
    """By person: group, and when the membership was seen gone. When it began is not kept."""
    found: dict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
    for part in _parts(sorted(people)):
        rows = Membership.objects.filter(person_id__in=part).order_by("id")
        for person, group, absent in rows.values_list("person_id", "group_id", "absent_since"):
            found[person].append((group, absent))
    return found


def _granted(principals: Collection[str], accounts: Collection[str]) -> Mapping[tuple[str, str, str], list[Window]]:
    """Windows by (principal, account, permission set) of every grant that was ever sent, on the ledger's clock."""
    holds: dict[str, list[Hold]] = defaultdict(list)
    for account in _parts(sorted(accounts)):
        rows = Hold.objects.filter(account_id__in=account, key__startswith="sso:").select_related("request")
        for hold in rows.order_by("pk").iterator(2000):
            if hold.key.split(":")[1] in principals:
                holds[hold.request.number].append(hold)
    told = _told(holds)
    found: dict[tuple[str, str, str], list[Window]] = defaultdict(list)
    for number, of_request in holds.items():
        for hold in of_request:
            times = told.get((number, hold.key))
            if times is None or times[0] is None:
                continue  # nothing was ever asked of AWS
            _sso, principal, account, arn = hold.key.split(":", 3)
            by = "grant" if hold.ends_at else "permanent"
            found[principal, account, arn].append(Window(times[0], times[1], _LIFE, by, number))
    return found


def _told(numbers: Iterable[str]) -> Mapping[tuple[str, str], tuple[datetime | None, datetime | None]]:
    """By request and thing: when AWS was first asked for it or it was seen, and when its end was proven last."""
    began: dict[tuple[str, str], datetime] = {}
    ended: dict[tuple[str, str], datetime] = {}
    for part in _parts(sorted(numbers)):
        entries = Entry.objects.filter(subject__in=part, kind__in=_KINDS).order_by("seq")
        for subject, kind, at, body in entries.values_list("subject", "kind", "at", "body").iterator(2000):
            thing = (subject, str(json.loads(body)["facts"].get("thing", "")))
            if kind == "grant.ended":
                ended[thing] = at
            else:
                began.setdefault(thing, at)
    return {thing: (began.get(thing), ended.get(thing)) for thing in {*began, *ended}}


def _adopted(principals: Collection[str], accounts: Collection[str]) -> Mapping[tuple[str, str, str], list[Window]]:
    rows = Assignment.objects.filter(account_id__in=accounts, absent_since=None).exclude(adopted_request="")
    found: dict[tuple[str, str, str], list[Window]] = defaultdict(list)
    for row in rows.iterator(2000):
        if row.principal_id in principals:
            thing = (row.principal_id, row.account_id, row.permission_set_arn.rsplit("/", 1)[-1])
            found[thing].append(_standing(row.adopted_at, row.adopted_request))
    return found


def _entitled(principals: Collection[str], accounts: Collection[str]) -> Mapping[tuple[str, str, str], list[Window]]:
    rows = Entitlement.objects.filter(account_id__in=accounts, absent_since=None).exclude(adopted_request="")
    found: dict[tuple[str, str, str], list[Window]] = defaultdict(list)
    for row in rows.iterator(2000):
        if row.principal_id in principals:
            found[row.principal_id, row.account_id, row.role_arn].append(_standing(row.adopted_at, row.adopted_request))
    return found


def _users(arns: Iterable[str]) -> Mapping[str, list[Window]]:
    found: dict[str, list[Window]] = {}
    for part in _parts(sorted(set(arns))):
        for row in IamUser.objects.filter(arn__in=part, absent_since=None).exclude(adopted_request=""):
            found[row.arn] = [_standing(row.adopted_at, row.adopted_request)]
    return found


def _standing(since: datetime | None, request: str) -> Window:
    """Adopted access is allowed from the day on which somebody took it over as known."""
    began = since - clock.offset() if since else datetime(1970, 1, 1, tzinfo=UTC)
    return Window(began, None, _LIFE, "adopted", request)


def _emergencies(doing: Iterable[Activity]) -> Mapping[str, Emergency]:
    keys = sorted({key for one in doing for key in _uses(one)})
    found: dict[str, Emergency] = {}
    for part in _parts(keys):
        rows = Request.objects.filter(Q(idempotency__in=part), asked_by__login=DESK)
        for key, number, ratification in rows.values_list("idempotency", "number", "ratification"):
            found[str(key)] = Emergency(number, ratification == Ratification.REJECTED)
    return found


def _uses(one: Activity) -> list[str]:
    """What the desk calls uses of the emergency path (``desk.emergency``)."""
    if one.kind not in (PrincipalKind.EMERGENCY, PrincipalKind.IAM_USER, PrincipalKind.ROOT):
        return []
    events = [f"emergency:{event}"[:80] for event in one.begun_by]
    hours = {at.astimezone(UTC).strftime("%Y%m%d%H") for at in (one.first, one.last)}
    return events + [f"emergency:{key}:{hour}"[:80] for key in one.access_keys for hour in sorted(hours)]


def begun_by_entries(doing: Iterable[Activity]) -> None:
    """Sessions of emergency roles are begun by the event that made their credentials."""
    for one in doing:
        if one.kind == PrincipalKind.EMERGENCY:
            near = RoleEntry.objects.filter(
                account=one.account, at__lte=one.last, at__gte=one.first - timedelta(hours=13),
                target__endswith=f"/{one.name}",
            )  # fmt: skip
            one.begun_by = [*one.begun_by, *near.values_list("event_id", flat=True)[:50]]


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
