"""The company's auditor, a guest of the audit firm, and a period that holds everything."""

from __future__ import annotations

from datetime import datetime, timedelta

from kumoban.desk.guests.letting_in import GuestForm, let_in
from kumoban.desk.guests.models import Guest
from kumoban.desk.models import Rule
from kumoban.desk.rule_book import save_rule, values_of
from kumoban.estate.models import Group, Membership, Person
from kumoban.evidence.audit.sampling import SampleForm
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office

__all__ = ["WEEK", "asking", "auditor", "form", "guest", "rules_recorded"]

WEEK = timedelta(days=7)


def auditor(office: Office) -> str:
    """The name of one of the company's own auditors."""
    now = database_now()
    Group.objects.get_or_create(id="g-audit", defaults={"name": "auditors", "seen_at": now})
    person = {"user_name": "ito", "display_name": "伊藤 直樹", "seen_at": now}
    Person.objects.get_or_create(id="u-ito", defaults=person)
    Membership.objects.get_or_create(person_id="u-ito", group_id="g-audit", defaults={"seen_at": now})
    return "ito"


def guest(office: Office, *, since: datetime | None = None, until: datetime | None = None) -> Guest:
    """Somebody of the audit firm, let in by the auditor for a week."""
    now = database_now()
    person = {"user_name": "endo", "display_name": "遠藤 (監査法人)", "seen_at": now}
    Person.objects.get_or_create(id="u-endo", defaults=person)
    return let_in(office.actor(auditor(office)), asking(since=since or now - WEEK, until=until or now + WEEK))


def asking(**changed: object) -> GuestForm:
    now = database_now()
    values = {
        "person": "endo",
        "firm": "あおば監査法人",
        "since": now - WEEK,
        "until": now + WEEK,
        "ends_at": now + WEEK,
    }
    return GuestForm.model_validate({**values, **changed})


def form(**changed: object) -> SampleForm:
    now = database_now()
    return SampleForm.model_validate({"since": now - WEEK, "until": now + WEEK, **changed})


def rules_recorded() -> None:
    """The rules of the fixture, saved as everybody's are: with an entry."""
    for rule in Rule.objects.all():
        save_rule(None, values_of(rule), rule)
