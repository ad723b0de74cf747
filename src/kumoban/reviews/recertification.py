"""権限の棚卸し: grants without an end, adopted access, memberships that give access, IAM users, each to its owner.

A grant of the desk's is ended by the answer itself; what the desk did not make is taken away by a request that the
answer proposes, so that a second person decides about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Hold
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.requests.closing import end_holds
from kumoban.desk.states import HoldState
from kumoban.desk.transition import locked
from kumoban.estate.models import Account, Assignment, Group, IamUser, Membership, PermissionSet, Person, Team
from kumoban.ledger.record import SYSTEM
from kumoban.reviews.kind import Carried, Kind, Matter, Proposal
from kumoban.reviews.models import Campaign, Line
from kumoban.reviews.opening import open_by_itself

__all__ = ["RECERTIFICATION", "ask_about_what_is_due"]

GRANTS, ADOPTED, MEMBERSHIPS, IAM_USERS = "grants", "adopted", "memberships", "iam_users"
#: how long what is kept is good for
_GOOD_FOR = timedelta(days=366)


def collect(groups: Iterable[str]) -> Iterator[Matter]:
    wanted = set(groups)
    names = _Names()
    if GRANTS in wanted:
        yield from _grants()
    if ADOPTED in wanted:
        yield from _adopted(names)
    if MEMBERSHIPS in wanted:
        yield from _memberships()
    if IAM_USERS in wanted:
        yield from _iam_users(names)


class _Names:
    """Names of everything, read once for a campaign."""

    def __init__(self) -> None:
        self.accounts = {account.id: account for account in Account.objects.filter(absent_since=None)}
        self.sets = dict(PermissionSet.objects.values_list("arn", "name"))
        self.people = dict(Person.objects.values_list("id", "display_name"))
        self.groups = dict(Group.objects.values_list("id", "name"))


def _grants() -> Iterator[Matter]:
    holds = Hold.objects.filter(state=HoldState.ACTIVE, ends_at=None).exclude(owner=None).select_related("request")
    for hold in holds.order_by("id"):
        said = {name: str(hold.shown.get(name, "")) for name in ("person", "account", "permission_set")}
        yield Matter(
            key=f"grant:{hold.pk}",
            group=GRANTS,
            title=Reason("review_access", said),
            person=hold.owner_id or "",
            about=hold.person_id or "",
            account=hold.account_id,
            shown={"request": hold.request.number, "review_on": hold.review_on.isoformat() if hold.review_on else ""},
        )


def ask_about_what_is_due() -> Campaign | None:
    """Permanent access whose day of review has come, and that no open campaign asks about, is asked about now."""
    today = clock.now().astimezone(organisation_zone()).date()
    due = Hold.objects.filter(state=HoldState.ACTIVE, ends_at=None, review_on__lte=today).exclude(owner=None)
    asked = set(Line.objects.filter(campaign__closed_at=None, group=GRANTS).values_list("key", flat=True))
    grants = [one for one in due.select_related("request__requester").order_by("pk") if f"grant:{one.pk}" not in asked]
    if not grants:
        return None
    keys, title = {f"grant:{one.pk}" for one in grants}, f"恒久アクセスの見直し (permanent access) {today}"
    return open_by_itself(RECERTIFICATION, GRANTS, keys, title=title, by=grants[0].request.requester)


def _adopted(names: _Names) -> Iterator[Matter]:
    rows = Assignment.objects.filter(absent_since=None).exclude(adopted_request="")
    for row in rows.order_by("account_id", "permission_set_arn", "principal_type", "principal_id"):
        account = names.accounts.get(row.account_id)
        if account is None:
            continue
        to_group = row.principal_type == "GROUP"
        who = (names.groups if to_group else names.people).get(row.principal_id, row.principal_id)
        what = names.sets.get(row.permission_set_arn, row.permission_set_arn.rsplit("/", 1)[-1])
        yield Matter(
            key=f"assignment:{row.pk}",
            group=ADOPTED,
            title=Reason("review_access", {"person": who, "account": account.name, "permission_set": what}),
            person=row.owner_person,
            team=row.owner_team or account.team,
            about="" if to_group else row.principal_id,
            account=account.id,
            shown={"request": row.adopted_request},
        )


def _memberships() -> Iterator[Matter]:
    """Of groups that give something: access to an account, or a role in the desk."""
    giving = Assignment.objects.filter(principal_type="GROUP", absent_since=None).values("principal_id")
    roles = [settings.KUMOBAN_OPS_GROUP, settings.KUMOBAN_AUDITOR_GROUP]
    groups = {
        group.id: group
        for group in Group.objects.filter(Q(pk__in=giving) | Q(name__in=roles), absent_since=None).order_by("name")
    }
    teams = {group: team.slug for team in Team.objects.filter(absent_since=None) for group in _groups_of(team)}
    rows = Membership.objects.filter(group_id__in=groups, absent_since=None).order_by("group_id", "person_id")
    people = {
        person.id: person
        for person in Person.objects.filter(pk__in=rows.values("person_id"), absent_since=None, enabled=True)
    }
    for row in rows:
        person, group = people.get(row.person_id), groups[row.group_id]
        if person is None:
            continue
        yield Matter(
            key=f"membership:{group.id}:{person.id}",
            group=MEMBERSHIPS,
            title=Reason("review_membership", {"person": person.display_name, "group": group.name}),
            team=teams.get(group.id, ""),
            about=person.id,
            shown={"title": person.title},
        )


def _groups_of(team: Team) -> tuple[str, ...]:
    return tuple(group for group in (team.group_id, team.leads_group_id) if group)


def _iam_users(names: _Names) -> Iterator[Matter]:
    rows = IamUser.objects.filter(absent_since=None).order_by("account_id", "name")
    for user in rows:
        account = names.accounts.get(user.account_id)
        if account is None or not user.gives_access:
            continue
        yield Matter(
            key=f"iam:{user.arn}",
            group=IAM_USERS,
            title=Reason("review_iam_user", {"user": user.name, "account": account.name, "keys": user.active_keys}),
            person=user.owner_person,
            team=user.owner_team or account.team,
            account=account.id,
            shown={"last_used": user.last_used_at.isoformat() if user.last_used_at else ""},
        )


# --- carrying an answer out


def keep(line: Line, now: datetime) -> Carried:
    """A grant is good for another year; the rest stays as it is."""
    if line.group == GRANTS:
        Hold.objects.filter(pk=_hold(line)).update(review_on=(now + _GOOD_FOR).date())
    return Carried(settled=True)


def change(line: Line, now: datetime) -> Carried:
    """Somebody asks for what it should be instead; that is decided like anything else."""
    return Carried(_proposals(line, changed=True))


def drop(line: Line, by: str, now: datetime) -> Carried:
    if line.group != GRANTS:
        return Carried(_proposals(line, changed=False))
    hold = Hold.objects.select_related("request").filter(pk=_hold(line)).first()
    if hold is not None and hold.state in (HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED):
        end_holds(locked(hold.request.number), by or SYSTEM, now, key=hold.key)
    return Carried()


def _hold(line: Line) -> int:
    return int(line.key.partition(":")[2])


def _proposals(line: Line, *, changed: bool) -> Sequence[Proposal]:
    if line.group == ADOPTED:
        row = Assignment.objects.filter(pk=int(line.key.partition(":")[2])).first()
        return (_take_away(row),) if row is not None else ()
    if line.group == MEMBERSHIPS:
        group, _sign, person = line.key.removeprefix("membership:").partition(":")
        form = {"act": "change", "group": group, "members_to_remove": [person]}
        return (Proposal("identity-group", Reason("propose_out_of_group"), form),)
    if line.group == GRANTS and changed:
        hold = Hold.objects.select_related("request").filter(pk=_hold(line)).first()
        form = dict(hold.request.form) if hold else {}
        return (Proposal("permanent-access", Reason("propose_other_access"), form),)
    what = Reason("propose_iam_user")
    return (Proposal("other-request", what, {"what": "", "where": line.account}),)


def _take_away(row: Assignment) -> Proposal:
    who = {"group" if row.principal_type == "GROUP" else "person": row.principal_id}
    form = {"act": "take_away", **who, "accounts": [row.account_id], "permission_set": row.permission_set_arn}
    return Proposal("permanent-access", Reason("propose_take_away"), form)


def settled(found: Sequence[Line]) -> Iterator[int]:
    """Lines of what is seen gone."""
    return gone(found)


def gone(found: Sequence[Line]) -> Iterator[int]:
    there = _there(found)
    yield from (line.pk for line in found if line.key not in there)


def _there(found: Sequence[Line]) -> set[str]:
    """The keys of what is still there, one query a group."""
    ids: dict[str, list[str]] = {}
    for line in found:
        ids.setdefault(line.group, []).append(line.key.partition(":")[2])
    there: set[str] = set()
    if GRANTS in ids:
        live = Hold.objects.filter(pk__in=map(int, ids[GRANTS])).exclude(state=HoldState.ENDED)
        there |= {f"grant:{pk}" for pk in live.values_list("pk", flat=True)}
    if ADOPTED in ids:
        rows = Assignment.objects.filter(pk__in=map(int, ids[ADOPTED]), absent_since=None)
        there |= {f"assignment:{pk}" for pk in rows.values_list("pk", flat=True)}
    if MEMBERSHIPS in ids:
        groups = {key.partition(":")[0] for key in ids[MEMBERSHIPS]}
        pairs = Membership.objects.filter(group_id__in=groups, absent_since=None).values_list("group_id", "person_id")
        there |= {f"membership:{group}:{person}" for group, person in pairs}
    if IAM_USERS in ids:
        users = IamUser.objects.filter(pk__in=ids[IAM_USERS], absent_since=None)
        there |= {f"iam:{user.arn}" for user in users if user.gives_access}
    return there


RECERTIFICATION = Kind(
    name="recertification",
    title=_("Recertification"),
    groups={
        GRANTS: _("Permanent access"),
        ADOPTED: _("Adopted access"),
        MEMBERSHIPS: _("Memberships of groups that give access"),
        IAM_USERS: _("IAM users and access keys"),
    },
    collect=collect,
    keep=keep,
    change=change,
    drop=drop,
    settled=settled,
    gone=gone,
)
