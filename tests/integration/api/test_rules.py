"""Rules through the API: who may keep them, what they may say, and what they explain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.desk import office as book
from kumoban.desk.models import Request, Rule
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.conftest import ARN, Office

DENY = {
    "name": "深夜は不可",
    "routine": "temporary-access",
    "effect": "deny",
    "dimensions": {"environment": ["prod"]},
}
ALLOW = {
    "name": "検証は自動",
    "routine": "temporary-access",
    "effect": "allow",
    "who": {"groups": ["team-payments"], "people": ["kim"]},
    "dimensions": {"account": ["ou:ou-prod"], "environment": ["stg"], "permission_set": [ARN]},
    "limits": {"max_minutes": 240},
    "approvers": [{"manager": True}, {"group": "g-ops", "count": 2}, {"people": ["tanaka", "kim"], "count": 1}],
}


def ops(office: Office) -> Caller:
    return Caller(office, "takahashi", "read", "rules")


def test_a_deny_rule_made_by_ops_wins_at_once_and_is_recorded(office: Office) -> None:
    assert ops(office).post("rules", DENY).status_code == 201
    answer = Caller(office, "sato").post("requests", {"routine": "temporary-access", "form": office.form()})
    assert answer.json()["errors"][0]["code"] == "denied_by_rule"
    assert Entry.objects.filter(kind="rule.saved").exists()
    assert not Request.objects.exists()


def test_nobody_else_edits_rules(office: Office) -> None:
    before = Rule.objects.count()
    assert Caller(office, "sato", "read", "rules").post("rules", DENY).status_code == 403
    assert Caller(office, "takahashi", "read").post("rules", DENY).status_code == 403
    assert Rule.objects.count() == before
    assert Entry.objects.filter(kind="attempt.refused", actor="u-sato").exists()


def test_groups_and_people_are_taken_by_name_and_kept_by_id(office: Office) -> None:
    made = ops(office).post("rules", ALLOW).json()
    rule = Rule.objects.get(pk=made["id"])
    assert rule.who == {"groups": ["g-pay"], "people": ["u-kim"]}
    assert rule.approvers[2] == {"people": ["u-tanaka", "u-kim"], "count": 1}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("effect", {"effect": "maybe"}),
        ("routine", {"routine": "tea"}),
        ("routine", {"routine": "other-request"}),
        ("name", {"name": " "}),
        ("who", {"who": {}}),
        ("who.groups", {"who": {"groups": ["nobody-here"]}}),
        ("who.people", {"who": {"people": ["nobody"]}}),
        ("dimensions.enviroment", {"dimensions": {**ALLOW["dimensions"], "enviroment": ["prod"]}}),  # type: ignore[dict-item]
        ("dimensions.environment", {"dimensions": {"account": ["*"], "permission_set": ["*"]}}),
        ("dimensions.account", {"dimensions": {**ALLOW["dimensions"], "account": ["ou:ou-nowhere"]}}),  # type: ignore[dict-item]
        ("dimensions.account", {"dimensions": {**ALLOW["dimensions"], "account": ["999999999999"]}}),  # type: ignore[dict-item]
        ("limits.max_minutes", {"limits": {"max_minutes": 0}}),
        ("limits.max_minutes", {"limits": {"max_minutes": 10081}}),
        ("limits.hours", {"limits": {"hours": 2}}),
        ("approvers.0.count", {"approvers": [{"manager": True, "count": 0}]}),
        ("approvers.0.group", {"approvers": [{"group": "nobody-here"}]}),
        ("approvers.0", {"approvers": [{"count": 1}]}),
        ("approvers.0", {"approvers": [{"people": ["kim"], "count": 2}]}),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_at_its_field(
    office: Office, field: str, changed: dict[str, Any]
) -> None:
    before = Rule.objects.count()
    answer = ops(office).post("rules", {**ALLOW, **changed})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not answer.json()["errors"][0]["detail"].startswith("shape.")
    assert Rule.objects.count() == before


def test_a_change_raises_the_version_and_the_history_says_what_changed(office: Office) -> None:
    made = ops(office).post("rules", ALLOW).json()
    changed = ops(office).put(f"rules/{made['id']}", {**ALLOW, "limits": {"max_minutes": 60}})
    assert changed.json()["version"] == 2
    newest = Caller(office, "kim").get(f"rules/{made['id']}/history").json()[0]
    assert newest["by"] == "u-takahashi"
    assert newest["changed"] == {"limits": {"before": {"max_minutes": 240}, "after": {"max_minutes": 60}}}


def test_a_disabled_rule_allows_nothing_until_it_is_enabled(office: Office) -> None:
    rule = Rule.objects.get()
    assert ops(office).post(f"rules/{rule.pk}/disable", {}).json()["enabled"] is False
    asked = {"routine": "temporary-access", "form": office.form()}
    assert Caller(office, "sato").post("requests", asked).status_code == 403
    ops(office).post(f"rules/{rule.pk}/enable", {})
    assert Caller(office, "sato").post("requests", asked).status_code == 201


def test_a_rule_that_is_not_there_is_not_found(office: Office) -> None:
    assert ops(office).put("rules/9999", ALLOW).status_code == 404
    assert ops(office).get("rules/9999").status_code == 404


def test_the_four_templates_can_be_posted_as_they_are(office: Office) -> None:
    given = ops(office).get("rules/templates").json()
    assert [one["template"] for one in given] == ["dev", "stg", "prod", "emergency"]
    for one in given:
        assert ops(office).post("rules", one["rule"]).status_code == 201


# --- explain

QUESTION = {
    "person": "sato",
    "routine": "temporary-access",
    "values": {"account": ["410122300001"], "permission_set": [ARN]},
    "minutes": 60,
}


def explained(office: Office, **changed: Any) -> Any:
    answer = Caller(office, "kim", "read").post("rules/explain", {**QUESTION, **changed})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_explains_what_is_allowed_and_who_could_approve_now(office: Office) -> None:
    told = explained(office)
    assert told["allowed"] is True
    assert [rule["matched"] for rule in told["rules"]] == [True]
    assert told["approvals"][0]["people"] == ["suzuki", "tanaka"]


def test_it_says_which_part_of_a_rule_did_not_match(office: Office) -> None:
    assert explained(office, person="kim")["rules"][0]["missed"] == ["who", "account"]
    assert explained(office, minutes=121)["rules"][0]["missed"] == ["length"]
    Rule.objects.update(dimensions={"account": ["own-team"], "environment": ["stg"], "permission_set": ["*"]})
    assert explained(office)["rules"][0]["missed"] == ["environment"]
    Rule.objects.update(enabled=False)
    assert "disabled" in explained(office)["rules"][0]["missed"]
    assert explained(office)["allowed"] is False


def test_it_names_the_deny_rule_that_wins(office: Office) -> None:
    ops(office).post("rules", DENY)
    told = explained(office)
    assert told["allowed"] is False
    assert [(rule["effect"], rule["matched"]) for rule in told["rules"]] == [("deny", True), ("allow", True)]
    assert told["reasons"][0]["code"] == "denied_by_rule"


def test_it_shows_who_stands_in_for_an_approver(office: Office) -> None:
    now = database_now()
    book.be_absent(office.actor("tanaka"), delegate="kim", starts_at=now, ends_at=now + timedelta(days=1))
    assert explained(office)["approvals"][0]["delegates"] == [{"person": "kim", "for": "tanaka"}]


def test_a_freeze_speaks_in_the_explanation_too(office: Office) -> None:
    now = database_now()
    book.add_freeze(
        office.actor("takahashi"),
        reason="年末",
        starts_at=now,
        ends_at=now + timedelta(days=1),
        routines=[],
        ou_ids=[],
    )
    assert explained(office)["reasons"][0]["code"] == "frozen"


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("person", {"person": "nobody"}),
        ("values", {"values": {"account": ["999999999999"], "permission_set": ["*"]}}),
        ("values.permission_set", {"values": {"account": ["410122300001"]}}),
        ("minutes", {"minutes": 0}),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(office: Office, field: str, changed: dict[str, Any]) -> None:
    answer = Caller(office, "kim", "read").post("rules/explain", {**QUESTION, **changed})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_rule_is_tried_before_it_is_saved(office: Office) -> None:
    made = Caller(office, "sato", "read", "ask").post(
        "requests", {"routine": "temporary-access", "form": office.form(workers=["u-sato"])}
    )
    told = ops(office).post("rules/what-if", {"rule": DENY}).json()
    assert (told["replayed"], told["refused"], told["rerouted"], told["allowed"], told["unchanged"]) == (1, 1, 0, 0, 0)
    (change,) = told["changes"]
    assert change["request"] == made.json()["number"]
    assert change["requester"] == "佐藤 美咲"
    assert change["before"]["approvals"][0]["names"] == ["team-payments-leads"]
    assert "深夜は不可" in change["after"]["reasons"][0]["detail"]
    assert Rule.objects.count() == 1


def test_trying_needs_what_saving_needs(office: Office) -> None:
    assert Caller(office, "sato", "read", "rules").post("rules/what-if", {"rule": DENY}).status_code == 403
    assert Caller(office, "takahashi", "read").post("rules/what-if", {"rule": DENY}).status_code == 403
    unknown = ops(office).post("rules/what-if", {"rule": DENY, "replaces": 999_999})
    assert unknown.json()["errors"][0]["code"] == "no_such_rule"
    wrong = ops(office).post("rules/what-if", {"rule": {**DENY, "routine": "tea"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "rule.routine"
