"""A request as its pages show it: the sentence, rows of the plan, the track of six dots, steps, the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kumoban.core.plan import Plan
from kumoban.core.reason import Reason
from kumoban.core.window import Window
from kumoban.desk.models import Approval, Hold, Request, Step
from kumoban.desk.people import stand_ins
from kumoban.desk.routine import action_of, known_actions
from kumoban.desk.rules import Slot
from kumoban.desk.speech import honorific, local, said, words
from kumoban.desk.states import HoldState
from kumoban.estate.models import Group, Membership, PermissionSet, Person
from kumoban.ledger.search import Recorded

__all__ = [
    "Dot",
    "Key",
    "When",
    "history",
    "honorific",
    "in_order",
    "keys",
    "nothing_ends",
    "plan_rows",
    "powers_of",
    "sentence",
    "slot_views",
    "step_views",
    "track",
    "when_of",
    "worked_by_hand",
]


@dataclass(frozen=True)
class When:
    """A window in words and instants. ``credentials_until``: the last moment credentials already issued can work."""

    starts_at: datetime | None
    ends_at: datetime | None
    length: timedelta | None
    session: timedelta
    #: when the last of it was seen gone, where all of it is over
    ended_at: datetime | None = None

    @property
    def credentials_until(self) -> datetime | None:
        end = self.ended_at or self.ends_at
        return end + self.session if end and self.session else None

    @property
    def off_plan(self) -> bool:
        """Ended at another minute than planned."""
        return bool(self.ended_at and self.ends_at and abs(self.ended_at - self.ends_at) >= timedelta(minutes=1))

    @property
    def said(self) -> str:
        if self.starts_at and self.ends_at:
            return _("from %(start)s to %(end)s") % {"start": local(self.starts_at), "end": local(self.ends_at)}
        if self.ends_at:
            return _("until %(end)s") % {"end": local(self.ends_at)}
        return _("for %(length)s from approval") % {"length": words(self.length or timedelta())}


def when_of(plan: Plan, found: Request | None = None, holds: Sequence[Hold] = ()) -> When | None:
    """The plan's window; of a request in force, the instants it really has; of one that is over, its real end."""
    window: Window | None = plan.window
    if window is None:
        return None
    seconds = [int(step.power.get("session_seconds", 0)) for step in plan.steps if not step.present]
    session = timedelta(seconds=max(seconds, default=0))
    starts_at, ends_at = window.starts_at, window.ends_at
    if found is not None:
        starts_at, ends_at = found.starts_at or starts_at, found.ends_at or ends_at
    ended_at = _real_end(holds)
    if ended_at and not any(hold.ended_by in _REMOVED for hold in holds):
        session = timedelta()  # nothing was taken away that somebody could still hold credentials of
    return When(starts_at, ends_at, window.duration, session, ended_at)


_REMOVED = ("seen_absent", "target_gone")


def _real_end(holds: Sequence[Hold]) -> datetime | None:
    """When the last grant was proven to be over; None while one is not."""
    if any(hold.state != HoldState.ENDED for hold in holds):
        return None
    return max((hold.ended_at for hold in holds if hold.ended_at), default=None)


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "shown": step.shown,
            "present": step.present,
            "title": step.title,
            "warnings": step.warnings,
            "told": step.manual or step.own,
            "diff": [(said(Reason(one.label)), one.before, one.after) for one in step.diff],
            "params": step.params,
        }
        for step in plan.steps
    ]


def powers_of(plans: Iterable[Plan]) -> dict[str, str]:
    """Permission set ARN → what its owner says it can do, for all plans of a page in one query."""
    wanted = {step.params.get("permission_set", "") for plan in plans for step in plan.steps}
    rows = PermissionSet.objects.filter(arn__in=wanted - {""})
    return dict(rows.values_list("arn", "description"))


def sentence(plan: Plan, workers: Sequence[Person], when: When | None) -> SafeString:
    """Who will have what, where, until when: what is decided, in one sentence."""
    first = plan.steps[0]
    if "permission_set" not in first.shown or when is None:
        return format_html_join(" ", "{}", ((said(step.title),) for step in plan.steps[:3]))
    accounts = dict.fromkeys((step.shown["account"], step.shown.get("ou", "")) for step in plan.steps)
    return format_html(
        _("{people} will have {what} in {where} {when}."),
        people=_listed(workers),
        what=format_html("<b>{}</b>", first.shown["permission_set"]),
        where=_places(list(accounts)),
        when=format_html("<b>{}</b>", when.said),
    )


def _listed(people: Sequence[Person]) -> SafeString:
    suffix = honorific("")
    return format_html_join(_(", "), "<b>{}</b>{}", ((person.display_name, suffix) for person in people))


