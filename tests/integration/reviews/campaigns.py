"""A campaign with one line, as somebody of operations would have opened it."""

from __future__ import annotations

from datetime import date, timedelta

from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.reviews.models import Campaign, Line

__all__ = ["campaign_line", "next_business_day"]


def next_business_day(after: int = 10) -> date:
    """The first business day at least so many days from now."""
    today = clock.now().astimezone(organisation_zone()).date()
    return business_calendar().next_business_day(today + timedelta(days=after - 1))


def campaign_line(**changed: object) -> Line:
    due_on = next_business_day()
    campaign = Campaign.objects.create(
        kind="recertification",
        title="上期の棚卸し",
        opened_by=Person.objects.get(user_name="takahashi"),
        opened_at=database_now(),
        due_on=due_on,
        expires_on=due_on + timedelta(days=9),
    )
    values = {
        "key": "membership:g-pay:u-ren",
        "group": "memberships",
        "title": Reason("review_membership", {"person": "中村 蓮", "group": "payments"}).stored(),
        "team": "payments",
        "about": "u-ren",
    }
    return Line.objects.create(campaign=campaign, **{**values, **changed})
