"""緊急アクセスの確認: what was done in an emergency is looked at by somebody else after its end, and closed with words.

A review is opened with the emergency, is due so many business days after the end, and bars everybody who asked or
worked from the next emergency while it is overdue. Closing it lifts the bar; being ended is never gated.
"""

from __future__ import annotations

from datetime import datetime

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, rules
from kumoban.desk.models import EmergencyReview, Request
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor, ops_members
from kumoban.desk.requests.guards import required_text
from kumoban.desk.requests.stages import asking_people
from kumoban.desk.states import RequestState
from kumoban.desk.transition import locked
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["close_review", "look_after_reviews", "may_review", "open_reviews", "reviewers"]

_HAD = (RequestState.ENDED, RequestState.DONE)


def reviewers(request: Request) -> set[str]:
    """Who may close its review: its approvers and the operations team, without whoever asked or worked."""
    asking = asking_people(request)
    plan = request.plan
    slots = [rules.Slot.from_stored(slot) for slot in plan.authority["slots"]] if plan else []
    entitled = set().union(*rules.approvers(slots, without=asking)) if slots else set()
    return (entitled | {member.id for member in ops_members() if member.can_act}) - asking


def open_reviews() -> list[EmergencyReview]:
    """Of emergencies in force and of those not yet looked at, the oldest first."""
    found = EmergencyReview.objects.filter(closed_at=None).select_related("request", "request__requester")
    return list(found.order_by("id"))


def may_review(actor: Actor, review: EmergencyReview) -> bool:
    return review.closed_at is None and review.due is not None and actor.person.id in reviewers(review.request)


def close_review(actor: Actor, number: str, *, outcome: str, comment: str) -> EmergencyReview:
    """Say how it was, in words. Raises Refused: not yet ended, closed already, one's own, not one of the reviewers."""
    actor.needs("approve")
    text = required_text(comment)
    if outcome not in EmergencyReview.Outcome.values or outcome == EmergencyReview.Outcome.NOT_USED:
        raise Refused(Reason("no_such_outcome", {"outcome": outcome[:40]}), field="outcome")
    with writing():
        request = locked(number)
        if not rules.visible(actor).filter(pk=request.pk).exists():
            raise Refused(Reason("no_such_request", {"request": number[:40]}), attempt=True)
        review = EmergencyReview.objects.select_for_update().filter(request=request).first()
        if review is None or review.closed_at is not None:
            raise Refused(Reason("no_review_open"))
        if actor.person.id in asking_people(request):
            raise Refused(Reason("not_own_review"), attempt=True)
        if actor.person.id not in reviewers(request):
            raise Refused(Reason("not_a_reviewer"), attempt=True)
        if review.due is None:
            raise Refused(Reason("review_after_the_end"))
        _close(review, outcome, clock.now(), actor, text)
        return review


def _close(review: EmergencyReview, outcome: str, now: datetime, actor: Actor | None = None, text: str = "") -> None:
    review.outcome, review.said, review.closed_at = outcome, text, now
    review.closed_by = actor.person if actor else None
    review.save()
    by, number = actor.id if actor else SYSTEM, review.request.number
    facts = {"outcome": outcome, "unlocked": review.locked_at is not None}
    record("emergency.reviewed", actor=by, subject=number, facts=facts, texts={"comment": text} if text else None)
    if actor:
        happened("emergency_reviewed", review.request_id, by=by, at=now)


def look_after_reviews() -> int:
    """What has ended is due for its review; what is overdue locks. How many were moved on, each once."""
    ended = EmergencyReview.objects.filter(closed_at=None, due=None, request__closed_at__isnull=False)
    late = EmergencyReview.objects.filter(closed_at=None, locked_at=None, due__lte=clock.now())
    found = [*ended.values_list("pk", flat=True)[:100], *late.values_list("pk", flat=True)[:100]]
    for pk in found:
        with writing():
            review = EmergencyReview.objects.select_for_update().select_related("request").get(pk=pk)
            if review.closed_at is None:
                _move_on(review, clock.now())
    return len(found)


def _move_on(review: EmergencyReview, now: datetime) -> None:
    request = review.request
    if review.due is None and request.closed_at is not None:
        if request.state not in _HAD:
            _close(review, EmergencyReview.Outcome.NOT_USED, now)
            return
        review.due = _business_days_after(request.closed_at, review.days)
        review.save(update_fields=["due"])
        record("emergency.review_due", actor=SYSTEM, subject=request.number, facts={"until": review.due})
        happened("emergency_review", request.pk, by=SYSTEM, at=now)
    elif review.due is not None and review.locked_at is None and review.due <= now:
        review.locked_at = now
        review.save(update_fields=["locked_at"])
        barred = sorted(asking_people(request))
        record("emergency.locked", actor=SYSTEM, subject=request.number, facts={"people": barred[:50]})
        happened("emergency_locked", request.pk, by=SYSTEM, at=now)


def _business_days_after(at: datetime, days: int) -> datetime:
    """The closing of the last of so many business days."""
    calendar, day = business_calendar(), at.astimezone(organisation_zone()).date()
    for _ in range(days):
        day = calendar.next_business_day(day)
    return calendar.closing(day)
