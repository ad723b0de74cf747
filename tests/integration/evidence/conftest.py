"""The small organisation of the tests, with a trail and an operations lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from benchmarks.trail_aws import TrailAws
from kumoban.aws import door as door_module
from kumoban.aws.door import Door
from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.models import Group, Membership
from kumoban.evidence.matching.models import Activity, Month, Session, TrailAccount
from kumoban.evidence.matching.months import bounds, following
from kumoban.evidence.matching.reading import read_trail
from kumoban.evidence.matching.sessions import match_month
from kumoban.evidence.matching.signing import sum_up
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.evidence.trail import PROD

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass
class Matching:
    """The office, the bucket, and what the desk makes of it."""

    office: Office
    aws: TrailAws

    @property
    def now(self) -> datetime:
        return database_now()

    def granted(self) -> Request:
        """Sato has ProdReadOnly in payments-prod."""
        made = requests.ask(
            self.office.actor("sato"), "temporary-access", self.office.form(accounts=[PROD], workers=["u-sato"])
        )
        requests.approve(self.office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
        self.office.runner.drain()
        made.refresh_from_db()
        return made

    def ended(self, made: Request) -> Request:
        requests.end_early(self.office.actor("sato"), made.number)
        self.office.runner.drain()
        made.refresh_from_db()
        return made

    def read(self) -> int:
        return read_trail(timedelta(minutes=1), everything=True)

    def matched(self) -> dict[str, tuple[str, str, str]]:
        """After reading and matching: by name, the kind, the outcome and why."""
        self.read()
        self.match()
        rows = Session.objects.order_by("first")
        return {row.name: (row.kind, row.outcome, row.why["code"]) for row in rows}

    def match(self) -> None:
        for month in sorted({*Activity.objects.values_list("month", flat=True)}):
            match_month(month)
            sum_up(month)

    def last_month(self) -> tuple[str, datetime]:
        """The month before this one in Tokyo, and noon of its tenth day."""
        local = self.now.astimezone(TOKYO)
        month = f"{local.year - 1}-12" if local.month == 1 else f"{local.year}-{local.month - 1:02}"
        return month, bounds(month, TOKYO)[0] + timedelta(days=9, hours=12)

    def settled(self, month: str) -> None:
        """As if everything of the month had been looked for after its end."""
        assert following(month)
        sum_up(month)
        now = database_now()
        TrailAccount.objects.update(swept_at=now, unread=False)
        Month.objects.filter(month=month).update(computed_at=now + timedelta(seconds=1))


@pytest.fixture
def matching(office: Office, monkeypatch: pytest.MonkeyPatch) -> Matching:
    from django.conf import settings

    aws = TrailAws()
    vars(aws).update({name: value for name, value in vars(office.aws).items() if name not in ("files", "_keys")})
    opened = Door(aws)
    monkeypatch.setattr(door_module, "_process_door", lambda _pid: opened)
    monkeypatch.setattr(Door, "itself", lambda self: "arn:aws:iam::410122300009:user/kumoban-desk")
    monkeypatch.setattr(settings, "KUMOBAN_TRAIL_BUCKET", "trail")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("kumoban.evidence.matching.reading._began", lambda: long_ago)
    office.aws = aws
    now = database_now()
    Group.objects.create(id="g-ops-leads", name="ops-leads", seen_at=now)
    Group.objects.create(id="g-auditors", name="auditors", seen_at=now)
    Membership.objects.create(person_id="u-tanaka", group_id="g-ops-leads", seen_at=now)
    Membership.objects.create(person_id="u-tanaka", group_id="g-ops", seen_at=now)
    Membership.objects.create(person_id="u-kim", group_id="g-auditors", seen_at=now)
    return Matching(office, aws)
