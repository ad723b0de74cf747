"""Who is to hear of an event, and as what: who may decide now, who asks and works, the operations team."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kumoban.desk import clock, rules
from kumoban.desk.alone import told_by
from kumoban.desk.models import Event, Plan, Remark, Request, Rule
from kumoban.desk.people import accounts_of_the_same, members_of, ops_members, stand_ins
from kumoban.desk.requests import asking_people, on_turn, reviewers
from kumoban.desk.states import Ratification, RequestState
from kumoban.estate.models import Team

__all__ = ["Told", "audience", "may_decide"]


@dataclass(frozen=True)
class Told:
    """One person, and the kind of notice they get."""

    person: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)


def audience(event: Event) -> list[Told]:
    """Nobody hears of what they did themselves, and nobody hears it twice."""
    find = _FINDERS.get(event.kind)
    found = find(event) if find else []
    return list({one.person: one for one in reversed(found) if one.person != event.by}.values())


def may_decide(request: Request, plan: Plan) -> set[str]:
    """The ids of those who may decide about this plan now and have not yet: entitled, or standing in for one."""
    asking = asking_people(request)
    slots = [slot for slot in on_turn(plan) if not slot.via]
    entitled = set().union(*rules.approvers(slots, without=asking))
    seals = plan.approvals.filter(void_at=None).values_list("person_id", "on_behalf_of_id")
    sealed = accounts_of_the_same({person for pair in seals for person in pair if person})
    open_ones = entitled - sealed
    instead = {delegate for delegate, away in stand_ins(clock.now()).items() if away & open_ones}
    return (open_ones | instead) - asking - sealed


def _request(event: Event) -> Request:
    assert event.request is not None
    return event.request


def _each(people: Iterable[str], kind: str, **params: Any) -> list[Told]:
    return [Told(person, kind, params) for person in sorted(people)]


def _askers(kind: str) -> Callable[[Event], list[Told]]:
    return lambda event: _each(_request(event).people, kind)


def _waiting(event: Event) -> list[Told]:
    """A changed plan is told to its requester too, who confirms it where nobody else decides."""
    request = _request(event)
    plan = request.plan
    if request.state != RequestState.WAITING or plan is None or plan.pk != event.params.get("plan"):
        return []
    if rules.awaits_requester(request):
        return [Told(request.requester_id, "confirm")]
    again = bool(event.params.get("why")) or plan.approvals.exclude(void_at=None).exists()
    deciding = _each(may_decide(request, plan), "decide_again" if again else "decide")
    return deciding + (_each(request.people, "fell") if event.params.get("why") else [])


def _to_ratify(event: Event) -> list[Told]:
    request = _request(event)
    if request.ratification != Ratification.DUE or request.plan is None:
        return []
    used = request.by_desk  # nobody asked: it was found
    return _each(may_decide(request, request.plan), "decide_used" if used else "decide_afterwards")


def _ratification_overdue(event: Event) -> list[Told]:
    """Whoever may still approve it, and the operations team."""
    request = _request(event)
    if request.ratification != Ratification.DUE or request.plan is None:
        return []
    ops = {member.id for member in ops_members() if member.can_act}
    return _each(may_decide(request, request.plan) | ops, "afterwards_overdue")


def _alarm(event: Event) -> list[Told]:
    """Whom the rules that allowed it name."""
    plan = _request(event).plan
    deciding = [rule[0] for rule in plan.authority["rules"]] if plan else []
    return _each(told_by(Rule.objects.filter(pk__in=deciding)), "alarm")


def _emergency_review(event: Event) -> list[Told]:
    return _each(reviewers(_request(event)), "emergency_review")


def _emergency_locked(event: Event) -> list[Told]:
    """Whoever is barred, whoever can lift it, and the operations team."""
    request = _request(event)
    ops = {member.id for member in ops_members() if member.can_act}
    return _each(request.people | reviewers(request) | ops, "emergency_locked")


def _recurring(event: Event) -> list[Told]:
    return [Told(event.params["person"], event.kind)]


def _reminded(event: Event) -> list[Told]:
    request = _request(event)
    if not rules.awaits_decision(request) or request.plan is None:
        return []
    return _each(may_decide(request, request.plan), "remind")


def _turn(event: Event) -> list[Told]:
    """The approvers before have approved, or nobody answered: those whose turn it is now."""
    request = _request(event)
    if not rules.awaits_decision(request) or request.plan is None or request.plan.pk != event.params.get("plan"):
        return []
    deciding = _each(may_decide(request, request.plan), "decide" if event.kind == "turn" else "decide_escalated")
    return deciding + (_each(request.people, "escalated") if event.kind == "escalated" else [])


def _decided_against(kind: str, remark: str) -> Callable[[Event], list[Told]]:
    def find(event: Event) -> list[Told]:
        request = _request(event)
        said = Remark.objects.filter(request=request, kind=remark, at__lte=event.at).order_by("-id").first()
        theirs = said is not None and said.person_id == event.by  # the desk itself returns without a remark
        return _each(request.people, kind, **({"remark": said.pk} if said and theirs else {}))

    return find


def _question(event: Event) -> list[Told]:
    return _each(_request(event).people, "question", remark=event.params["remark"])


def _answer(event: Event) -> list[Told]:
    """Whoever has asked something about this request."""
    asked = Remark.objects.filter(request=_request(event), kind="question").values_list("person_id", flat=True)
    return _each(set(asked), "answer", remark=event.params["remark"])


def _ops(kind: str) -> Callable[[Event], list[Told]]:
    return lambda event: _each((member.id for member in ops_members() if member.can_act), kind)


def _by_hand(event: Event) -> list[Told]:
    """The assignee, where there is one; else whoever of the operations team takes it."""
    assignee = _request(event).assignee_id
    return [Told(assignee, "ops_by_hand")] if assignee else _ops("ops_by_hand")(event)


def _assigned(event: Event) -> list[Told]:
    return [Told(event.params["assignee"], "assigned")]


def _delegate(event: Event) -> list[Told]:
    return [Told(event.params["delegate"], "delegate")]


def _register(event: Event) -> list[Told]:
    """Owner or deputy; where both have left, the operations team."""
    said = {"n": event.params["n"]}
    person = event.params["person"]
    return [Told(person, "register", said)] if person else _each((one.id for one in ops_members()), "register", **said)


def _review(event: Event) -> list[Told]:
    return [Told(event.params["person"], event.kind, {"n": event.params["n"]})]


def _finding(event: Event) -> list[Told]:
    """Whose it is, and the operations team."""
    return _each(_owners(event) | {member.id for member in ops_members() if member.can_act}, event.kind)


def _findings(event: Event) -> list[Told]:
    """How many of them are one team's; all of them, for the operations team."""
    owners = _owners(event) if event.params["team"] else {member.id for member in ops_members() if member.can_act}
    return _each(owners, event.kind, n=event.params["n"])


