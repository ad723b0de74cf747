"""A guest of the audit firm: reads one period until a moment, changes nothing, and is let in by auditors alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.calendar_feed import make_feed
from kumoban.desk.guests.letting_in import end_guest, guests, let_in
from kumoban.desk.guests.models import Guest
from kumoban.desk.models import Request, Rule
from kumoban.desk.planning import ShapeError
from kumoban.desk.recurring import add_recurring, ask_due
from kumoban.desk.rules import visible
from kumoban.desk.sign_in import Subject, user_of_subject
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.desk.test_recurring import every_business_day, form
from tests.integration.evidence.audit.auditors import WEEK, asking, auditor, guest
from tests.integration.web.visitor import signed_in


def asked(office: Office) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form())


def test_auditors_let_in_and_the_ledger_says_who_whom_and_until_when(office: Office) -> None:
    made = guest(office)
    entry = Entry.objects.get(kind="guest.let_in")
    assert (entry.actor, entry.subject) == ("u-ito", "person:u-endo")
    assert made.ends_at.isoformat() in entry.body


@pytest.mark.parametrize("name", ["sato", "suzuki", "takahashi", "kim"])
def test_nobody_else_lets_in_not_even_operations(office: Office, name: str) -> None:
    guest(office)
    with pytest.raises(Refused) as refused:
        let_in(office.actor(name), asking())
    assert refused.value.attempt


def test_a_token_that_only_reads_lets_nobody_in(office: Office) -> None:
    guest(office)
    with pytest.raises(Refused):
        let_in(office.actor("ito", frozenset({"read"})), asking())


def test_nobody_at_work_here_is_made_a_guest_and_so_locked_out(office: Office) -> None:
    auditor(office)
    asked(office)
    for name in ("takahashi", "sato"):
        with pytest.raises(Refused) as refused:
            let_in(office.actor("ito"), asking(person=name))
        assert refused.value.reasons[0].code == "guest_has_a_place"


def test_a_stay_has_an_end_and_not_any_end(office: Office) -> None:
    guest(office)
    now = database_now()
    for wrong in (now - timedelta(minutes=1), now + timedelta(days=500)):
        with pytest.raises(Refused) as refused:
            let_in(office.actor("ito"), asking(ends_at=wrong))
        assert refused.value.field == "ends_at"


def test_a_guest_sees_the_requests_of_the_period_and_no_others(office: Office) -> None:
    made, now = asked(office), database_now()
    guest(office, since=now - WEEK, until=now + WEEK)
    assert list(visible(office.actor("endo"))) == [made]
    Request.objects.update(created_at=now - 4 * WEEK, closed_at=now - 3 * WEEK)
    assert not visible(office.actor("endo")).exists()


def test_the_ledger_s_entries_of_other_times_are_not_shown(office: Office) -> None:
    asked(office)
    now = database_now()
    guest(office, since=now - 3 * WEEK, until=now - WEEK)
    assert Caller(office, "endo", "read").get("ledger").json() == []


def test_a_guest_asks_for_nothing_even_where_a_rule_is_for_everyone(office: Office) -> None:
    from kumoban.desk.models import Rule

    Rule.objects.update(who={"everyone": True}, approvers=[])
    guest(office)
    with pytest.raises(Refused) as refused:
        requests.ask(office.actor("endo"), "temporary-access", office.form(workers=["u-endo"]))
    assert [reason.code for reason in refused.value.reasons] == ["not_for_guests"]
    with pytest.raises(Refused):
        requests.ask(office.actor("endo"), "other-request", {"subject": "a", "what": "b"})


def test_a_guest_put_into_a_group_of_power_gets_none(office: Office) -> None:
    guest(office)
    for group in ("g-ops", "g-audit"):
        Membership.objects.create(person_id="u-endo", group_id=group, seen_at=database_now())
    actor = office.actor("endo")
    assert not actor.ops
    assert not actor.auditor


def test_after_the_end_no_page_and_no_call_is_answered(office: Office) -> None:
    made = guest(office)
    client, caller = signed_in(office, "endo"), Caller(office, "endo", "read")
    assert client.get("/audit").status_code == 200
    assert caller.get("audit/samples").status_code == 200
    Guest.objects.filter(pk=made.pk).update(ends_at=database_now())
    for path in ("/audit", "/ledger", "/", "/ask", "/me"):
        answer = client.get(path)
        assert answer.status_code == 409, path
        assert "あおば監査法人" in answer.content.decode()
    assert caller.get("audit/samples").status_code == 403
    assert caller.get("audit/samples").json()["title"] == "guest_over"


def test_an_auditor_ends_a_stay_at_once(office: Office) -> None:
    made, client = guest(office), signed_in(office, "endo")
    assert signed_in(office, "ito").post(f"/audit/guests/{made.pk}/end").status_code == 302
    assert client.get("/audit").status_code == 409
    assert Entry.objects.filter(kind="guest.ended", actor="u-ito").exists()
    with pytest.raises(Refused):
        end_guest(office.actor("ito"), made.pk)


def test_after_the_end_the_identity_provider_s_word_lets_nobody_in(office: Office) -> None:
    made = guest(office)
    Person.objects.filter(pk="u-endo").update(external_id="endo@firm")
    subject = Subject("oidc", "https://idp.example.jp", "endo@firm")
    assert user_of_subject(subject).person_id == "u-endo"
    end_guest(office.actor("ito"), made.pk)
    with pytest.raises(Refused) as refused:
        user_of_subject(subject)
    assert refused.value.reasons[0].code == "guest_over"


def test_a_new_stay_takes_the_place_of_the_one_before(office: Office) -> None:
    first = guest(office)
    second = let_in(office.actor("ito"), asking(firm="べつの監査法人"))
    first.refresh_from_db()
    assert first.ended_at is not None
    assert [stay.pk for stay in guests(office.actor("ito"))] == [second.pk, first.pk]
    assert signed_in(office, "endo").get("/audit").status_code == 200


def test_what_a_guest_takes_away_is_in_the_ledger(office: Office) -> None:
    guest(office)
    answer = signed_in(office, "endo").get("/ledger/export.csv")
    assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert Entry.objects.filter(kind="audit.downloaded", actor="u-endo", body__contains="/ledger/export.csv").exists()
    Caller(office, "endo", "read").get("ledger")
    assert Entry.objects.filter(kind="audit.downloaded", body__contains="/api/v1/ledger").exists()


def test_the_guest_s_pages_offer_nothing_that_is_closed_to_them(office: Office) -> None:
    made = asked(office)
    guest(office)
    client: Client = signed_in(office, "endo")
    assert client.get("/").headers["Location"] == "/audit"
    page = client.get("/audit").content.decode()
    assert 'href="/ask"' not in page
    assert 'href="/access"' not in page
    assert client.get(f"/requests/{made.number}").status_code == 200


def test_an_address_of_a_calendar_made_before_opens_nothing_for_a_guest(office: Office) -> None:
    guest(office)
    Guest.objects.all().delete()
    secret = make_feed(office.actor("endo"))
    assert Client().get(f"/calendar/{secret}.ics").status_code == 200
    let_in(office.actor("ito"), asking())
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_a_guest_is_told_to_be_one(office: Office) -> None:
    guest(office)
    me = Caller(office, "endo", "read").get("me").json()
    assert (me["guest"], me["auditor"], me["ops"]) == (True, False, False)


def test_a_refused_page_is_an_attempt_in_the_ledger(office: Office) -> None:
    guest(office)
    assert signed_in(office, "endo").get("/accounts").status_code == 409
    assert Entry.objects.filter(kind="attempt.refused", actor="u-endo").exists()


ANYWHERE = {"account": ["*"], "environment": ["*"], "permission_set": ["*"]}


def test_a_guest_is_given_no_access(office: Office) -> None:
    Rule.objects.update(who={"everyone": True}, dimensions=ANYWHERE, approvers=[])
    guest(office)
    with pytest.raises(ShapeError) as wrong:
        requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-endo"]))
    assert [(name, reason.code) for name, reason in wrong.value.errors] == [("workers", "unknown_person")]


def test_a_guest_is_no_approver(office: Office) -> None:
    guest(office)
    Rule.objects.update(approvers=[{"people": ["u-endo"], "count": 1}])
    with pytest.raises(Refused) as refused:
        asked(office)
    assert {reason.code for reason in refused.value.reasons} == {"nobody_can_approve"}


def test_who_became_a_guest_asks_for_nothing_any_more(office: Office) -> None:
    Rule.objects.update(who={"everyone": True}, dimensions=ANYWHERE)
    guest(office)
    Guest.objects.all().delete()  # before they are let in
    mine = {**form(office), "workers": ["u-endo"]}
    add_recurring(office.actor("endo"), "temporary-access", mine, every_business_day())
    let_in(office.actor("ito"), asking())
    ask_due()
    assert not Request.objects.filter(requester_id="u-endo").exists()


def test_a_request_s_page_tells_a_guest_nothing_from_after_their_period(office: Office) -> None:
    made = asked(office)
    guest(office, since=database_now() - WEEK, until=database_now())
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="期間の後のことば")
    assert "期間の後のことば" not in Caller(office, "endo", "read").get("ledger").content.decode()
    page = signed_in(office, "endo").get(f"/requests/{made.number}").content.decode()
    assert made.number in page
    assert "期間の後のことば" not in page
