"""Adopting what exists: asked by operations, approved by a second of them, marked with an owner; AWS untouched."""

from __future__ import annotations

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.access import who_has_access
from kumoban.desk.models import Hold, Request, Rule
from kumoban.desk.routine import Asked, routine_of
from kumoban.estate.access import Wanted
from kumoban.estate.models import Account, Assignment, Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.conftest import ARN, Office
from tests.integration.web.visitor import signed_in

PROD, DATA, SANDBOX = "410122300001", "410122300002", "410122300077"


@pytest.fixture
def office_of_two(office: Office) -> Office:
    """A second ops member, and assignments that nobody asked the desk for."""
    now = database_now()
    Membership.objects.create(person_id="u-kim", group_id="g-ops", seen_at=now)
    office.aws.members.setdefault("g-ops", set()).add("u-kim")
    Account.objects.create(id=SANDBOX, name="sandbox", status="ACTIVE", environment="dev", seen_at=now)
    for kind, principal, account in (("USER", "u-sato", PROD), ("GROUP", "g-pay", DATA), ("USER", "u-kim", SANDBOX)):
        Assignment.objects.create(
            principal_type=kind, principal_id=principal, account_id=account, permission_set_arn=ARN, seen_at=now
        )
    return office


def ask(office: Office, who: str = "takahashi", **changed: object) -> Request:
    form = {"owner": ["u-takahashi"], "reason": "11/24 に一覧を確認した", **changed}
    return requests.ask(office.actor(who), "adopt", form)


