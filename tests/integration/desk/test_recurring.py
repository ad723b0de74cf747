"""定期申請: asked anew by the desk ahead of each date, once, under the rules of then."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kumoban.core.reason import Refused
from kumoban.desk import clock, recurring, requests
from kumoban.desk.models import Event, Occurrence, RecurringRequest, Request, Rule, User
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.planning import ShapeError
from kumoban.desk.recurring import add_recurring, ask_due, change_recurring
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.conftest import Office


def today() -> Any:
    return clock.now().astimezone(organisation_zone()).date()


def every_business_day(**changed: object) -> dict[str, object]:
    said = {"name": "夜間バッチの確認", "every": "business_day", "at": "26:00", "length": "15分"}
    return {**said, "until": (today() + timedelta(days=60)).isoformat(), **changed}


def form(office: Office) -> dict[str, object]:
    return {name: value for name, value in office.form().items() if name != "until"}


def add(office: Office, **changed: object) -> RecurringRequest:
    return add_recurring(office.actor("sato"), "temporary-access", form(office), every_business_day(**changed))


def codes(row: RecurringRequest) -> list[list[str]]:
    return [[reason["code"] for reason in one.why] for one in row.occurrences.order_by("day")]


def test_each_date_is_asked_ahead_of_time_as_a_request_of_its_own(office: Office) -> None:
    row = add(office)
    asked = ask_due()
    made = list(Request.objects.order_by("id"))
    assert 3 <= asked <= 4 == len(made) or asked == len(made) == 3
    assert all(one.state == "waiting" for one in made), "it gives no authority"
    starts = [one.form["start"] for one in made]
    assert starts == sorted(set(starts))
    assert all(one.requester_id == "u-sato" for one in made)
    assert [one.request_id for one in row.occurrences.order_by("day")] == [one.pk for one in made]
    (first, *_rest) = search(subjects=[row.subject], kind="recurring.asked")
    assert first.facts["request"] in {one.number for one in made}
    requests.approve(office.actor("suzuki"), made[0].number, plan_digest=made[0].plan.digest)


def test_nothing_is_asked_twice(office: Office) -> None:
    add(office)
    asked = ask_due()
    assert ask_due() == 0
    assert Request.objects.count() == asked


def test_two_runners_ask_once(office: Office) -> None:
    add(office)

    def run() -> None:
        try:
            ask_due()
        finally:
            connection.close()

    runners = [threading.Thread(target=run) for _ in range(2)]
    for one in runners:
        one.start()
    for one in runners:
        one.join()
    ask_due()
    days = list(Occurrence.objects.exclude(request=None).values_list("day", flat=True))
    assert len(days) == len(set(days)) == Request.objects.count() > 0


def test_a_runner_that_stops_anywhere_leaves_nothing_double_or_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(office)
    before = recurring.record

    def stop(kind: str, **given: Any) -> Any:
        if kind == "recurring.asked":
            raise SystemExit("killed")
        return before(kind, **given)

    monkeypatch.setattr(recurring, "record", stop)
    with pytest.raises(SystemExit):
        ask_due()
    assert not Request.objects.exists(), "the request and its occurrence are one transaction"
    assert Occurrence.objects.count() == 1
    monkeypatch.setattr(recurring, "record", before)
    assert ask_due() == Request.objects.count() == Occurrence.objects.count()


def test_it_is_decided_under_the_rules_of_then_and_a_refusal_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    row = add(office)
    Rule.objects.update(enabled=False)
    ask_due()
    assert not Request.objects.exists()
    assert codes(row)
    assert all(why == ["no_rule_allows"] or "no_rule_allows" in why for why in codes(row))
    told = Event.objects.filter(kind="recurring_refused")
    assert told.count() == row.occurrences.count()
    assert told.first().params["person"] == "u-sato"  # type: ignore[union-attr]
    Rule.objects.update(enabled=True)
    assert ask_due() == 0, "what was refused was told; the next days are tried anew"


def test_what_needs_no_approval_is_not_held_up(office: Office) -> None:
    Rule.objects.update(approvers=[])
    add(office)
    ask_due()
    assert set(Request.objects.values_list("state", flat=True)) == {"approved"}


def test_it_ends_by_itself_when_its_person_leaves(office: Office) -> None:
    row = add(office)
    Person.objects.filter(pk="u-sato").update(absent_since=database_now())
    assert ask_due() == 0
    row.refresh_from_db()
    assert (row.state, row.why[0]["code"]) == ("ended", "recurring_person_gone")
    assert search(subjects=[row.subject], kind="recurring.ended")[0].facts["why"] == ["recurring_person_gone"]


def test_it_ends_by_itself_when_its_membership_is_lost(office: Office) -> None:
    row = add(office)
    assert row.basis == ["g-pay"]
    Membership.objects.filter(person_id="u-sato").update(absent_since=database_now())
    ask_due()
    row.refresh_from_db()
    assert (row.state, row.why[0]["code"]) == ("ended", "recurring_membership_lost")
    assert not Request.objects.exists()


def test_it_is_paused_resumed_and_ended(office: Office) -> None:
    row, sato = add(office), office.actor("sato")
    change_recurring(sato, row.pk, "pause")
    assert ask_due() == 0
    change_recurring(sato, row.pk, "resume")
    assert ask_due() > 0
    change_recurring(sato, row.pk, "end")
    with pytest.raises(Refused) as refused:
        change_recurring(sato, row.pk, "resume")
    assert refused.value.reasons[0].code == "recurring_state"
    kinds = [entry.kind for entry in search(subjects=[row.subject])]
    assert {"recurring.saved", "recurring.paused", "recurring.active", "recurring.ended"} <= set(kinds)


def test_nobody_else_changes_it_but_operations_may_stop_it(office: Office) -> None:
    row = add(office)
    with pytest.raises(Refused) as refused:
        change_recurring(office.actor("ren"), row.pk, "end")
    assert refused.value.reasons[0].code == "no_such_recurring"
    change_recurring(office.actor("takahashi"), row.pk, "pause")
    with pytest.raises(Refused):
        change_recurring(office.actor("takahashi"), row.pk, "resume")
    assert not recurring.recurring(office.actor("ren")).exists()


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"until": "2020-01-01"}, "until", "recurring_over"),
        ({"until": "2099-01-01"}, "until", "recurring_too_long"),
        ({"until": ""}, "until", "shape.date_from_datetime_parsing"),
        ({"at": "48:00"}, "at", "shape.time_not_understood"),
        ({"length": "むかし"}, "length", "shape.time_not_understood"),
        ({"length": "0分"}, "length", "no_time_at_all"),
        ({"every": "week"}, "weekdays", "recurring_weekday"),
        ({"every": "month_day", "nth": 0}, "nth", "recurring_nth"),
    ],
)
def test_what_cannot_be_is_refused_by_field(office: Office, changed: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(ShapeError) as shape:
        add(office, **changed)
    assert (shape.value.errors[0][0], shape.value.errors[0][1].code) == (field, code)


def test_what_the_rules_would_refuse_today_is_not_saved(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        add(office, length="20h")
    assert refused.value.reasons[0].code == "longer_than_rule"
    assert not RecurringRequest.objects.exists()


def test_a_user_switched_off_asks_for_nothing(office: Office) -> None:
    row = add(office)
    User.objects.filter(pk=row.user_id).update(is_active=False)
    ask_due()
    assert not Request.objects.exists()


def test_a_key_that_a_caller_chose_stops_no_date(office: Office) -> None:
    row = add(office)
    ask_due()
    asked = Request.objects.count()
    day = Occurrence.objects.filter(recurring=row).earliest("day").day
    Occurrence.objects.filter(recurring=row).delete()
    Request.objects.filter(requester=row.person).update(idempotency=None)
    requests.ask(office.actor("sato"), "temporary-access", office.form(), idempotency=f"recurring:{row.pk}:{day}")
    assert ask_due() == asked
