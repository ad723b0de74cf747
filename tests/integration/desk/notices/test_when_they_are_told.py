"""When people are told: at once, after their quiet hours, or in one message at 8:50 of the next business day."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.models import CompanyHoliday, Notice, NoticeSettings, Request, SlackLink
from kumoban.desk.notices.kinds import KINDS
from kumoban.desk.notices.readers import readers
from kumoban.desk.notices.wishes import NoticeWishes, standing_of, wish
from kumoban.desk.planning import ShapeError
from kumoban.desk.shapes import read
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post

TOKYO = ZoneInfo("Asia/Tokyo")
CALENDAR = BusinessCalendar(zone=TOKYO)


def wants(**chosen: object) -> None:
    NoticeSettings.objects.update_or_create(person_id="u-suzuki", defaults=chosen)


def told_at(kind: str, at: datetime, lapses: datetime | None = None) -> datetime:
    reader = readers(["u-suzuki"])["u-suzuki"]
    return reader.when(KINDS[kind], at, CALENDAR, lapses).astimezone(TOKYO)


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026: the 23rd is a national holiday, a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (tokyo(24, 23), tokyo(25, 7)),
        (tokyo(25, 3), tokyo(25, 7)),
        (tokyo(25, 7), tokyo(25, 7)),
        (tokyo(24, 12), tokyo(24, 12)),
    ],
)
def test_quiet_hours_go_over_midnight(office: Office, at: datetime, expected: datetime) -> None:
    wants(quiet_from=time(22), quiet_to=time(7))
    assert told_at("decide", at) == expected


def test_what_is_urgent_breaks_quiet_hours(office: Office) -> None:
    wants(quiet_from=time(22), quiet_to=time(7), digest=True)
    assert told_at("ops_overdue", tokyo(25, 3)) == tokyo(25, 3)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (tokyo(24, 8, 30), tokyo(24, 8, 50)),
        (tokyo(24, 8, 50), tokyo(25, 8, 50)),
        (tokyo(20, 17, 50), tokyo(24, 8, 50)),  # Friday evening before a long weekend
    ],
)
def test_the_digest_comes_ten_minutes_before_the_office_opens(office: Office, at: datetime, expected: datetime) -> None:
    wants(digest=True)
    assert told_at("returned", at) == expected


def test_what_would_lapse_before_the_digest_comes_at_once(office: Office) -> None:
    wants(digest=True)
    assert told_at("decide", tokyo(24, 17), lapses=tokyo(24, 21)) == tokyo(24, 17)
    assert told_at("decide", tokyo(24, 17), lapses=tokyo(25, 21)) == tokyo(25, 8, 50)


def test_what_is_of_no_use_tomorrow_is_in_no_digest(office: Office) -> None:
    wants(digest=True)
    assert told_at("ending_soon", tokyo(24, 17)) == tokyo(24, 17)


def test_a_digest_is_one_mail_with_everything_that_still_matters(office: Office, post: Post) -> None:
    CompanyHoliday.objects.all().delete()
    wants(digest=True)
    made = [requests.ask(office.actor("sato"), "temporary-access", office.form()) for _ in range(3)]
    Request.objects.update(lapses_at=database_now() + timedelta(days=20))
    post.round()
    assert not post.mail.to("suzuki")
    requests.withdraw(office.actor("sato"), made[1].number)
    mine = Notice.objects.filter(person_id="u-suzuki")
    assert mine.exclude(bundle="").count() == 3
    mine.update(due="2020-01-01T00:00:00Z")
    post.round()
    [mail] = post.mail.to("suzuki")
    text = mail.get_body(("plain",)).get_content()
    assert made[0].number in text
    assert made[2].number in text
    assert made[1].number not in text
    assert "お知らせ 2 件" in mail["Subject"]
    assert mine.filter(sent_at__isnull=False).count() == 2


def test_a_digest_sent_again_is_the_same_mail(office: Office, post: Post) -> None:
    wants(digest=True)
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    Request.objects.update(lapses_at=database_now() + timedelta(days=20))
    post.round()
    mine = Notice.objects.filter(person_id="u-suzuki")
    for _ in range(2):
        mine.update(due="2020-01-01T00:00:00Z", sent_at=None)
        post.round()
    first, second = post.mail.to("suzuki")
    assert first["Message-ID"] == second["Message-ID"]


def test_one_channel_always_stays(office: Office, post: Post) -> None:
    actor = office.actor("suzuki")
    with pytest.raises(Refused, match="no_channel_left"):
        wish(actor, NoticeWishes(mail=False))
    wish(actor, NoticeWishes(quiet_from="22:00", quiet_to="07:00", digest=True))
    assert standing_of(actor).wishes.quiet_to == "07:00"
    assert Entry.objects.filter(kind="person.notice_settings", actor="u-suzuki").exists()


def test_mail_may_go_where_slack_is_linked(office: Office, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_SLACK_BOT_TOKEN", "xoxb-1")
    SlackLink.objects.create(person_id="u-suzuki", team="T1", slack_user="U1", channel="D1", at=clock.now())
    wish(office.actor("suzuki"), NoticeWishes(mail=False))
    assert readers(["u-suzuki"])["u-suzuki"].lanes == ["slack"]
    SlackLink.objects.all().delete()  # what went away leaves nobody untold
    assert readers(["u-suzuki"])["u-suzuki"].lanes == ["mail"]


@pytest.mark.parametrize("wrong", [{"quiet_from": "22:00"}, {"quiet_from": "25:00", "quiet_to": "7:00"}, {"x": 1}])
def test_half_a_quiet_time_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        read(NoticeWishes, wrong)


def test_who_has_no_address_is_reached_by_nothing(office: Office, post: Post) -> None:
    Person.objects.filter(pk="u-suzuki").update(email="")
    assert readers(["u-suzuki"])["u-suzuki"].lanes == []
