"""The list of controls: every query runs over real rows, counts what it looked at, and names what is not right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Approval, Hold, Request, Rule
from kumoban.desk.rule_book import save_rule, values_of
from kumoban.estate.models import Assignment, Employment, IamUser, Membership, Person
from kumoban.evidence.audit.conflicts import FEW, conflicts
from kumoban.evidence.audit.controls.listed import CONTROLS, FRAMEWORKS, HOW, OWNERS
from kumoban.evidence.audit.controls.queries import QUERIES, Looked
from kumoban.evidence.audit.controls.running import last_runs, run, run_daily
from kumoban.evidence.audit.models import ControlRun
from kumoban.evidence.audit.room import Period
from kumoban.evidence.matching.models import Session
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import record, writing
from kumoban.ledger.seal import seal_head
from tests.integration.conftest import ARN, Office
from tests.integration.evidence.audit.auditors import WEEK, auditor, guest, rules_recorded
from tests.integration.evidence.audit.test_pack import worked
from tests.integration.web.visitor import signed_in


def now_and_then() -> Period:
    now = database_now()
    return Period(now - WEEK, now + WEEK)


def looked(query: str) -> Looked:
    return QUERIES[query](now_and_then())


def granted(office: Office) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    return made


def test_every_control_names_a_query_that_runs_how_it_is_enforced_and_an_owner(office: Office) -> None:
    worked(office)
    assert {one.query for one in CONTROLS} == set(QUERIES) == set(HOW)
    assert {one.framework for one in CONTROLS} == set(FRAMEWORKS)
    assert {one.owner for one in CONTROLS} <= set(OWNERS)
    assert len({one.key for one in CONTROLS}) == len(CONTROLS)
    for query in QUERIES.values():
        assert query(now_and_then()).count >= 0


def test_what_went_as_it_should_has_no_exception(office: Office) -> None:
    worked(office)
    seal_head()
    wanted = {
        "approved_before_use": 4,
        "nobody_approves_their_own": 1,
        "rules_change_through_the_desk": 1,
        "changes_have_a_request": 8,
        "roles_do_not_meet": 1,
    }
    for query, count in wanted.items():
        assert looked(query) == Looked(count, ()), query
    assert looked("ledger_is_whole").exceptions == ()


def test_a_grant_that_nobody_approved_is_named(office: Office) -> None:
    made = granted(office)
    with writing():
        record("grant.active", actor="desk", subject="R-999", facts={"thing": "sso:u-kim:410122300001:x"})
    assert looked("approved_before_use") == Looked(5, ("R-999 sso:u-kim:410122300001:x",))
    assert made.state == "active"


def test_a_signature_of_a_worker_is_named(office: Office) -> None:
    made = granted(office)
    Approval.objects.update(person_id="u-ren")
    assert looked("nobody_approves_their_own").exceptions == (f"{made.number} u-ren",)


def test_an_end_that_is_late_or_never_seen_is_named(office: Office) -> None:
    made, now = granted(office), database_now()
    Hold.objects.filter(account_id="410122300001").update(ends_at=now - timedelta(hours=1))
    assert looked("ends_are_proven").count == 2
    assert len(looked("ends_are_proven").exceptions) == 2
    assert all(key.startswith(made.number) for key in looked("ends_are_proven").exceptions)


def test_an_emergency_that_nobody_approved_in_time_is_named(office: Office) -> None:
    made = granted(office)
    Request.objects.update(emergency=True, ratification="due", lapses_at=database_now() - timedelta(days=1))
    assert looked("emergencies_are_ratified") == Looked(1, (made.number,))


def test_access_without_end_and_without_an_owner_is_named(office: Office) -> None:
    granted(office)
    Hold.objects.update(ends_at=None)
    assert len(looked("permanent_access_has_an_owner").exceptions) == 4
    Hold.objects.update(owner_id="u-suzuki", review_on=database_now().date() + timedelta(days=90))
    assert looked("permanent_access_has_an_owner") == Looked(4, ())


def test_no_review_for_half_a_year_is_an_exception(office: Office) -> None:
    assert looked("access_was_reviewed").exceptions == ("no_review_closed",)
    with writing():
        record("campaign.closed", actor="desk", subject="campaign:1")
    assert looked("access_was_reviewed") == Looked(1, ())


def test_somebody_who_left_and_still_has_something_is_named(office: Office) -> None:
    now = database_now()
    Assignment.objects.create(
        account_id="410122300001",
        principal_type="USER",
        principal_id="u-kim",
        permission_set_arn=ARN,
        seen_at=now,
    )
    assert looked("leavers_have_nothing") == Looked(0, ())
    Person.objects.filter(pk="u-kim").update(enabled=False)
    assert looked("leavers_have_nothing") == Looked(1, ("u-kim 410122300001",))


def test_a_call_without_an_approved_request_is_named(office: Office) -> None:
    with writing():
        record("aws.intent", actor="desk", subject="R-998", facts={"operation": "create_account_assignment"})
    assert len(looked("changes_have_a_request").exceptions) == 1


def test_ended_grants_without_their_log_are_named(office: Office) -> None:
    worked(office)
    assert looked("sessions_are_kept").count == len(looked("sessions_are_kept").exceptions) == 4


def test_a_session_without_a_request_is_named_until_it_is_explained(office: Office) -> None:
    now = database_now()
    values: dict[str, Any] = {"month": f"{now:%Y-%m}", "key": "k", "kind": "iam_user", "first": now, "last": now}
    session = Session.objects.create(
        account="410122300001", principal="arn:x", outcome="no_request", digest="a", **values
    )
    Session.objects.create(account="410122300001", principal="arn:y", outcome="matched", **values)
    found = looked("sessions_have_a_request")
    assert (found.count, len(found.exceptions)) == (2, 1)
    assert found.exceptions[0].startswith("410122300001 arn:x")
    Session.objects.filter(pk=session.pk).update(digest="d", explained_digest="d")
    assert looked("sessions_have_a_request").exceptions == ()


def test_a_key_that_nobody_used_for_long_is_named(office: Office) -> None:
    now = database_now()
    values: dict[str, Any] = {"account_id": "410122300001", "seen_at": now, "active_keys": 1}
    IamUser.objects.create(arn="arn:old", name="old", created_at=now - timedelta(days=400), **values)
    IamUser.objects.create(arn="arn:new", name="new", created_at=now - timedelta(days=4), **values)
    assert looked("keys_are_used") == Looked(2, ("arn:old",))


# --- conflicts


def kinds(period: Period) -> set[str]:
    return {one.kind for one in conflicts(period)}


def test_a_subordinate_who_approves_for_the_manager_is_found(office: Office) -> None:
    granted(office)
    assert "subordinate_approved" not in kinds(now_and_then())
    Person.objects.filter(pk="u-suzuki").update(manager_id="u-sato")
    found = [one for one in conflicts(now_and_then()) if one.kind == "subordinate_approved"]
    assert [(one.first, one.second) for one in found] == [("u-sato", "u-suzuki")]


def test_the_manager_whom_the_hr_department_names_counts(office: Office) -> None:
    granted(office)
    Person.objects.filter(pk="u-ren").update(employee_number="4711")
    day = database_now().date() - timedelta(days=30)
    Employment.objects.create(person_id="u-suzuki", valid_from=day, manager_number="4711")
    assert "subordinate_approved" in kinds(now_and_then())


def test_two_people_who_always_sign_for_each_other_are_found_from_some_on(office: Office) -> None:
    for n in range(FEW):
        assert "same_pair" not in kinds(now_and_then()), n
        granted(office)
    found = [one for one in conflicts(now_and_then()) if one.kind == "same_pair"]
    assert [(one.first, one.second, len(one.requests)) for one in found] == [("u-sato", "u-suzuki", FEW)]
    requests_made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("tanaka"), requests_made.number, plan_digest=requests_made.plan.digest)
    assert "same_pair" not in kinds(now_and_then())


def test_who_saves_the_rule_under_which_they_sign_is_found(office: Office) -> None:
    Membership.objects.create(person_id="u-suzuki", group_id="g-ops", seen_at=database_now())
    rule = Rule.objects.get()
    save_rule(office.actor("suzuki"), values_of(rule), rule)
    granted(office)
    assert "rule_for_oneself" in kinds(now_and_then())


def test_who_is_in_both_teams_is_found(office: Office) -> None:
    auditor(office)
    assert "two_roles" not in kinds(now_and_then())
    Membership.objects.create(person_id="u-ito", group_id="g-ops", seen_at=database_now())
    assert "two_roles" in kinds(now_and_then())


# --- running them


def test_a_run_is_kept_and_in_the_ledger(office: Office) -> None:
    rules_recorded()
    period = now_and_then()
    run(office.actor(auditor(office)), period)
    assert set(last_runs(office.actor("takahashi"))) == set(QUERIES)
    assert Entry.objects.filter(kind="audit.controls_run", actor="u-ito").exists()


def test_the_desk_runs_them_by_itself(office: Office) -> None:
    run_daily()
    assert {one.by for one in ControlRun.objects.all()} == {"desk"}


@pytest.mark.parametrize("name", ["sato", "takahashi"])
def test_who_is_audited_does_not_run_them(office: Office, name: str) -> None:
    with pytest.raises(Refused):
        run(office.actor(name), now_and_then())


def test_a_guest_runs_them_over_their_period_and_sees_their_own_runs(office: Office) -> None:
    run_daily()
    now = database_now()
    guest(office, since=now - WEEK, until=now + WEEK)
    assert last_runs(office.actor("endo")) == {}
    with pytest.raises(Refused):
        run(office.actor("endo"), Period(now - 3 * WEEK, now))
    run(office.actor("endo"), Period(now - WEEK, now))
    assert set(last_runs(office.actor("endo"))) == set(QUERIES)


def test_the_pages_show_runs_exceptions_and_conflicts_in_both_languages(office: Office) -> None:
    Person.objects.filter(pk="u-suzuki").update(manager_id="u-sato")
    made = granted(office)
    for language, words in (("ja", ("職務分掌", "未実行")), ("en", ("Segregation of duties", "not run yet"))):
        auditor(office)
        client = signed_in(office, "ito", language)
        conflict = client.get("/audit/conflicts").content.decode()
        assert words[0] in conflict
        assert made.number in conflict
        assert words[1] in client.get("/audit/controls").content.decode()
    today = str(database_now().date())
    assert client.post("/audit/controls", {"since": today, "until": today}).status_code == 302
    page = client.get("/audit/controls").content.decode()
    assert "not run yet" not in page
    assert "no_review_closed" in page
