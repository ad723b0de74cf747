"""Who acts: the signed-in user as a person with groups and roles. The actor comes from the session or token only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Absence, Guest, Machine, User
from kumoban.estate.employment import day_of, in_force
from kumoban.estate.models import Group, Membership, Person, Team
from kumoban.ledger.clock import database_now

__all__ = [
    "MACHINE",
    "OUTSIDE",
    "SCOPES",
    "Actor",
    "accounts_of_the_same",
    "groups_of",
    "manager_of",
    "managers_of",
    "members_of",
    "ops_members",
    "stand_ins",
    "team_of",
    "who_can_act",
]

#: what a token may be allowed to do, each apart
SCOPES = ("read", "ask", "approve", "rules", "calendar")
#: the scope of a system's own token, and the beginning of the login of its user
OUTSIDE = "outside"
#: the beginning of the login of a machine identity's user, and all that its tokens may ever do
MACHINE = "machine"
MACHINE_SCOPES = frozenset({"read", "ask"})


@dataclass(frozen=True)
class Actor:
    """A user acting now. ``scopes`` None means a signed-in session, which may do whatever its person may."""

    user: User
    scopes: frozenset[str] | None = None
    #: the token that acts, where it is one
    token: int | None = None
    #: when the person of a session last authenticated at the identity provider, as far as that told
    proved_at: datetime | None = None
    #: the system outside whose signed word this is, and its number there
    via: str = ""
    reference: str = ""

    @cached_property
    def person(self) -> Person:
        """Of a machine identity its owner. Raises Refused for a machine without one, or that is stopped, and for
        somebody the identity store no longer has.
        """
        if self.machine is not None:
            if (why := self.machine.why_not(database_now())) is not None:
                raise Refused(why, attempt=True)
            return self.machine.owner
        person = self.user.person
        if person is None or not person.can_act:
            raise Refused(Reason("actor_gone"), attempt=True)
        return person

    @property
    def system(self) -> str:
        """The system outside that this machine is; empty for a person."""
        kind, _, name = self.user.login.partition(":")
        return name if self.user.machine and kind == OUTSIDE else ""

    @cached_property
    def machine(self) -> Machine | None:
        """The machine identity that acts; None for a person and for a system outside."""
        if not self.user.machine:
            return None
        return Machine.objects.select_related("owner", "user").filter(user=self.user).first()

    @property
    def id(self) -> str:
        if self.machine is not None:
            return self.user.login
        return self.user.person_id or f"user:{self.user.pk}"

    @cached_property
    def now(self) -> datetime:
        """The moment at which they look or act, read once."""
        return clock.now()

    @cached_property
    def groups(self) -> frozenset[str]:
        """None of a machine's: its owner's groups and offices are not its own."""
        return frozenset() if self.machine is not None else groups_of(self.person.id)

    @cached_property
    def accounts(self) -> set[str]:
        """The ids under which this human being is in the directory."""
        return accounts_of_the_same({self.person.id})

    @cached_property
    def principals(self) -> set[str]:
        """This person, and those whom they stand in for at this moment."""
        return {self.person.id, *stand_ins(self.now).get(self.person.id, ())}

    @cached_property
    def refs(self) -> set[str]:
        """What a requirement may name to mean this person: themselves, their groups, those they stand in for."""
        if self.machine is not None:
            return set()
        others = self.principals - {self.person.id}
        return {*self.principals, *self.groups, *(group for person in others for group in groups_of(person))}

    @cached_property
    def _group_names(self) -> frozenset[str]:
        return frozenset(Group.objects.filter(id__in=self.groups, absent_since=None).values_list("name", flat=True))

    @cached_property
    def guest(self) -> Guest | None:
        """The stay, under way or over, of somebody of an audit firm; None for everybody else."""
        if self.user.person_id is None:
            return None
        return Guest.objects.filter(person_id=self.user.person_id).order_by("-pk").first()

    @cached_property
    def ops(self) -> bool:
        return self.guest is None and settings.KUMOBAN_OPS_GROUP in self._group_names

    @cached_property
    def ops_lead(self) -> bool:
        """運用責任者: signs for the operations team."""
        return self.guest is None and settings.KUMOBAN_OPS_LEADS_GROUP in self._group_names

    @cached_property
    def auditor(self) -> bool:
        """One of the company's own."""
        return self.guest is None and settings.KUMOBAN_AUDITOR_GROUP in self._group_names

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.user.zone or settings.KUMOBAN_TIME_ZONE)

    def needs(self, scope: str) -> None:
        """Raise Refused unless this session or token may do things of this scope. A guest only reads.

        A machine only reads and asks.
        """
        if self.machine is not None and scope not in MACHINE_SCOPES:
            raise Refused(Reason("not_for_machines"), attempt=True)
        if scope != "read" and self.guest is not None:
            raise Refused(Reason("not_for_guests"), attempt=True)
        if self.scopes is not None and scope not in self.scopes:
            raise Refused(Reason("scope_missing", {"scope": scope}), attempt=True)


