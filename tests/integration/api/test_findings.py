"""Findings through the API and the command line, under the rules of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office
from tests.integration.findings.noticing import opened
from tests.integration.web.test_findings_pages import drift


def test_the_list_is_paged_and_one_finding_has_its_proposals(office: Office) -> None:
    one = drift()
    for n in range(55):
        opened(f"k{n}", severity=1)
    ops = Caller(office, "takahashi")
    page = ops.get("findings").json()
    assert page["findings"][0]["id"] == one.pk
    assert page["findings"][0]["severity"] == "high"
    rest = ops.get("findings", after=page["next"]).json()
    assert (len(page["findings"]) + len(rest["findings"]), rest["next"]) == (56, None)
    found = ops.get(f"findings/{one.pk}").json()
    assert {proposal["routine"] for proposal in found["proposals"]} == {"other-request", "adopt"}
    assert found["proposals"][1]["form"] == {"accounts": ["410122300001"]}


def test_deciding_needs_the_scope_and_a_place_in_the_team(office: Office) -> None:
    one = drift()
    until = str(database_now().date() + timedelta(days=3))
    assert Caller(office, "ren", "read").post(f"findings/{one.pk}/acknowledge", {}).status_code == 403
    assert Caller(office, "kim").post(f"findings/{one.pk}/acknowledge", {}).status_code == 404
    made = Caller(office, "ren").post(f"findings/{one.pk}/snooze", {"until": until, "comment": "金曜に見る"}).json()
    assert (made["state"], made["decided_by"], made["said"]) == ("snoozed", "ren", "金曜に見る")
    assert Caller(office, "ren").post(f"findings/{one.pk}/reopen", {}).json()["state"] == "open"
    refused = Caller(office, "ren").post(f"findings/{one.pk}/suppress", {"until": until, "reason": ""})
    assert refused.status_code in (409, 422)


def test_today_counts_them(office: Office) -> None:
    drift()
    assert Caller(office, "takahashi").get("today").json()["findings"] == {"standing": 1, "high": 1, "new": 1}


def test_the_command_line_lists_shows_and_decides(office: Office, live_server: Any) -> None:
    one = drift()
    terminal = Terminal(live_server.url, office, "ren", "read", "ask", "approve")
    listed = terminal.run("findings", "list", "--severity", "high").output
    assert "High" in listed
    assert "ProdReadOnly" in listed
    shown = terminal.run("findings", "show", str(one.pk)).output
    assert "Have it removed (kumoban request other-request)" in shown
    assert "acknowledged" in terminal.json("findings", "acknowledge", str(one.pk))["state"]
    until = str(database_now().date() + timedelta(days=3))
    put_off = terminal.json("findings", "suppress", str(one.pk), "--until", until, "--reason", "移行中")
    assert (put_off["state"], put_off["said"]) == ("suppressed", "移行中")
    assert terminal.run("findings", "list").output.strip() == "Nothing fits."
    assert terminal.json("findings", "reopen", str(one.pk))["state"] == "open"