def _places(accounts: Sequence[tuple[str, str]]) -> SafeString:
    shown = [
        format_html("<b>{}</b> ({})", name, ou) if ou else format_html("<b>{}</b>", name) for name, ou in accounts[:4]
    ]
    if len(accounts) > 4:
        shown.append(format_html("{}", _("%(n)d more") % {"n": len(accounts) - 4}))
    return format_html_join(_(", "), "{}", ((one,) for one in shown))


def slot_views(slots: Sequence[Slot], now: datetime, without: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Each requirement with the names of who may fill it, who stands in for whom, and the rules that ask for it.

    ``without``: who asks and works, and so approves for nobody.
    """
    refs = [ref for slot in slots for one in (slot, slot.escalation) if one for ref in one.refs]
    excluded = set(without)
    names = {
        group: description or name
        for group, name, description in Group.objects.filter(id__in=refs).values_list("id", "name", "description")
    }
    members: dict[str, list[str]] = {}
    for group, person in Membership.objects.filter(group_id__in=refs, absent_since=None).values_list(
        "group_id", "person_id"
    ):
        if person not in excluded:
            members.setdefault(group, []).append(person)
    ids = {*refs, *(person for people in members.values() for person in people)}
    away = {
        (delegate, principal)
        for delegate, principals in (stand_ins(now) if ids else {}).items()
        for principal in principals & ids
        if delegate not in excluded
    }
    ids |= {delegate for delegate, _principal in away}
    people = dict(
        Person.objects.filter(id__in=ids, absent_since=None, enabled=True)
        .order_by("user_name")
        .values_list("id", "display_name")
    )
    staged = len({slot.stage for slot in slots}) > 1
    views = [(slot, _slot_view(slot, names, members, people, away)) for slot in slots]
    views.sort(key=lambda view: view[0].stage)
    return [{**view, "staged": staged, "stage": slot.stage, "then": _then(slot, names, people)} for slot, view in views]


def _then(slot: Slot, names: Mapping[str, str], people: Mapping[str, str]) -> dict[str, Any] | None:
    """Whom it goes to where nobody answers."""
    to = slot.escalation
    if to is None:
        return None
    said = names if to.kind == "group" else people
    return {"hours": to.hours, "whom": "、".join(said.get(ref, ref) for ref in to.refs), "happened": to.happened}


_MANAGER, _NAMED = gettext_noop("Manager"), gettext_noop("Named")
_SHOWN = 6


def _slot_view(
    slot: Slot,
    names: dict[str, str],
    members: dict[str, list[str]],
    people: dict[str, str],
    away: Iterable[tuple[str, str]],
) -> dict[str, Any]:
    if slot.kind == "group":
        ids, title = set(members.get(slot.refs[0], ())) if slot.refs else set(), names.get(slot.refs[0], "")
    else:
        ids, title = set(slot.refs), _(_MANAGER) if slot.kind == "manager" else _(_NAMED)
    who = [name for person, name in people.items() if person in ids]
    return {
        "title": _("Concurrence: %(who)s") % {"who": title} if slot.concurrence else title,
        "via": slot.via,
        "people": who[:_SHOWN],
        "more": max(len(who) - _SHOWN, 0),
        "stand_ins": sorted(
            (people[delegate], people[principal])
            for delegate, principal in away
            if principal in ids and delegate in people and principal in people
        ),
        "count": slot.count,
        "rules": slot.rules,
    }


# --- the timeline

_TOLD = {
    "request.asked": gettext_noop("asked"),
    "request.waiting": gettext_noop("waiting for approval"),
    "request.sealed": gettext_noop("approved the plan"),
    "request.approved": gettext_noop("all approvals are there"),
    "request.scheduled": gettext_noop("checked; waiting for the start"),
    "request.applying": gettext_noop("checked on AWS; being applied"),
    "request.active": gettext_noop("everything was seen on AWS"),
    "request.end_asked": gettext_noop("asked to end early"),
    "request.ending": gettext_noop("ending began"),
    "request.ended": gettext_noop("the end was proven"),
    "request.undone": gettext_noop("undone"),
    "request.done": gettext_noop("closed"),
    "request.returned": gettext_noop("returned for correction"),
    "request.denied": gettext_noop("denied"),
    "request.withdrawn": gettext_noop("withdrawn"),
    "request.lapsed": gettext_noop("lapsed"),
    "request.refused": gettext_noop("refused"),
    "request.ratified": gettext_noop("all approvals are there, afterwards"),
    "request.rejected": gettext_noop("did not approve it afterwards"),
    "request.ratification_overdue": gettext_noop("not approved afterwards in time"),
    "emergency.review_opened": gettext_noop("activated alone; those named were told at once"),
    "emergency.review_due": gettext_noop("ended; its review is due"),
    "emergency.locked": gettext_noop("review overdue: locked for the next emergency"),
    "emergency.reviewed": gettext_noop("closed the review of the emergency"),
    "request.failed": gettext_noop("something failed"),
    "request.resumed": gettext_noop("tried again"),
    "request.assigned": gettext_noop("assigned the work"),
    "request.reported": gettext_noop("reported the completion"),
    "request.report_confirmed": gettext_noop("confirmed the completion report"),
    "step.worked": gettext_noop("recorded work"),
    "grant.came_back": gettext_noop("it had come back and is being ended again"),
    "grant.made_by_others": gettext_noop("somebody else has made it again"),
}


#: of a request that only people work on: nothing of it is on AWS
_TOLD_BY_HAND = {
    **_TOLD,
    "request.applying": gettext_noop("handed it to the operations team"),
    "request.done": gettext_noop("closed; the work is done"),
}


def _told(entry: Recorded, *, by_hand: bool) -> str:
    """What an entry says in the history; empty where it says nothing there."""
    if entry.kind == "request.planned":
        return _("corrected it and asked again") if entry.facts.get("from") == "returned" else ""
    if entry.kind == "request.approved" and entry.facts.get("afterwards"):
        return _("an emergency: approved afterwards")
    if entry.kind == "request.approved" and "rules" in entry.facts:
        return _("no approval was needed")
    return _(text) if (text := (_TOLD_BY_HAND if by_hand else _TOLD).get(entry.kind)) else ""


def history(entries: Sequence[Recorded], *, by_hand: bool = False) -> list[dict[str, Any]]:
    """What people want to know of the ledger's entries, newest first, with the name of who did it."""
    names = dict(Person.objects.filter(id__in={entry.actor for entry in entries}).values_list("id", "display_name"))
    return [
        {
            "who": names.get(entry.actor, _("Kumoban")),
            "what": what,
            "at": entry.at,
            "comment": entry.texts.get("comment") or entry.texts.get("text") or "",
        }
        for entry in entries
        if (what := _told(entry, by_hand=by_hand))
    ]


# --- the steps

_ORDER = {"check": 0, "manual": 1, "change": 2, "apply": 2, "end": 3}
_STEP_NAMES = {
    "check": gettext_noop("Check the plan on AWS"),
    "apply": gettext_noop("Create the assignment and see it there"),
    "end": gettext_noop("Remove it and prove that it is gone"),
    "manual": gettext_noop("Work by hand"),
}


def in_order(steps: Iterable[Step]) -> list[Step]:
    """As they happen: the check, what is made, what is removed."""
    return sorted(steps, key=lambda step: (_ORDER.get(step.kind, 4), step.position, step.pk))


def step_views(steps: Iterable[Step], plan: Plan | None) -> list[dict[str, Any]]:
    """``plan``: a change is called what its plan calls it."""
    return [_step_view(step, plan) for step in in_order(steps)]


def _step_view(step: Step, plan: Plan | None) -> dict[str, Any]:
    now = step.phase != "done" and bool(step.lease_by or step.outstanding)
    look = "done" if step.phase == "done" else "failed" if step.phase == "failed" else "now" if now else "later"
    shown = step.hold.shown if step.hold else {}
    return {
        "id": step.pk,
        "look": look,
        "mark": {"done": "✓", "failed": "✕", "now": "◍"}.get(look, "○"),
        "name": _name_of(step, plan),
        "what": f"{shown['account']} × {shown['permission_set']}" if "permission_set" in shown else "",
        "person": shown.get("person", ""),
        "done_at": step.done_at,
        "due": step.due if look in ("later", "now") else None,
        "cancelled": step.phase == "cancelled",
        "call": _call(step),
        "request_id": step.aws_request_id,
        "took": _took(step),
        "error": step.error,
        "needs_a_person": step.needs_a_person,
    }


def _name_of(step: Step, plan: Plan | None) -> str:
    if step.kind == "change" and plan is not None and step.position < len(plan.steps):
        return said(plan.steps[step.position].title)
    return _(_STEP_NAMES.get(step.kind, "Work by hand"))


def _call(step: Step) -> str:
    """The AWS call that changes something, once it was sent."""
    if step.kind not in ("apply", "change", "end") or step.action not in known_actions() or not step.sent_at:
        return ""
    return action_of(step.action).call_name("undo" if step.kind == "end" else "apply")


def _took(step: Step) -> float | None:
    if not step.sent_at or not step.done_at or step.phase != "done":
        return None
    return max((step.done_at - step.sent_at).total_seconds(), 0.0)


# --- the life in one line


@dataclass(frozen=True)
class Dot:
    label: str
    state: str
    at: datetime | None = None
    note: str = ""


_STOPPED = ("denied", "withdrawn", "lapsed", "refused")
_REACHED = {
    "drafted": 0, "planned": 1, "waiting": 2, "returned": 2, "approved": 3, "scheduled": 3, "applying": 3,
    "failed": 3, "active": 4, "ending": 5, "ended": 6, "undone": 6, "done": 6,
}  # fmt: skip


def track(request: Request, holds: Sequence[Hold], seals: Sequence[Approval] = (), needed: int = 0) -> list[Dot]:
    """The life of a request in one line: six dots, four where nothing ends."""
    made_at = request.plan.made_at if request.plan else None
    begun = (Dot(_("Asked"), "", request.created_at), Dot(_("Planned"), "", made_at))
    if not holds and worked_by_hand(request):
        by_hand = (*begun, Dot(_("In work"), ""), Dot(_("Done"), "", request.closed_at))
        return _marked(by_hand, 4 if request.state == "done" else 2)
    approval = _approval_dot(request, seals, needed)
    dots = (
        *begun,
        approval,
        *(_changed(request) if nothing_ends(request) and not holds else _in_force(request, holds)),
    )
    if request.state in _STOPPED:
        return [*_marked(dots[:2], 2), Dot(request.state_label, "now stopped", request.closed_at)]
    return _marked(dots, _REACHED.get(request.state, 2))


def nothing_ends(request: Request) -> bool:
    """Whether its plan changes things for good: nothing of it is held until an end."""
    steps = request.plan.value.steps if request.plan else ()
    known = set(known_actions())
    return bool(steps) and not any(step.action in known and action_of(step.action).holds for step in steps)


def _changed(request: Request) -> tuple[Dot, ...]:
    if request.state == "failed":
        return (Dot(_("Failed"), ""), Dot(_("Done"), ""))
    under_way = Dot(_("Applied") if request.state == "done" else _("Applying"), "")
    return (under_way, Dot(_("Done"), "", request.closed_at if request.state == "done" else None))


def worked_by_hand(request: Request) -> bool:
    """Whether its plan is work for people alone."""
    steps = request.plan.value.steps if request.plan else ()
    return bool(steps) and all(step.manual for step in steps)


def _marked(dots: Sequence[Dot], reached: int) -> list[Dot]:
    states = ["done" if index < reached else "now" if index == reached else "later" for index in range(len(dots))]
    return [Dot(dot.label, state, dot.at, dot.note) for dot, state in zip(dots, states, strict=True)]


def _approval_dot(request: Request, seals: Sequence[Approval], needed: int) -> Dot:
    if request.state == "returned":
        return Dot(request.state_label, "")
    if not needed:
        return Dot(_("No approval needed"), "")
    if request.emergency:
        return Dot(_("Emergency"), "", None, str(request.get_ratification_display()))
    label = _("Approved %(n)d of %(needed)d") % {"n": len(seals), "needed": needed}
    if request.state == "waiting" and request.lapses_at:
        return Dot(label, "", None, _("lapses %(at)s") % {"at": local(request.lapses_at)})
    return Dot(label, "", seals[-1].at if seals else None)


def _in_force(request: Request, holds: Sequence[Hold]) -> tuple[Dot, ...]:
    seen = max((hold.active_at for hold in holds if hold.active_at), default=None)
    applied = _("Failed") if request.state == "failed" else _("Applied") if seen else _("Applying")
    end = _real_end(holds) or request.ends_at
    until = _("until %(end)s") % {"end": local(end)} if end else ""
    starts = _("from %(start)s") % {"start": local(request.starts_at)} if request.state == "scheduled" else ""
    return (
        Dot(applied, "", seen, starts),
        Dot(_("Active"), "", None, until),
        Dot(_("Ended"), "", request.closed_at if request.state in ("ended", "undone") else None, _("seen absent")),
    )


# --- using what was granted


@dataclass(frozen=True)
class Key:
    """One grant as its holder uses it: the console's address and the profile for the AWS CLI."""

    hold: Hold
    console: str
    profile: str
    block: str


def keys(holds: Iterable[Hold], person: Person, region: str = "") -> list[Key]:
    """For each active grant of this person. AWS IAM Identity Center user guide, "shortcut links"."""
    mine = [hold for hold in holds if hold.state == "active" and hold.person_id == person.id]
    return [_key(hold, region or settings.KUMOBAN_AWS_REGION) for hold in mine if "permission_set" in hold.shown]


def _key(hold: Hold, region: str) -> Key:
    portal = settings.KUMOBAN_ACCESS_PORTAL_URL.rstrip("/")
    role = hold.shown["permission_set"]
    query = urlencode({"account_id": hold.account_id, "role_name": role})
    name = f"{hold.shown['account']}-{role}"
    block = "\n".join(
        (
            f"[profile {name}]",
            f"sso_start_url = {portal or 'https://…'}",
            f"sso_region = {region}",
            f"sso_account_id = {hold.account_id}",
            f"sso_role_name = {role}",
            f"region = {region}",
        )
    )
    return Key(hold, f"{portal}/#/console?{query}" if portal else "", name, block)