def groups_of(person_id: str) -> frozenset[str]:
    return frozenset(
        Membership.objects.filter(person_id=person_id, absent_since=None).values_list("group_id", flat=True)
    )


def accounts_of_the_same(people: Iterable[str]) -> set[str]:
    """These people's ids and those of their other accounts: users of the directory with the same employee number."""
    ids = set(people)
    numbers = Person.objects.filter(id__in=ids).exclude(employee_number="").values("employee_number")
    return ids | set(Person.objects.filter(employee_number__in=numbers).values_list("id", flat=True))


def manager_of(person: Person) -> str:
    """The id of whom the HR department names for today, else of whom the identity store names."""
    return managers_of([person])[person.id]


def managers_of(people: Sequence[Person]) -> dict[str, str]:
    """The same for many, by the person's id."""
    said = in_force([person.id for person in people], day_of(clock.now()))
    numbers = {row.manager_number for row in said.values() if row.manager_number}
    acting = Person.objects.filter(employee_number__in=numbers, absent_since=None, enabled=True).order_by("-id")
    named = dict(acting.values_list("employee_number", "id")) if numbers else {}
    rows = {person.id: said.get(person.id) for person in people}
    return {
        person.id: named.get(row.manager_number, "") if (row := rows[person.id]) and row.manager_number
        else person.manager_id
        for person in people
    }  # fmt: skip


def stand_ins(at: datetime) -> dict[str, set[str]]:
    """Delegate id → the ids of those they stand in for at this moment."""
    found: dict[str, set[str]] = {}
    absences = Absence.objects.filter(starts_at__lte=at, ends_at__gt=at)
    for delegate, person in absences.values_list("delegate_id", "person_id"):
        found.setdefault(delegate, set()).add(person)
    return found


def who_can_act() -> QuerySet[Person]:
    """Who may be asked for something, approve or work: who is in the directory, enabled, and no guest of an auditor."""
    return Person.objects.filter(absent_since=None, enabled=True).exclude(pk__in=Guest.objects.values("person"))


def members_of(group_ids: Iterable[str]) -> dict[str, set[str]]:
    """Group id → ids of the people in it now who can act."""
    members: dict[str, set[str]] = {group: set() for group in group_ids}
    pairs = list(
        Membership.objects.filter(group_id__in=members, absent_since=None).values_list("group_id", "person_id")
    )
    acting = set(who_can_act().filter(id__in={person for _, person in pairs}).values_list("id", flat=True))
    for group, person in pairs:
        if person in acting:
            members[group].add(person)
    return members


def ops_members() -> list[Person]:
    """Who works in the operations team now, by name."""
    groups = Group.objects.filter(name=settings.KUMOBAN_OPS_GROUP, absent_since=None).values_list("id", flat=True)
    ids = set().union(*members_of(groups).values())
    return list(Person.objects.filter(id__in=ids).order_by("display_name"))


def team_of(groups: Iterable[str]) -> Team | None:
    """The team whose members' group is among these (the first by name, where there are several)."""
    return Team.objects.filter(absent_since=None, group_id__in=groups).order_by("slug").first()
