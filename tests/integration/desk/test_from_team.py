"""TEAM's export as rules and history: never wider than it was, and what is not carried over is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from kumoban.desk.from_team import history_rows, propose, read_export
from kumoban.desk.models import PastAccess, Rule
from kumoban.estate.models import Account, OrganizationalUnit
from kumoban.ledger.clock import database_now
from tests.integration.cli.test_machine import run
from tests.integration.conftest import ARN, Office

PROD, DATA, DEEP = "410122300001", "410122300002", "410122300033"


def tagged(value: Any) -> Any:
    """As DynamoDB writes it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, dict):
        return {"M": {name: tagged(one) for name, one in value.items()}}
    if isinstance(value, list):
        return {"L": [tagged(one) for one in value]}
    return {"NULL": True} if value is None else {"S": value}


def item(**fields: Any) -> dict[str, Any]:
    return {name: tagged(value) for name, value in fields.items()}


def eligibility(**changed: Any) -> dict[str, Any]:
    fields = {
        "id": "g-pay",
        "name": "team-payments",
        "type": "Group",
        "accounts": [{"name": "payments-prod", "id": PROD}],
        "ous": [],
        "permissions": [{"name": "ProdReadOnly", "id": ARN}],
        "approvalRequired": True,
        "duration": "4",
        "ticketNo": None,
        **changed,
    }
    return item(**fields)


APPROVERS = item(id=PROD, name="payments-prod", type="Account", approvers=["leads"], groupIds=["g-leads"])
OF_THE_OU = item(id="ou-prod", name="Production", type="OU", approvers=["ops", "gone"], groupIds=["g-ops", "g-gone"])
SETTINGS = item(id="settings", duration="2", expiry="3", approval=True, slackToken="xoxb-secret", ticketNo=True)
REQUEST = item(
    id="req-1", email="sato@example.jp", username="idc_sato", accountId=PROD, accountName="payments-prod",
    role="ProdReadOnly", roleId=ARN, startTime="2026-10-01T01:00:00.000Z", duration="1", status="ended",
    justification="調査", approver="suzuki",
)  # fmt: skip
SESSION = item(id="s-1", username="idc_sato", accountId=PROD, role="ProdReadOnly", expireAt="1", queryId="q")


