"""What becomes of campaigns by themselves: reminders, notice to the silent, silence as an answer, and the close."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kumoban.desk import clock
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.ledger.record import SYSTEM, record, writing
from kumoban.reviews.kind import Kind, kind_of
from kumoban.reviews.models import Campaign, Line, LineState
from kumoban.reviews.opening import days_of_notice, tell_owners
from kumoban.reviews.recertification import ask_about_what_is_due

__all__ = ["look_after"]

_BATCH = 200


def look_after() -> None:
    """Once in a while, for every campaign that is not closed; each part can be repeated."""
    now = clock.now()
    ask_about_what_is_due()
    for campaign in Campaign.objects.filter(closed_at=None).order_by("pk"):
        kind = kind_of(campaign.kind)
        if kind is None:
            continue
        _see_gone(campaign, kind, now)
        _remind(campaign, now)
        _give_notice(campaign, now)
        _expire(campaign, kind, now)
        _settle(campaign, kind, now)
        _close(campaign, now)


def _today(now: datetime) -> datetime:
    return now.astimezone(organisation_zone())


def _see_gone(campaign: Campaign, kind: Kind, now: datetime) -> None:
    """What is not there any more needs no answer."""
    waiting = list(campaign.lines.filter(state=LineState.OPEN).order_by("pk"))
    if gone := set(kind.gone(waiting)):
        with writing():
            found = Line.objects.filter(pk__in=gone, state=LineState.OPEN)
            count = found.update(state=LineState.GONE, settled_at=now)
            record("review.gone", actor=SYSTEM, subject=campaign.subject, facts={"lines": count})


def _remind(campaign: Campaign, now: datetime) -> None:
    """Once, on the business day before the due day."""
    before = business_calendar().previous_business_day(campaign.due_on)
    if campaign.reminded_at is None and _today(now).date() >= before:
        _told_once(campaign, "reminded_at", "review_reminded", now)


def _give_notice(campaign: Campaign, now: datetime) -> None:
    """The due day has passed: whoever is silent is told what silence will mean.

    Where the desk was down the notice comes late, and is as long as it was to be.
    """
    if campaign.noticed_at is None and (today := _today(now).date()) > campaign.due_on:
        until = max(campaign.expires_on, days_of_notice(today - timedelta(days=1)))
        _told_once(campaign, "noticed_at", "review_notice", now, expires_on=until)


def _told_once(campaign: Campaign, column: str, kind: str, now: datetime, **beside: date) -> None:
    with writing():
        if Campaign.objects.filter(pk=campaign.pk, **{column: None}).update(**{column: now}, **beside):
            people = tell_owners(campaign, kind)
            record(f"campaign.{column}", actor=SYSTEM, subject=campaign.subject, facts={"people": people})


def _expire(campaign: Campaign, kind: Kind, now: datetime) -> None:
    """After the notice silence is an answer: remove."""
    if _today(now).date() <= campaign.expires_on or campaign.noticed_at is None:
        return
    for pk in list(campaign.lines.filter(state=LineState.OPEN).values_list("pk", flat=True)[:_BATCH]):
        with writing():
            rows = Line.objects.select_for_update(of=("self",)).select_related("campaign")
            line = rows.filter(pk=pk, state=LineState.OPEN).first()
            if line is None:
                continue
            line.state, line.answered_at = LineState.EXPIRED, now
            carried = kind.drop(line, SYSTEM, now)
            line.proposals = [proposal.stored() for proposal in carried.proposals]
            line.settled_at = now if carried.settled else None
            line.save()
            facts = {"campaign": campaign.pk, "key": line.key}
            record("review.expired", actor=SYSTEM, subject=campaign.subject, facts=facts)


def _settle(campaign: Campaign, kind: Kind, now: datetime) -> None:
    """What was to go and is seen gone."""
    dropped = (LineState.DROPPED, LineState.EXPIRED)
    waiting = list(campaign.lines.filter(state__in=dropped, settled_at=None).order_by("pk"))
    if seen := set(kind.settled(waiting)):
        with writing():
            count = Line.objects.filter(pk__in=seen, settled_at=None).update(settled_at=now)
            record("review.settled", actor=SYSTEM, subject=campaign.subject, facts={"lines": count})


def _close(campaign: Campaign, now: datetime) -> None:
    """Nothing is to be answered, and nothing that was to go is still there."""
    unanswered = campaign.lines.filter(state=LineState.OPEN)
    unsettled = campaign.lines.filter(state__in=[LineState.DROPPED, LineState.EXPIRED], settled_at=None)
    if unanswered.exists() or unsettled.exists():
        return
    with writing():
        if Campaign.objects.filter(pk=campaign.pk, closed_at=None).update(closed_at=now):
            record("campaign.closed", actor=SYSTEM, subject=campaign.subject)
