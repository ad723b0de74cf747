"""Rules as a file: taken out, held against what holds now, saved whole or not at all."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kumoban.core.plain_yaml import load
from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Rule
from kumoban.desk.planning import ShapeError
from kumoban.desk.rule_book import history_of, save_rule, values_of
from kumoban.desk.rule_file import RuleFile, apply_rules, export_rules, plan_rules
from kumoban.estate.models import Group
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office

NEW = {"name": "凍結", "routine": "temporary-access", "effect": "deny", "dimensions": {"environment": ["prod"]}}


def taken_out() -> dict[str, Any]:
    told = export_rules()
    return copy.deepcopy({"base": told["base"], "rules": told["rules"]})


def test_the_text_is_the_rules_with_names_beside_the_ids(office: Office) -> None:
    told = export_rules()
    assert load(told["text"]) == {"base": told["base"], "rules": told["rules"]}
    assert '"g-pay"  # team-payments' in told["text"]


def test_what_was_taken_out_changes_nothing_also_where_what_it_names_is_gone(office: Office) -> None:
    Group.objects.filter(id="g-pay").update(absent_since=database_now())
    plan, found = plan_rules(office.actor("takahashi"), RuleFile(**taken_out()))
    assert plan.nothing
    assert not plan.stale
    assert found.replayed == 0


def test_a_plan_tells_each_field_and_which_requests_it_would_mean(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    file = taken_out()
    file["rules"][0]["limits"] = {"max_minutes": 5}
    file["rules"].append(NEW)
    plan, found = plan_rules(office.actor("takahashi"), RuleFile(**file))
    assert [change.values["name"] for change in plan.added] == ["凍結"]
    assert [change.differing for change in plan.changed] == [{"limits": ({"max_minutes": 120}, {"max_minutes": 5})}]
    assert [change.asking.number for change in found.changes] == [made.number]
    assert Rule.objects.get().limits == {"max_minutes": 120}


def test_a_file_is_saved_whole_and_every_rule_of_it_recorded(office: Office) -> None:
    old = Rule.objects.get()
    file = {"base": export_rules()["base"], "rules": [NEW]}
    apply_rules(office.actor("takahashi"), RuleFile(**file))
    old.refresh_from_db()
    assert (old.enabled, old.version) == (False, 2)
    assert Rule.objects.get(name="凍結").enabled
    assert history_of(old)[0].by == "u-takahashi"
    assert Entry.objects.filter(kind="rule.saved").count() == 2
    assert Entry.objects.filter(kind="rules.applied").count() == 1


def test_an_entry_with_only_its_id_stays_as_it_is(office: Office) -> None:
    rule = Rule.objects.get()
    plan, _found = plan_rules(office.actor("takahashi"), RuleFile(base="", rules=[{"id": rule.pk}]))
    assert plan.nothing


def test_rules_that_changed_meanwhile_are_not_overwritten(office: Office) -> None:
    file = taken_out()
    file["rules"].append(NEW)
    rule = Rule.objects.get()
    save_rule(None, {**values_of(rule), "name": "別名"}, rule)
    with pytest.raises(Refused) as refused:
        apply_rules(office.actor("takahashi"), RuleFile(**file))
    assert refused.value.reasons[0].code == "rules_changed_meanwhile"
    assert Rule.objects.get().name == "別名"


def test_one_wrong_rule_saves_none_and_is_named_by_its_place(office: Office) -> None:
    file = taken_out()
    file["rules"] += [NEW, {**NEW, "routine": "tea"}]
    with pytest.raises(ShapeError) as refused:
        apply_rules(office.actor("takahashi"), RuleFile(**file))
    assert [name for name, _reason in refused.value.errors] == ["rules.2.routine"]
    assert Rule.objects.count() == 1


@pytest.mark.parametrize("entries", [[{"id": 999}], [{"id": "1"}]])
def test_a_rule_that_is_not_there_is_refused(office: Office, entries: list[dict[str, Any]]) -> None:
    with pytest.raises(ShapeError):
        plan_rules(office.actor("takahashi"), RuleFile(base="", rules=entries))


def test_only_the_operations_team_plans_and_saves_a_file(office: Office) -> None:
    for act in (plan_rules, apply_rules):
        with pytest.raises(Refused) as refused:
            act(office.actor("sato"), RuleFile(**taken_out()))
        assert refused.value.reasons[0].code == "ops_only"
