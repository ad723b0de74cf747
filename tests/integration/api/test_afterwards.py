"""An emergency through the API."""

from __future__ import annotations

from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.desk.test_afterwards import emergency_rule


def test_an_emergency_is_asked_for_and_approved_afterwards(office: Office) -> None:
    emergency_rule()
    asking, leading = Caller(office, "sato"), Caller(office, "suzuki")
    body = {"routine": "temporary-access", "form": office.form(), "emergency": True}
    assert asking.post("requests/preview", body).json()["refusals"] == []
    made = asking.post("requests", body).json()
    office.runner.drain()
    shown = asking.get(f"requests/{made['number']}").json()
    assert (shown["state"], shown["emergency"], shown["ratification"]) == ("active", True, "due")
    assert [one["number"] for one in leading.get("requests", waiting_for_me=True).json()] == [made["number"]]
    sealed = leading.post(f"requests/{made['number']}/approve", {"plan": shown["plan"]["digest"]}).json()
    assert sealed["ratification"] == "ratified"


def test_without_a_rule_for_it_an_emergency_is_refused(office: Office) -> None:
    body = {"routine": "temporary-access", "form": office.form(), "emergency": True}
    answer = Caller(office, "sato").post("requests", body)
    assert (answer.status_code, answer.json()["title"]) == (403, "no_rule_allows")
