"""The plans of a request through the API, and what differs between two of them."""

from __future__ import annotations

from kumoban.desk import requests
from kumoban.desk.models import Request
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def corrected(office: Office) -> Request:
    """Asked, returned, and asked again for less."""
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="1 アカウントで足りるはずです")
    changed = office.form(accounts=["410122300001"], until="30m", reason="決済エラーの再調査", workers=["u-sato"])
    return requests.resubmit(office.actor("sato"), made.number, changed)


def test_all_plans_are_listed_with_their_seals_and_why_they_fell(office: Office) -> None:
    made = corrected(office)
    newest, first = Caller(office, "sato").get(f"requests/{made.number}/plans").json()
    assert (newest["ordinal"], first["ordinal"]) == (2, 1)
    assert first["void_at"] is not None
    assert newest["void_at"] is None


def test_a_comparison_says_in_words_what_differs(office: Office) -> None:
    made = corrected(office)
    told = Caller(office, "sato").get(f"requests/{made.number}/plans/compare", **{"from": 1, "to": 2}).json()
    codes = {change["code"] for change in told["changes"]}
    assert codes == {"changed_reason", "changed_window", "changed_workers", "step_removed"}
    reason = next(change for change in told["changes"] if change["code"] == "changed_reason")
    assert (reason["before"], reason["after"]) == (["決済エラーの調査"], ["決済エラーの再調査"])


def test_a_stranger_sees_no_plans(office: Office) -> None:
    made = corrected(office)
    assert Caller(office, "kim").get(f"requests/{made.number}/plans").status_code == 404


def test_a_plan_there_never_was_is_not_found(office: Office) -> None:
    made = corrected(office)
    answer = Caller(office, "sato").get(f"requests/{made.number}/plans/compare", **{"from": 1, "to": 7})
    assert answer.status_code == 404
