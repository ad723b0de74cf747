"""Opening a campaign: its lines are collected once, and their owners are told once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.notices.events import happened
from kumoban.desk.people import Actor
from kumoban.desk.planning import business_calendar, organisation_zone
from kumoban.desk.requests.guards import checked_text, required_text
from kumoban.ledger.record import record, writing
from kumoban.reviews.kind import kind_of
from kumoban.reviews.models import Campaign, Line
from kumoban.reviews.visible import answerers

__all__ = ["MOST_LINES", "NOTICE_DAYS", "days_of_notice", "open_campaign", "tell_owners"]

#: lines of one campaign
MOST_LINES = 20_000
#: business days between the due day and the day on which silence is an answer
NOTICE_DAYS = 5
_LONGEST = timedelta(days=120)


def open_campaign(
    actor: Actor, kind: str, *, title: str, due_on: date, groups: Iterable[str] = (), said: str = ""
) -> Campaign:
    """For the operations team. Raises Refused: unknown kind or group, a day that is none, nothing to ask about."""
    actor.needs("rules")
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    found = kind_of(kind)
    if found is None:
        raise Refused(Reason("no_such_campaign_kind", {"kind": kind[:40]}), field="kind")
    wanted = list(dict.fromkeys(groups)) or list(found.groups)
    if unknown := [group for group in wanted if group not in found.groups]:
        raise Refused(Reason("no_such_campaign_group", {"group": unknown[0][:40]}), field="groups")
    name, text = required_text(title), checked_text(said)
    expires_on = _expiry(due_on)
    matters = list(found.collect(wanted))
    if not matters:
        raise Refused(Reason("nothing_to_review"))
    if len(matters) > MOST_LINES:
        raise Refused(Reason("too_many_lines", {"most": MOST_LINES, "count": len(matters)}))
    now = clock.now()
    with writing():
        campaign = Campaign.objects.create(
            kind=kind,
            title=name[:200],
            said=text,
            opened_by=actor.person,
            opened_at=now,
            due_on=due_on,
            expires_on=expires_on,
        )
        Line.objects.bulk_create(
            (
                Line(
                    campaign=campaign,
                    key=one.key,
                    group=one.group,
                    title=one.title.stored(),
                    shown=dict(one.shown),
                    person=one.person,
                    team=one.team,
                    about=one.about,
                    account=one.account,
                )
                for one in matters
            ),
            batch_size=500,
        )
        facts = {"kind": kind, "groups": wanted, "lines": len(matters), "due_on": due_on, "expires_on": expires_on}
        record("campaign.opened", actor=actor.id, subject=campaign.subject, facts=facts, texts={"title": name})
        tell_owners(campaign, "review")
    return campaign


def _expiry(due_on: date) -> date:
    calendar, today = business_calendar(), clock.now().astimezone(organisation_zone()).date()
    if not today < due_on <= today + _LONGEST:
        raise Refused(Reason("due_out_of_range", {"days": _LONGEST.days}), field="due_on")
    if not calendar.is_business_day(due_on):
        raise Refused(Reason("not_a_business_day", {"day": due_on.isoformat()}), field="due_on")
    return days_of_notice(due_on)


def days_of_notice(since: date) -> date:
    """The last day on which somebody given notice after the day ``since`` may still answer."""
    calendar, day = business_calendar(), since
    for _ in range(NOTICE_DAYS):
        day = calendar.next_business_day(day)
    return day


def tell_owners(campaign: Campaign, kind: str) -> int:
    """One notice for each person with something to answer, saying how much. How many people."""
    silent = campaign.lines.filter(state="open")
    counted = Counter(person for people in answerers(silent).values() for person in people)
    for person, n in sorted(counted.items()):
        happened(kind, None, by=campaign.opened_by_id, at=clock.now(), person=person, n=n)
    return len(counted)
