"""人事異動: taken ahead of its day, with a preview of who loses what; a last day caps every grant."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests, staff
from kumoban.desk.models import Hold, Token
from kumoban.desk.people import manager_of
from kumoban.desk.sign_in import make_token
from kumoban.desk.staff.person import leave, sheet_of
from kumoban.desk.staff.taking import end_at_the_last_day
from kumoban.estate.employment import day_of
from kumoban.estate.models import Employment, Person, Team
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office

HEAD = "社員番号,発効日,所属,部門コード,チーム,上長,雇用区分,最終日\n"
NUMBERS = {"sato": "1001", "ren": "1002", "suzuki": "2001", "tanaka": "2002", "takahashi": "3001"}


@pytest.fixture
def office(office: Office) -> Office:
    for name, number in NUMBERS.items():
        Person.objects.filter(user_name=name).update(employee_number=number)
    Team.objects.create(slug="data", name="データ基盤", group_id="g-data", seen_at=database_now())
    return office


def today(days: int = 0) -> str:
    return (day_of(clock.now()) + timedelta(days=days)).isoformat()


def taken(office: Office, *rows: str) -> staff.Preview:
    ops, text = office.actor("takahashi"), HEAD + "\n".join(rows)
    seen = staff.preview(ops, text)
    staff.take(ops, text, digest=seen.table.digest)
    return seen


def test_a_table_is_taken_ahead_and_holds_from_its_day(office: Office) -> None:
    taken(office, f"1001,{today(30)},決済部,D100,決済基盤;データ基盤,2002,正社員,")
    sato = Person.objects.get(user_name="sato")
    assert manager_of(sato) == "u-suzuki"
    Employment.objects.update(valid_from=date.fromisoformat(today()))
    assert manager_of(sato) == "u-tanaka"
    assert Employment.objects.get().teams == ["data", "payments"]


def test_the_same_table_again_changes_nothing(office: Office) -> None:
    row = f"１００１,{today(30).replace('-', '/')},決済部,D100,決済基盤,2002,正社員,"
    taken(office, row)
    again = staff.preview(office.actor("takahashi"), HEAD + row)
    assert [line.change for line in again.table.lines] == ["same"]


def test_who_moves_to_another_team_loses_the_accounts_of_the_old_one_on_that_day(office: Office) -> None:
    taken(office, f"1001,{today(-1)},,,決済基盤,,,")
    seen = taken(office, f"1001,{today()},,,データ基盤,,,")
    assert [(loss.person.user_name, loss.teams) for loss in seen.effects.losses] == [("sato", (("payments", 2),))]
    with pytest.raises(Refused) as refused:
        requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    assert refused.value.reasons[0].code == "no_rule_allows"


def test_hr_never_widens_what_the_directory_gives(office: Office) -> None:
    taken(office, f"3001,{today()},,,決済基盤,,,")
    with pytest.raises(Refused):
        requests.ask(office.actor("takahashi"), "temporary-access", office.form(workers=["u-takahashi"]))


def test_nothing_is_granted_beyond_the_last_day(office: Office) -> None:
    taken(office, f"1002,{today(-10)},,,,,派遣,{today()}")
    until = f"{today(1)}T00:30:00+09:00"
    with pytest.raises(Refused) as refused:
        requests.ask(
            office.actor("sato"), "temporary-access", office.form(start=f"{today(1)}T00:00:00+09:00", until=until)
        )
    assert "contract_ends" in {reason.code for reason in refused.value.reasons}


def test_a_grant_that_outlives_the_last_day_is_ended_with_it_and_that_of_others_is_not(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(until="2h"))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    seen = taken(office, f"1002,{today(-10)},,,,,派遣,{today(-1)}")
    assert seen.effects.losses[0].grants == (made.number,)
    assert end_at_the_last_day() == 1
    office.runner.drain()
    states = set(Hold.objects.filter(request=made).values_list("person_id", "state"))
    assert states == {("u-ren", "ended"), ("u-sato", "active")}
    assert end_at_the_last_day() == 0


def test_what_nobody_could_decide_any_more_is_told_before(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    row = f"2001,{today()},,,,,,{today(5)}"
    ops = office.actor("takahashi")
    assert not staff.preview(ops, HEAD + row).effects.unanswerable  # tanaka is there too
    both = HEAD + row + f"\n2002,{today()},,,,,,{today(5)}"
    assert [(one.what, one.request) for one in staff.preview(ops, both).effects.unanswerable] == [
        (made.number, True),
        ("本番・読み取り", False),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("9999,2027-04-01,,,,,,", "staff_nobody"),
        ("1001,四月,,,,,,", "holiday_not_a_date"),
        ("1001,2027-04-01,,,無い部,,,", "unknown_team"),
        ("1001,2027-04-01,,,,9999,,", "staff_nobody"),
        ("1001,2027-04-01,,,,,社長,", "staff_unknown_kind"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_and_the_others_are_taken(office: Office, row: str, code: str) -> None:
    seen = taken(office, row, f"1002,{today()},,,,,,")
    assert [reason.code for reason in seen.table.lines[0].refused] == [code]
    assert Employment.objects.get().person.user_name == "ren"


def test_what_changed_since_the_preview_is_not_written(office: Office) -> None:
    text = HEAD + f"1001,{today()},,,,,,"
    seen = staff.preview(office.actor("takahashi"), text)
    taken(office, f"1001,{today()},決済部,,,,,")
    with pytest.raises(Refused) as refused:
        staff.take(office.actor("takahashi"), text, digest=seen.table.digest)
    assert refused.value.reasons[0].code == "staff_changed"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_table_may_come_as_any_office_program_saves_it(office: Office, encoding: str) -> None:
    from kumoban.core.spreadsheet import decoded

    text = decoded((HEAD + f"1001,{today()},決済部,,,,,").encode(encoding))
    assert text is not None
    assert len(staff.preview(office.actor("takahashi"), text).table.taken) == 1


def test_only_operations_takes_it(office: Office) -> None:
    for name in ("sato", "suzuki"):
        with pytest.raises(Refused) as refused:
            staff.preview(office.actor(name), HEAD)
        assert refused.value.reasons[0].code == "ops_only"


# --- one person


def test_leaving_ends_all_that_is_theirs_and_leaves_one_request(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    waiting = requests.ask(office.actor("sato"), "temporary-access", office.form())
    make_token(office.actor("sato").user, "mine", ["read"])
    rest = leave(office.actor("takahashi"), "sato")
    office.runner.drain()
    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"
    assert set(Hold.objects.filter(request=made, person_id="u-sato").values_list("state", flat=True)) == {"ended"}
    assert Hold.objects.filter(request=made, person_id="u-ren", state="active").exists()
    assert not Token.objects.filter(user__person_id="u-sato", revoked_at=None).exists()
    assert rest.routine == "other-request"
    assert "team-payments" in rest.reason


@pytest.mark.parametrize("approved", [False, True])
def test_what_others_asked_for_with_them_goes_back_to_whoever_asked(office: Office, approved: bool) -> None:
    start = (clock.now() + timedelta(hours=2)).isoformat()
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(start=start))
    if approved:
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
        office.runner.drain()
    assert [one.number for one in sheet_of(office.actor("takahashi"), "ren").working] == [made.number]
    rest = leave(office.actor("takahashi"), "ren")
    made.refresh_from_db()
    assert (made.state, made.why) == ("returned", [{"code": "worker_leaves", "params": {"person": "中村 蓮"}}])
    assert not made.holds.exclude(state="cancelled").exists()
    assert "他の人の申請 1 件は差戻し" in rest.reason
    again = requests.resubmit(office.actor("sato"), made.number, office.form(workers=["u-sato"]))
    assert again.state == "waiting"
    assert not again.plan.approvals.filter(void_at=None).exists()


def test_a_worker_whom_the_directory_has_no_more_is_refused_before_anything_is_applied(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    Person.objects.filter(pk="u-ren").update(absent_since=clock.now())
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, made.why[0]["code"]) == ("refused", "person_gone")
    assert not office.has("410122300001", "u-sato")


def test_nobody_makes_themselves_leave_and_only_operations_makes_others(office: Office) -> None:
    with pytest.raises(Refused) as own:
        leave(office.actor("takahashi"), "takahashi")
    assert own.value.reasons[0].code == "not_oneself"
    with pytest.raises(Refused) as other:
        leave(office.actor("suzuki"), "sato")
    assert other.value.reasons[0].code == "ops_only"


def test_a_person_sees_their_own_sheet_and_nobody_else_s(office: Office) -> None:
    assert sheet_of(office.actor("sato"), "sato").person.user_name == "sato"
    with pytest.raises(Refused) as refused:
        sheet_of(office.actor("sato"), "ren")
    assert refused.value.reasons[0].code == "no_such_person"