def export(folder: Path, *items: dict[str, Any]) -> Path:
    """As "Export to S3" leaves it."""
    data = folder / "AWSDynamoDB" / "01-abc" / "data"
    data.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(json.dumps({"Item": one}) for one in items)
    (data / "x7y.json.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "AWSDynamoDB" / "01-abc" / "manifest-summary.json").write_text("{}")
    return folder


def proposed(folder: Path, *items: dict[str, Any], nested: bool = False) -> Any:
    return propose(read_export(export(folder, *items)), nested=nested)


@pytest.fixture
def estate(office: Office) -> Office:
    now = database_now()
    deep = OrganizationalUnit.objects.create(
        id="ou-deep", name="Deep", parent_id="ou-prod", id_path="r-1/ou-prod/ou-deep", seen_at=now
    )
    Account.objects.create(id=DEEP, name="deep", status="ACTIVE", ou=deep, seen_at=now)
    return office


def test_an_eligibility_becomes_a_rule_with_its_approvers_and_the_shorter_time(estate: Office, tmp_path: Path) -> None:
    [rule] = proposed(tmp_path, eligibility(), APPROVERS, SETTINGS).rules
    assert rule.values["who"] == {"groups": ["g-pay"]}
    assert rule.values["dimensions"] == {"account": [PROD], "environment": ["*"], "permission_set": [ARN]}
    assert rule.values["limits"] == {"max_minutes": 120}
    assert rule.values["approvers"] == [{"group": "g-leads", "count": 1}]


def test_an_ou_means_its_direct_accounts_and_only_on_request_what_is_below(estate: Office, tmp_path: Path) -> None:
    of_ou = eligibility(accounts=[], ous=[{"name": "Production", "id": "ou-prod"}])
    [exact] = proposed(tmp_path, of_ou, OF_THE_OU).rules
    assert sorted(exact.values["dimensions"]["account"]) == [PROD, DATA]
    [wide] = proposed(tmp_path, of_ou, OF_THE_OU, nested=True).rules
    assert wide.values["dimensions"]["account"] == ["ou:ou-prod"]


def test_accounts_with_other_approvers_become_other_rules_and_several_groups_are_told(
    estate: Office, tmp_path: Path
) -> None:
    both = eligibility(accounts=[{"id": PROD}, {"id": DATA}])
    rules = {
        rule.values["dimensions"]["account"][0]: rule for rule in proposed(tmp_path, both, APPROVERS, OF_THE_OU).rules
    }
    assert rules[DATA].values["approvers"] == [{"group": "g-ops", "count": 1}]
    assert [note.code for note in rules[PROD].notes] == ["team_one_group"]
    assert rules[DATA].notes == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": "g-gone"}, "team_unknown_principal"),
        ({"id": "u-nobody", "type": "User"}, "team_unknown_principal"),
        ({"accounts": [{"id": "999999999999"}]}, "unknown_account"),
        ({"ous": [{"id": "ou-gone"}]}, "unknown_ou"),
        ({"permissions": [{"id": "arn:gone"}]}, "unknown_permission_set"),
        ({"duration": "?"}, "team_no_duration"),
        ({"accounts": [{"id": DATA}]}, "team_no_approver"),
    ],
)
def test_what_cannot_be_carried_over_is_refused_by_name(
    estate: Office, tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    found = proposed(tmp_path, eligibility(**changed), APPROVERS)
    assert (("team-payments", code)) in {(name, why.code) for name, why in found.refused}


def test_without_approval_there_nobody_approves_here(estate: Office, tmp_path: Path) -> None:
    [rule] = proposed(tmp_path, eligibility(approvalRequired=False)).rules
    assert rule.values["approvers"] == []
    [off] = proposed(tmp_path, eligibility(), item(id="settings", duration="2", expiry="3", approval=False)).rules
    assert off.values["approvers"] == []


def test_the_slack_token_is_never_read_and_the_rest_is_told(estate: Office, tmp_path: Path) -> None:
    found = read_export(export(tmp_path, SETTINGS, SESSION, item(what="else")))
    assert "xoxb" not in repr(found)
    assert (len(found.settings), len(found.sessions), found.unknown) == (1, 1, 1)
    assert {note.code for note in propose(found).notes} == {"team_ticket", "team_settings_left", "team_sessions_left"}


def test_files_of_a_scan_and_broken_ones_are_understood_or_named(estate: Office, tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text(json.dumps({"Items": [eligibility(), REQUEST], "Count": 2}))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "broken.json.gz").write_bytes(b"not gzip")
    found = read_export(tmp_path)
    assert (len(found.eligibility), len(found.requests)) == (1, 1)
    assert found.unread == ["broken.json", "broken.json.gz"]


def test_requests_become_history_as_they_were_said(estate: Office, tmp_path: Path) -> None:
    broken = {**REQUEST, **item(id="req-2", startTime="soon")}
    rows, refused = history_rows(read_export(export(tmp_path, REQUEST, broken)))
    assert [(row.person, row.said["status"], (row.ends_at - row.starts_at).seconds) for row in rows] == [
        ("idc_sato", "ended", 3600)
    ]
    assert [(name, why.code) for name, why in refused] == [("req-2", "past_no_time")]


def test_the_command_shows_first_and_makes_disabled_rules_once(estate: Office, tmp_path: Path) -> None:
    folder = str(export(tmp_path, eligibility(), eligibility(id="g-gone", name="消えた"), APPROVERS, SETTINGS, REQUEST))
    shown = run("import", "team", folder, language="ja").output
    for text in ("TEAM: team-payments (1)", "✕ 消えた", "チケット番号", "--apply"):
        assert text in shown
    assert not Rule.objects.filter(name__startswith="TEAM").exists()
    assert not PastAccess.objects.exists()
    told = json.loads(run("import", "team", folder, "--apply", "--json").output)
    assert (told["made"], told["new"]) == (1, 1)
    rule = Rule.objects.get(name="TEAM: team-payments (1)")
    assert (rule.enabled, rule.limits) == (False, {"max_minutes": 120})
    assert PastAccess.objects.get().outcome == "approval"
    again = json.loads(run("import", "team", folder, "--apply", "--json").output)
    assert (again["made"], again["new"]) == (0, 0)
    assert "already" in json.dumps(again["refused"])


def test_rules_may_be_made_enabled(estate: Office, tmp_path: Path) -> None:
    run("import", "team", str(export(tmp_path, eligibility(), APPROVERS)), "--apply", "--enable")
    assert Rule.objects.get(name="TEAM: team-payments (1)").enabled
