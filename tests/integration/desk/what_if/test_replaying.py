"""What-if: what was asked for, decided again by the rules as they are and as they would be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import ExtraField, PastAccess, Request, Rule
from kumoban.desk.rule_book import RuleForm
from kumoban.desk.shapes import read
from kumoban.desk.what_if import Trial, WhatIf, what_if
from kumoban.estate.models import Membership
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import ARN, Office

#: the rule of the office, as a form
RULE: dict[str, Any] = {
    "name": "本番・読み取り",
    "routine": "temporary-access",
    "who": {"groups": ["g-pay"]},
    "dimensions": {"account": ["own-team"], "environment": ["prod"], "permission_set": ["*"]},
    "limits": {"max_minutes": 120},
    "approvers": [{"group": "g-leads"}],
}
DENY = {"name": "凍結", "routine": "temporary-access", "effect": "deny", "dimensions": {"account": ["410122300002"]}}


def ask(office: Office, **changed: Any) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"], **changed))


def tried(office: Office, rule: dict[str, Any], *, new: bool = False, days: int = 90) -> WhatIf:
    replaces = None if new else Rule.objects.get().pk
    return what_if(office.actor("takahashi"), Trial(rule=read(RuleForm, rule), replaces=replaces, days=days))


def test_a_deny_rule_says_which_requests_it_would_have_refused_and_why(office: Office) -> None:
    both, first = ask(office), ask(office, accounts=["410122300001"])
    found = tried(office, DENY, new=True)
    assert (found.replayed, found.unchanged) == (2, 1)
    assert found.counts == {"refused": 1, "rerouted": 0, "allowed": 0}
    (change,) = found.changes
    assert change.asking.number == both.number != first.number
    assert change.before.allowed
    assert [(reason.code, reason.params["rule"]) for reason in change.after.refusals] == [("denied_by_rule", "凍結")]
    assert found.named("410122300002") == "payments-data-prod"
    assert found.named("u-sato") == "佐藤 美咲"


def test_nothing_is_saved_by_trying(office: Office) -> None:
    ask(office)
    entries = Entry.objects.count()
    tried(office, DENY, new=True)
    assert Rule.objects.count() == 1
    assert Entry.objects.count() == entries


def test_other_approvers_are_a_change_and_other_names_are_none(office: Office) -> None:
    ask(office)
    assert tried(office, {**RULE, "name": "別名"}).unchanged == 1
    found = tried(office, {**RULE, "approvers": [{"group": "g-ops"}]})
    assert found.counts["rerouted"] == 1
    (change,) = found.changes
    assert ([slot.refs for slot in change.before.slots], [slot.refs for slot in change.after.slots]) == (
        [("g-leads",)],
        [("g-ops",)],
    )


def test_a_shorter_limit_refuses_what_was_longer(office: Office) -> None:
    ask(office, until="15m")
    ask(office, until="1h")
    found = tried(office, {**RULE, "limits": {"max_minutes": 30}})
    assert found.counts["refused"] == 1
    assert found.changes[0].after.refusals[0].code == "longer_than_rule"


def test_what_today_s_rules_would_refuse_is_told_where_it_would_be_allowed_again(office: Office) -> None:
    ask(office)
    Rule.objects.update(enabled=False)
    found = tried(office, {**RULE, "approvers": []})
    assert found.counts == {"refused": 0, "rerouted": 0, "allowed": 1}
    assert found.changes[0].before.refusals[0].code == "no_rule_allows"


def test_disabling_a_rule_is_tried_like_any_change(office: Office) -> None:
    ask(office)
    assert tried(office, {**RULE, "enabled": False}).counts["refused"] == 1


def test_decisions_use_today_s_memberships(office: Office) -> None:
    ask(office)
    Membership.objects.filter(person_id="u-sato").delete()
    assert tried(office, DENY, new=True).unchanged == 1  # refused already, as things are


def test_only_the_last_days_are_replayed(office: Office) -> None:
    old = ask(office)
    Request.objects.filter(pk=old.pk).update(created_at=database_now() - timedelta(days=8))
    assert tried(office, DENY, new=True, days=7).replayed == 0
    assert tried(office, DENY, new=True, days=9).replayed == 1


def test_a_field_that_nobody_filled_refuses_where_the_rule_asks_for_it(office: Office) -> None:
    ExtraField.objects.create(routine="temporary-access", key="ticket", label_ja="決裁番号", label_en="Decision")
    requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]), extra={"ticket": "K-1"})
    without = ask(office)
    found = tried(office, {**RULE, "fields": ["ticket"]})
    assert [change.asking.number for change in found.changes] == [without.number]
    assert found.changes[0].after.refusals[0].code == "field_required_by_rule"


def test_access_of_before_the_desk_is_replayed_too(office: Office) -> None:
    now = database_now()
    PastAccess.objects.create(
        source="csv", key="1", person_id="u-sato", account_id="410122300002", permission_set_arn=ARN, imported_at=now,
        starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1),
    )  # fmt: skip
    found = tried(office, DENY, new=True)
    assert [(change.kind, change.asking.number) for change in found.changes] == [("refused", "")]


@pytest.mark.parametrize("name", ["sato", "suzuki"])
def test_only_the_operations_team_tries_rules(office: Office, name: str) -> None:
    with pytest.raises(Refused) as refused:
        what_if(office.actor(name), Trial(rule=read(RuleForm, DENY)))
    assert refused.value.reasons[0].code == "ops_only"