def approved(office: Office, made: Request, by: str = "kim") -> Request:
    requests.approve(office.actor(by), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    made.refresh_from_db()
    return made


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def adopted() -> set[tuple[str, str, str]]:
    rows = Assignment.objects.exclude(adopted_request="")
    return set(rows.values_list("account_id", "owner_team", "owner_person"))


def test_what_is_there_is_marked_with_its_owner_and_aws_is_not_touched(office_of_two: Office) -> None:
    calls = dict(office_of_two.aws.calls)
    made = approved(office_of_two, ask(office_of_two))
    assert made.state == "done"
    assert adopted() == {(PROD, "payments", ""), (DATA, "payments", ""), (SANDBOX, "", "u-takahashi")}
    changed = {name for name in office_of_two.aws.calls if office_of_two.aws.calls[name] != calls.get(name)}
    assert changed == {"list_group_memberships_for_member"}  # authority is read live, as always
    assert not Hold.objects.exists()
    assert Entry.objects.filter(kind="access.adopted", subject=made.number).count() == 3


def test_the_plan_says_account_by_account_what_is_marked_and_whose_it_will_be(office_of_two: Office) -> None:
    made = ask(office_of_two)
    page = signed_in(office_of_two, "kim", "ja").get(f"/requests/{made.number}").content.decode()
    assert "payments-prod:割り当て 1 件(人 1、グループ 0)、所有者 決済基盤" in page
    assert "sandbox" in page
    assert "AWS には何も変更しません" in page
    assert "初めて" not in page
    assert signed_in(office_of_two, "kim").get("/inbox").status_code == 200


def test_only_operations_ask_and_the_plan_is_not_even_shown_to_others(office_of_two: Office) -> None:
    with pytest.raises(Refused) as refused:
        ask(office_of_two, "sato")
    assert codes(refused) == {"ops_only"}
    sato = Caller(office_of_two, "sato")
    shown = sato.post("requests/preview", {"routine": "adopt", "form": {"reason": "見たいだけです"}})
    assert shown.status_code == 403
    assert sato.get("routines/adopt/choices/accounts").json() == []
    assert "/ask/adopt" not in signed_in(office_of_two, "sato").get("/ask").content.decode()
    assert "/ask/adopt" in signed_in(office_of_two, "takahashi").get("/ask").content.decode()


def test_a_second_ops_member_approves_and_nobody_else(office_of_two: Office) -> None:
    made = ask(office_of_two)
    for name in ("takahashi", "suzuki"):
        with pytest.raises(Refused):
            approved(office_of_two, made, name)
    assert approved(office_of_two, made).state == "done"


def test_alone_in_the_team_nothing_can_be_asked(office_of_two: Office) -> None:
    Membership.objects.filter(person_id="u-kim", group_id="g-ops").delete()
    with pytest.raises(Refused) as refused:
        ask(office_of_two)
    assert codes(refused) == {"nobody_can_approve"}


def test_no_rule_lifts_it_but_a_rule_may_forbid_or_ask_for_more(office_of_two: Office) -> None:
    adopt = routine_of("adopt")
    assert adopt is not None
    rule = Rule.objects.create(
        name="全員に", routine="adopt", effect="allow", who={"everyone": True}, dimensions={"account": ["*"]},
        limits={}, approvers=[], changed_at=database_now(),
    )  # fmt: skip
    sato, ops = Person.objects.get(pk="u-sato"), Person.objects.get(pk="u-takahashi")

    def decided(person: Person) -> rules.Decision:
        asked = Asked.by(person, [person], database_now())
        return rules.decide(adopt, person, asked.workers, [{"account": PROD}], asked.now, None)

    assert [reason.code for reason in decided(sato).refusals] == ["ops_only"]
    assert [(slot.refs, slot.count) for slot in decided(ops).slots] == [(("g-ops",), 1)]
    Rule.objects.filter(pk=rule.pk).update(approvers=[{"group": "g-leads", "count": 1}])
    assert [slot.refs for slot in decided(ops).slots] == [("g-ops",), ("g-leads",)]
    Rule.objects.filter(pk=rule.pk).update(effect="deny")
    assert [reason.code for reason in decided(ops).refusals] == ["denied_by_rule"]


def test_an_assignment_more_is_another_plan(office_of_two: Office) -> None:
    made = ask(office_of_two)
    Assignment.objects.create(
        principal_type="USER", principal_id="u-ren", account_id=PROD, permission_set_arn=ARN, seen_at=database_now()
    )
    assert approved(office_of_two, made).state == "waiting"
    assert adopted() == set()


def test_what_the_desk_granted_is_left_and_what_goes_is_forgotten(office_of_two: Office) -> None:
    granted = requests.ask(
        office_of_two.actor("sato"), "temporary-access", office_of_two.form(accounts=[DATA], workers=["u-sato"])
    )
    requests.approve(
        office_of_two.actor("suzuki"), granted.number, plan_digest=granted.plan.digest if granted.plan else ""
    )
    office_of_two.runner.drain()
    office_of_two.scan(DATA, minutes_later=1)
    approved(office_of_two, ask(office_of_two))
    row = Assignment.objects.get(account_id=DATA, principal_type="USER")
    assert (row.absent_since, row.adopted_request) == (None, "")
    office_of_two.scan(PROD, minutes_later=2)  # AWS has it no more
    assert Assignment.objects.get(account_id=PROD).adopted_request == ""


def test_an_account_without_a_team_needs_an_owner_and_a_second_time_there_is_nothing(office_of_two: Office) -> None:
    with pytest.raises(Refused) as refused:
        ask(office_of_two, owner=[])
    assert codes(refused) == {"no_owner"}
    assert ask(office_of_two, owner=[], accounts=["payments-prod"]).state == "waiting"
    approved(office_of_two, ask(office_of_two))
    with pytest.raises(Refused) as nothing:
        ask(office_of_two)
    assert codes(nothing) == {"nothing_to_adopt"}


def test_who_has_access_tells_what_is_adopted_and_what_is_not(office_of_two: Office) -> None:
    made = approved(office_of_two, ask(office_of_two, accounts=[PROD], owner=[]))
    ops = office_of_two.actor("takahashi")
    [known] = who_has_access(ops, Wanted(adopted="yes")).rows
    assert (known.line.adopted, known.line.owner) == (made.number, "決済基盤")
    rest = who_has_access(ops, Wanted(adopted="no")).rows
    assert {row.line.account for row in rest} == {"payments-data-prod", "sandbox"}
    page = signed_in(office_of_two, "takahashi", "ja").get("/access", {"adopted": "yes"}).content.decode()
    assert f'取り込み済み <a class="mono" href="/requests/{made.number}">' in page
    assert Caller(office_of_two, "takahashi").get("access", adopted="yes").json()["lines"][0]["owner"] == "決済基盤"
