"""One person: everything of theirs in one place, and their leaving as one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Absence, Hold, Request, Rule, Token
from kumoban.desk.people import Actor, accounts_of_the_same, groups_of, manager_of
from kumoban.desk.requests import ask, valid_until, void_plan
from kumoban.desk.requests.closing import cancel_approved, end_holds
from kumoban.desk.requests.guards import ops_only
from kumoban.desk.states import HoldState, RequestState
from kumoban.desk.transition import locked, move
from kumoban.estate.employment import day_of, in_force
from kumoban.estate.models import Account, Employment, Group, Person, Team
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["PersonSheet", "leave", "sheet_of"]

_LIVE = (HoldState.APPROVED, HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)
_BEFORE = (RequestState.WAITING, RequestState.RETURNED, RequestState.APPROVED, RequestState.SCHEDULED)
#: of each kind, what a page shows
_MOST = 200


@dataclass(frozen=True)
class PersonSheet:
    person: Person
    employment: Employment | None
    manager: Person | None
    groups: Sequence[Group]
    teams: Sequence[Team]
    #: in force or to come
    holds: Sequence[Hold]
    #: asked for by them, not applied yet
    waiting: Sequence[Request]
    #: asked for by others, with them as a worker, not applied yet
    working: Sequence[Request]
    accounts: Sequence[Account]
    #: rules that name them, to allow, deny or approve
    rules: Sequence[Rule]
    stands_in: Sequence[Absence]
    tokens: Sequence[Token]


def sheet_of(actor: Actor, person_id: str) -> PersonSheet:
    """Raises Refused where there is no such person, or it is not for this actor to see."""
    person = Person.objects.filter(Q(id=person_id) | Q(user_name=person_id)).order_by("id").first()
    own = person is not None and person.id in actor.accounts
    if person is None or not (own or actor.ops or actor.auditor):
        raise Refused(Reason("no_such_person"))
    groups = groups_of(person.id)
    now = clock.now()
    return PersonSheet(
        person,
        in_force([person.id], day_of(now)).get(person.id),
        Person.objects.filter(pk=manager_of(person)).first(),
        list(Group.objects.filter(id__in=groups, absent_since=None).order_by("name")[:_MOST]),
        list(Team.objects.filter(group_id__in=groups, absent_since=None).order_by("name")),
        list(_live(person).select_related("request").order_by("ends_at")[:_MOST]),
        list(_waiting(person).order_by("-id")[:_MOST]),
        list(_working(person).order_by("-id")[:_MOST]),
        list(
            Account.objects.filter(Q(register__owner=person) | Q(register__deputy=person), absent_since=None)
            .distinct()
            .order_by("name")[:_MOST]
        ),
        [rule for rule in Rule.objects.filter(enabled=True).order_by("id") if _names(rule, person.id)],
        list(Absence.objects.filter(delegate=person, ends_at__gt=now).select_related("person")[:_MOST]),
        list(Token.objects.filter(user__person=person, revoked_at=None, expires_at__gt=database_now())[:_MOST]),
    )


def _live(person: Person) -> QuerySet[Hold]:
    return Hold.objects.filter(person=person, state__in=_LIVE)


def _waiting(person: Person) -> QuerySet[Request]:
    return Request.objects.filter(requester=person, state__in=_BEFORE)


def _working(person: Person) -> QuerySet[Request]:
    return Request.objects.filter(workers=person, state__in=_BEFORE).exclude(requester=person)


def _names(rule: Rule, person: str) -> bool:
    named = (*rule.who.get("people", ()), *(one for wanted in rule.approvers for one in wanted.get("people", ())))
    return person in named


def leave(actor: Actor, person_id: str) -> Request:
    """退職・異動: what the desk can take back it takes back now; the rest is one request to the operations team.

    Grants end, what waits is withdrawn, tokens are revoked; what others asked for with them as a worker, and nothing
    was applied of, goes back to whoever asked. Accounts they own, rules that name them and the user in the
    directory are for people to see to: the request lists them.
    """
    ops_only(actor, "rules")
    sheet = sheet_of(actor, person_id)
    person = sheet.person
    if person.id in accounts_of_the_same({actor.person.id}):
        raise Refused(Reason("not_oneself"))
    with writing():
        now = clock.now()
        form = {"subject": f"退職・異動の対応: {person.display_name}"[:120], "what": _rest(sheet)[:4000]}
        made = ask(actor, "other-request", form)
        counted = {"grants": _live(person).count(), "waiting": _waiting(person).count()}
        counted["returned"] = _give_back_all(person, actor.id, now)
        for number in _waiting(person).order_by("id").values_list("number", flat=True):
            request = locked(number)
            if request.state in _BEFORE:
                move(request, RequestState.WITHDRAWN, actor=actor.id, at=now)
                cancel_approved(request, now)
        begun = _live(person).exclude(state=HoldState.APPROVED).values("request_id")
        for number in Request.objects.filter(pk__in=begun).order_by("id").values_list("number", flat=True):
            request = locked(number)
            if request.state in (RequestState.APPLYING, RequestState.ACTIVE, RequestState.FAILED):
                end_holds(request, actor.id, now, person=person.id)
        revoked = Token.objects.filter(user__person=person, revoked_at=None).update(revoked_at=database_now())
        facts = {"request": made.number, "tokens": revoked, **counted}
        record("person.left", actor=actor.id, subject=f"person:{person.id}", facts=facts)
        return made


def _give_back_all(person: Person, by: str, now: datetime) -> int:
    """What others asked for with this worker goes back to them, to be asked again without; how many."""
    why = (Reason("worker_leaves", {"person": person.display_name}),)
    returned = 0
    for number in _working(person).exclude(state=RequestState.RETURNED).order_by("id").values_list("number", flat=True):
        request = locked(number)
        if request.state not in _BEFORE or request.state == RequestState.RETURNED:
            continue
        if request.plan:
            void_plan(request.plan, now, why)
        request.lapses_at, request.ratification = valid_until(now), ""  # time to correct it
        move(request, RequestState.RETURNED, actor=by, at=now, why=why)
        cancel_approved(request, now)
        returned += 1
    return returned


def _rest(sheet: PersonSheet) -> str:
    """What people see to, as a list in the words of the office."""
    lines = [
        f"対象: {sheet.person.display_name} ({sheet.person.user_name})",
        "・ディレクトリのユーザーとグループの整理: " + ("、".join(group.name for group in sheet.groups) or "なし"),
        "・責任者・副責任者のアカウント: " + ("、".join(account.name for account in sheet.accounts) or "なし"),
        "・名前のある申請ルール: " + ("、".join(rule.name for rule in sheet.rules) or "なし"),
        "・代理承認: " + ("、".join(absence.person.display_name for absence in sheet.stands_in) or "なし"),
        f"・付与中の権限 {len(sheet.holds)} 件は終了、承認待ちなど {len(sheet.waiting)} 件は取下げ、"
        f"作業者になっていた他の人の申請 {len(sheet.working)} 件は差戻し、トークン {len(sheet.tokens)} 件は失効済み",
    ]
    return "\n".join(lines)
