"""Opening a campaign: its lines are collected once, and their owners are told once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import checked_text, required_text
from kumoban.estate.models import Person
from kumoban.ledger.record import SYSTEM, record, writing
from kumoban.reviews.kind import Kind, Matter, kind_of
from kumoban.reviews.models import Campaign, Line
from kumoban.reviews.visible import answerers

__all__ = ["MOST_LINES", "NOTICE_DAYS", "days_of_notice", "open_by_itself", "open_campaign", "tell_owners"]

#: lines of one campaign
MOST_LINES = 20_000
#: business days between the due day and the day on which silence is an answer
NOTICE_DAYS = 5
_LONGEST = timedelta(days=120)
#: business days to answer what the desk asks by itself
_FORTNIGHT = 10


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
    asked = _Asked(found, required_text(title), due_on, _expiry(due_on), wanted, checked_text(said))
    return _open(asked, list(found.collect(wanted)), actor.person, actor.id)


def open_by_itself(kind: Kind, group: str, keys: Collection[str], *, title: str, by: Person) -> Campaign:
    """What its day of review has come for: the desk asks about it, with a fortnight to answer."""
    calendar, day = business_calendar(), clock.now().astimezone(organisation_zone()).date()
    for _ in range(_FORTNIGHT):
        day = calendar.next_business_day(day)
    matters = [matter for matter in kind.collect([group]) if matter.key in keys]
    return _open(_Asked(kind, title, day, days_of_notice(day), [group]), matters, by, SYSTEM)


@dataclass(frozen=True)
class _Asked:
    kind: Kind
    title: str
    due_on: date
    expires_on: date
    groups: Sequence[str]
    said: str = ""


def _open(asked: _Asked, matters: Sequence[Matter], by: Person, recorded_by: str) -> Campaign:
    if not matters:
        raise Refused(Reason("nothing_to_review"))
    if len(matters) > MOST_LINES:
        raise Refused(Reason("too_many_lines", {"most": MOST_LINES, "count": len(matters)}))
    with writing():
        campaign = Campaign.objects.create(
            kind=asked.kind.name,
            title=asked.title[:200],
            said=asked.said,
            opened_by=by,
            opened_at=clock.now(),
            due_on=asked.due_on,
            expires_on=asked.expires_on,
        )
        Line.objects.bulk_create((_line(campaign, one) for one in matters), batch_size=500)
        facts = {
            "kind": asked.kind.name,
            "groups": list(asked.groups),
            "lines": len(matters),
            "due_on": asked.due_on,
            "expires_on": asked.expires_on,
        }
        texts = {"title": asked.title}
        record("campaign.opened", actor=recorded_by, subject=campaign.subject, facts=facts, texts=texts)
        tell_owners(campaign, "review")
    return campaign


def _line(campaign: Campaign, one: Matter) -> Line:
    return Line(
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
