"""Today's operations, the work calendar, its feed, notes for the next shift."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests, shift_notes
from kumoban.desk.calendar_feed import feed_of, make_feed, reader_of
from kumoban.desk.models import FreezePeriod, Hold, Request, Step, Token
from kumoban.desk.sign_in import make_token, revoke_token
from kumoban.desk.today import today_of
from kumoban.desk.work_calendar import Week, monday_of, pieces, week_of
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from tests.integration.conftest import Office

PAY = "410122300001"


def granted(office: Office, **changed: object) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    return made


def planned(office: Office, days: int, hours: int = 2, **changed: object) -> Request:
    """A request for a time to come, waiting for approval."""
    start = database_now().replace(microsecond=0) + timedelta(days=days)
    form = office.form(start=start.isoformat(), until=(start + timedelta(hours=hours)).isoformat(), **changed)
    return requests.ask(office.actor("sato"), "temporary-access", form)


def other(office: Office) -> Request:
    form = {"subject": "ファイアウォール", "what": "443 を開けてください。"}
    return requests.ask(office.actor("ren"), "other-request", form)


# --- today


def test_today_is_the_operations_teams(office: Office) -> None:
    for name in ("sato", "suzuki"):
        with pytest.raises(Refused):
            today_of(office.actor(name))
    today = today_of(office.actor("takahashi"))
    assert (today.tonight, today.ends, today.work, today.notes) == ((), (), (), ())


def test_ends_that_are_due_and_overdue_come_the_earliest_first(office: Office) -> None:
    made = granted(office, workers=["u-sato"])
    Hold.objects.filter(request=made, account_id=PAY).update(ends_at=database_now() - timedelta(hours=1))
    today = today_of(office.actor("takahashi"))
    assert [hold.account_id for hold in today.ends] == [PAY, "410122300002"]
    assert today.figures.overdue_ends == 1


def test_failures_nobody_has_taken_are_counted_and_get_a_target_once_taken(office: Office) -> None:
    made = granted(office, workers=["u-sato"])
    Hold.objects.filter(request=made).update(state="failed")
    today = today_of(office.actor("takahashi"))
    assert (today.figures.trouble, today.figures.unclaimed) == (1, 1)
    taken = requests.assign(office.actor("takahashi"), made.number, assignee="takahashi")
    assert taken.target_at is not None
    today = today_of(office.actor("takahashi"))
    assert (today.figures.trouble, today.figures.unclaimed) == (1, 0)
    Request.objects.filter(pk=made.pk).update(target_at=database_now() - timedelta(hours=1))
    assert today_of(office.actor("takahashi")).figures.past_target == 1


def test_what_needs_a_person_can_be_taken_too_and_past_its_target_comes_first(office: Office) -> None:
    first, late = other(office), other(office)
    made = granted(office, workers=["u-sato"])
    Step.objects.filter(request=made, kind="end").update(needs_a_person=True)
    requests.assign(office.actor("takahashi"), made.number, assignee="takahashi")
    Request.objects.filter(pk=late.pk).update(target_at=database_now() - timedelta(days=1))
    work = [one.number for one in today_of(office.actor("takahashi")).work]
    assert work == [late.number, made.number, first.number]


def test_a_target_that_was_set_stays(office: Office) -> None:
    made = other(office)
    before = made.target_at
    assert requests.assign(office.actor("takahashi"), made.number, assignee="takahashi").target_at == before


# --- notes for the next shift


def test_a_note_stands_until_it_is_taken_off(office: Office) -> None:
    note = shift_notes.leave(office.actor("takahashi"), "edge-prod は様子見")
    assert [one.text for one in today_of(office.actor("takahashi")).notes] == ["edge-prod は様子見"]
    shift_notes.take_off(office.actor("takahashi"), note.pk)
    assert not shift_notes.standing(office.actor("takahashi"))
    with pytest.raises(Refused):
        shift_notes.take_off(office.actor("takahashi"), note.pk)
    kinds = list(Entry.objects.filter(subject=f"shift-note:{note.pk}").order_by("seq").values_list("kind", flat=True))
    assert kinds == ["shift_note.left", "shift_note.taken_off"]
    assert EntryText.objects.filter(entry__kind="shift_note.left").count() == 1


def test_notes_are_written_and_read_by_operations_only(office: Office) -> None:
    shift_notes.leave(office.actor("takahashi"), "x")
    with pytest.raises(Refused):
        shift_notes.leave(office.actor("sato"), "y")
    assert not shift_notes.standing(office.actor("sato"))
    for text in ("", " ", "a\u202eb"):
        with pytest.raises(Refused):
            shift_notes.leave(office.actor("takahashi"), text)


# --- the calendar


def in_range(office: Office, name: str, days: int = 8) -> list[str]:
    now = clock.now()
    return [
        piece.request.number for piece in pieces(office.actor(name), now - timedelta(days=1), now + timedelta(days))
    ]


def test_everybody_sees_the_work_of_requests_they_may_see(office: Office) -> None:
    made = planned(office, 2)
    for name in ("takahashi", "sato", "ren", "suzuki"):
        assert set(in_range(office, name)) == {made.number}
    assert in_range(office, "kim") == []


def test_a_piece_is_a_request_in_an_account_whoever_works_there(office: Office) -> None:
    made = planned(office, 2)
    found = pieces(office.actor("sato"), clock.now(), clock.now() + timedelta(days=5))
    assert [(one.request.number, one.account) for one in found] == [(made.number, PAY), (made.number, "410122300002")]
    assert set(found[0].people) == {"中村 蓮", "佐藤 美咲"}
    assert found[0].waiting


def test_two_requests_at_work_in_one_account_at_one_time_meet(office: Office) -> None:
    one, two = planned(office, 2, accounts=[PAY]), planned(office, 2)
    apart = planned(office, 4, accounts=[PAY])
    found = {
        (p.request.number, p.account): p.meets
        for p in pieces(office.actor("takahashi"), clock.now(), clock.now() + timedelta(days=7))
    }
    assert found[one.number, PAY] == (two.number,)
    assert found[two.number, PAY] == (one.number,)
    assert found[two.number, "410122300002"] == ()
    assert found[apart.number, PAY] == ()


def test_what_touches_does_not_meet(office: Office) -> None:
    start = database_now().replace(microsecond=0) + timedelta(days=2)
    for begin in (start, start + timedelta(hours=1)):
        form = office.form(accounts=[PAY], start=begin.isoformat(), until=(begin + timedelta(hours=1)).isoformat())
        requests.ask(office.actor("sato"), "temporary-access", form)
    found = pieces(office.actor("takahashi"), clock.now(), clock.now() + timedelta(days=7))
    assert [piece.meets for piece in found] == [(), ()]


def test_a_meeting_with_what_one_may_not_see_is_not_told(office: Office) -> None:
    made = planned(office, 2, accounts=[PAY])
    Request.objects.filter(pk=planned(office, 2, accounts=[PAY]).pk).update(requester="u-kim")
    Request.objects.exclude(pk=made.pk).get().workers.set(["u-kim"])
    (piece,) = [one for one in pieces(office.actor("ren"), clock.now(), clock.now() + timedelta(days=7)) if one]
    assert (piece.request.number, piece.meets) == (made.number, ())


def test_work_stands_in_its_own_days_and_what_is_overdue_reaches_to_now(office: Office) -> None:
    made = granted(office, accounts=[PAY], workers=["u-sato"])
    now = clock.now()
    assert pieces(office.actor("takahashi"), now + timedelta(days=7), now + timedelta(days=14)) == []
    Hold.objects.filter(request=made).update(starts_at=now - timedelta(hours=9), ends_at=now - timedelta(hours=8))
    (piece,) = pieces(office.actor("takahashi"), now - timedelta(hours=1), now + timedelta(days=1))
    assert piece.ends_at is not None
    assert piece.ends_at >= now
    assert pieces(office.actor("takahashi"), now + timedelta(days=1), now + timedelta(days=2)) == []


def test_denied_and_withdrawn_work_is_gone_and_ended_work_is_over(office: Office) -> None:
    gone = planned(office, 2)
    requests.withdraw(office.actor("sato"), gone.number)
    assert in_range(office, "takahashi") == []
    made = granted(office, accounts=[PAY], workers=["u-sato"])
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    (piece,) = pieces(office.actor("takahashi"), clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    assert piece.over
    assert (
        pieces(office.actor("takahashi"), clock.now() - timedelta(days=1), clock.now() + timedelta(days=1), over=False)
        == []
    )


def week(office: Office, day: date, **changed: str) -> Week:
    return week_of(office.actor("takahashi"), day, **changed)


def test_a_week_begins_on_monday_and_names_holidays_and_freezes(office: Office) -> None:
    FreezePeriod.objects.create(
        reason="年末", starts_at=datetime(2026, 11, 24, tzinfo=UTC), ends_at=datetime(2026, 11, 25, tzinfo=UTC)
    )
    found = week(office, date(2026, 11, 26))
    assert monday_of(date(2026, 11, 29)) == found.monday == date(2026, 11, 23)
    assert (found.days[0].holiday, found.days[0].business) == ("勤労感謝の日", False)
    assert [bool(day.freezes) for day in found.days] == [False, True, True, False, False, False, False]
    assert week(office, date(2026, 11, 26), language="en").days[0].holiday != "勤労感謝の日"


def test_a_week_is_narrowed_down(office: Office) -> None:
    made = planned(office, 0, hours=1)
    today = clock.now().date()
    whole = [*week(office, today).rows, *week(office, today + timedelta(days=1)).rows]
    assert whole
    assert week(office, today, matching="nothing of that").rows == ()
    assert {row[1] for row in week(office, today, matching=made.number).rows} <= {"payments-prod", "payments-data-prod"}


# --- the feed


def events(office: Office, name: str) -> dict[str, icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(feed_of(office.actor(name)))
    return {str(event["uid"]): event for event in calendar.walk("VEVENT")}


def test_the_feed_holds_what_its_reader_may_see_under_names_that_stay(office: Office) -> None:
    made = planned(office, 2, accounts=[PAY])
    (uid,) = events(office, "sato")
    assert uid.startswith(f"{made.number}.{PAY}@")
    assert events(office, "kim") == {}
    event = events(office, "sato")[uid]
    assert event["dtstart"].dt.utcoffset() == timedelta()
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)
    assert str(event["status"]) == "TENTATIVE"
    requests.withdraw(office.actor("sato"), made.number)
    assert events(office, "sato") == {}


def test_lines_of_the_feed_are_folded_and_end_as_the_standard_says(office: Office) -> None:
    planned(office, 2, accounts=[PAY])
    Person.objects.filter(pk="u-sato").update(display_name="佐藤 " + "美" * 60)
    planned(office, 3, accounts=[PAY], workers=["u-sato"])
    FreezePeriod.objects.create(
        reason="とても長い理由の凍結期間" * 10, starts_at=database_now(), ends_at=database_now() + timedelta(days=1)
    )
    content = feed_of(office.actor("takahashi"))
    lines = content.split(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    assert b"DTSTART:" in content
    assert all(line.endswith(b"Z") for line in lines if line.startswith((b"DTSTART", b"DTEND", b"DTSTAMP")))


def test_a_feed_opens_with_its_own_token_and_with_no_other(office: Office) -> None:
    secret = make_feed(office.actor("sato"))
    reader = reader_of(secret)
    assert reader is not None
    assert reader.person.id == "u-sato"
    with pytest.raises(Refused):
        reader.needs("read")
    assert reader_of(make_token(office.actor("sato").user, "x", ["read", "calendar"])) is None
    assert reader_of("kmb_nothing") is None


def test_a_feed_closes_when_it_is_revoked_or_its_reader_leaves(office: Office) -> None:
    secret, another = make_feed(office.actor("sato")), make_feed(office.actor("sato"))
    revoke_token(office.actor("sato"), Token.objects.order_by("id")[0].pk)
    assert reader_of(secret) is None
    assert reader_of(another) is not None
    Person.objects.filter(pk="u-sato").update(absent_since=database_now())
    assert reader_of(another) is None