def _owners(event: Event) -> set[str]:
    """The team's members and leads, and the person, where it is one's."""
    teams = Team.objects.filter(slug=event.params["team"], absent_since=None).values_list("group_id", "leads_group_id")
    members = members_of(group for pair in teams for group in pair if group)
    return set().union(*members.values()) | ({event.params["person"]} if event.params.get("person") else set())


def _linked(event: Event) -> list[Told]:
    return [Told(event.params["person"], "slack_linked")]


_FINDERS: dict[str, Callable[[Event], list[Told]]] = {
    **{kind: _askers(kind) for kind in ("approved", "active", "ending_soon", "ended", "undone", "failed")},
    **{kind: _askers(kind) for kind in ("lapsed", "withdrawn", "refused", "done")},
    "waiting": _waiting,
    **dict.fromkeys(("review", "review_reminded", "review_notice"), _review),
    "reminded": _reminded,
    **dict.fromkeys(("turn", "escalated"), _turn),
    "to_ratify": _to_ratify,
    "ratification_overdue": _ratification_overdue,
    **{kind: _askers(kind) for kind in ("ratified", "rejected")},
    **dict.fromkeys(("recurring_refused", "recurring_ended"), _recurring),
    "alarm": _alarm,
    "emergency_review": _emergency_review,
    "emergency_locked": _emergency_locked,
    "emergency_reviewed": _askers("emergency_reviewed"),
    "returned": _decided_against("returned", "return"),
    "denied": _decided_against("denied", "denial"),
    "question": _question,
    "answer": _answer,
    "overdue": _ops("ops_overdue"),
    "needs_person": _ops("ops_needs_person"),
    "by_hand": _by_hand,
    "assigned": _assigned,
    "delegate": _delegate,
    "register": _register,
    **dict.fromkeys(("finding", "finding_high"), _finding),
    **dict.fromkeys(("findings", "findings_high"), _findings),
    "slack_linked": _linked,
}
