"""The rules' pages: kept by the operations team, read by everybody, nothing typed ever lost."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Rule
from kumoban.estate.models import Group
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import ARN, Office
from tests.integration.web.visitor import signed_in


def typed(**changed: Any) -> dict[str, Any]:
    return {
        "name": "検証は上長",
        "routine": "temporary-access",
        "effect": "allow",
        "groups": ["g-pay"],
        "dimension.account": ["own-team"],
        "dimension.environment": ["prod"],
        "dimension.permission_set": ["*"],
        "max_minutes": "240",
        "manager": "on",
        "approver.0.group": "g-ops",
        "approver.0.people": "",
        "approver.0.count": "1",
        "approver.1.group": "",
        "approver.1.people": "tanaka、kim",
        "approver.1.count": "2",
        "enabled": "on",
        **changed,
    }


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("page", ["/rules", "/rules/new", "/rules/new?template=prod", "/rules/explain"])
def test_the_pages_answer_in_both_languages(office: Office, page: str, language: str) -> None:
    answer = signed_in(office, "takahashi", language).get(page)
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.content.decode()


def test_the_list_says_names_and_never_ids(office: Office) -> None:
    Rule.objects.update(who={"groups": ["g-pay"], "people": ["u-kim"]}, approvers=[{"group": "g-leads", "count": 2}])
    page = signed_in(office, "sato").get("/rules").content.decode()
    for name in (
        "team-payments",
        "Daniel Kim",
        "accounts of one&#x27;s own team",
        "team-payments-leads × 2",
        "2 hours",
    ):
        assert name in page
    for ref in ("g-pay", "u-kim", "g-leads"):
        assert f">{ref}<" not in page


def test_a_template_fills_the_form_and_saves_nothing(office: Office) -> None:
    page = signed_in(office, "takahashi").get("/rules/new?template=prod").content.decode()
    assert 'value="本番は上長+運用"' in page
    assert Rule.objects.count() == 1


def test_ops_save_a_rule_through_the_form(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/rules/new", typed())
    assert answer.status_code == 302
    made = Rule.objects.get(name="検証は上長")
    assert made.who == {"groups": ["g-pay"]}
    assert made.dimensions["account"] == ["own-team"]
    assert made.limits == {"max_minutes": 240}
    assert made.approvers == [
        {"manager": True, "count": 1},
        {"group": "g-ops", "count": 1},
        {"people": ["u-tanaka", "u-kim"], "count": 2},
    ]
    assert Entry.objects.filter(kind="rule.saved", subject=f"rule:{made.pk}", actor="u-takahashi").exists()


def test_the_form_of_a_rule_says_what_the_rule_says(office: Office) -> None:
    client = signed_in(office, "takahashi")
    client.post("/rules/new", typed())
    rule = Rule.objects.get(name="検証は上長")
    page = client.get(f"/rules/{rule.pk}").content.decode()
    assert 'value="tanaka kim"' in page
    assert 'value="240"' in page


CONDITIONS = {
    "week_minutes": "600",
    "hours.0.day": "business",
    "hours.0.start": "09:00",
    "hours.0.until": "18:00",
    "hours.1.day": "every",
    "hours.1.start": "",
    "hours.1.until": "",
    "pair.0.account": "410122300001",
    "pair.0.permission_set": ARN,
    "pair.1.account": "",
    "pair.1.permission_set": "",
    "approver.manager.hours": "4",
    "approver.manager.then_group": "team-payments-leads",
    "approver.0.stage": "2",
    "approver.1.stage": "3",
    "approver.1.hours": "8",
    "approver.1.then_people": "takahashi",
}


def test_hours_weeks_pairs_steps_and_escalation_are_written_and_shown_again(office: Office) -> None:
    client = signed_in(office, "takahashi")
    assert client.post("/rules/new", typed(**CONDITIONS)).status_code == 302
    made = Rule.objects.get(name="検証は上長")
    assert made.limits == {
        "max_minutes": 240,
        "week_minutes": 600,
        "hours": [{"day": "business", "start": "09:00", "until": "18:00"}],
    }
    assert made.pairs == [{"account": "410122300001", "permission_set": ARN}]
    assert made.approvers == [
        {"manager": True, "count": 1, "escalate": {"hours": 4, "group": "g-leads"}},
        {"group": "g-ops", "count": 1, "stage": 2},
        {"people": ["u-tanaka", "u-kim"], "count": 2, "stage": 3, "escalate": {"hours": 8, "people": ["u-takahashi"]}},
    ]
    page = client.get(f"/rules/{made.pk}").content.decode()
    for value in ("09:00", "18:00", "600", "team-payments-leads", "takahashi"):
        assert f'value="{value}"' in page
    assert f'name="pair.0.permission_set" value="{ARN}" checked' in page


def test_the_list_and_the_history_tell_them_in_words(office: Office) -> None:
    client = signed_in(office, "takahashi")
    client.post("/rules/new", typed(**CONDITIONS))
    made = Rule.objects.get(name="検証は上長")
    for address in ("/rules", f"/rules/{made.pk}/history"):
        page = client.get(address).content.decode()
        for words in (
            "business days 09:00–18:00",
            "in a week 10 hours in all",
            "payments-prod (4101-2230-0001) × ProdReadOnly",
            "step 2: ops",
            "(after 4 business hours also team-payments-leads)",
        ):
            assert words in page, (address, words)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hours.0.start": "9"}, "Write a time of day such as 09:00"),
        ({"approver.0.stage": "4"}, "no step between is left out"),
        ({"approver.manager.then_group": ""}, "to whom it goes where nobody answers"),
        ({"pair.0.permission_set": ""}, "A pair names two things."),
    ],
)
def test_a_condition_that_cannot_be_meant_is_shown_again_with_what_is_wrong(
    office: Office, wrong: dict[str, str], words: str
) -> None:
    answer = signed_in(office, "takahashi").post("/rules/new", typed(**CONDITIONS | wrong))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="team-payments-leads"' in page or "approver.manager.then_group" in wrong
    assert Rule.objects.count() == 1


def test_nobody_else_saves_a_rule_and_the_attempt_is_remembered(office: Office) -> None:
    answer = signed_in(office, "sato").post("/rules/new", typed())
    assert answer.status_code == 422
    assert "Only the operations team" in answer.content.decode()
    assert Rule.objects.count() == 1
    assert Entry.objects.filter(kind="attempt.refused", actor="u-sato").exists()


def test_a_rule_that_cannot_be_meant_is_shown_again_as_it_was_typed(office: Office) -> None:
    answer = signed_in(office, "takahashi").post(
        "/rules/new", typed(max_minutes="20000", **{"dimension.environment": [], "approver.1.people": "nobody"})
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "At most 10080." in page
    assert "There is no such person: nobody" in page
    assert 'value="検証は上長"' in page
    assert 'value="20000"' in page
    assert Rule.objects.count() == 1


def test_without_script_a_list_is_narrowed_down_and_nothing_is_saved_or_lost(office: Office) -> None:
    answer = signed_in(office, "takahashi").post(
        "/rules/new", typed(look="people", **{"narrow.people": "Daniel", "people": ["u-ren"]})
    )
    page = answer.content.decode()
    assert "Daniel Kim" in page
    assert 'value="u-ren" checked' in page
    assert "佐藤 美咲" not in page
    assert Rule.objects.count() == 1


def test_with_htmx_only_the_list_comes_back(office: Office) -> None:
    page = signed_in(office, "takahashi").get(
        "/rules/options/people", {"name": "people", "narrow.people": "Daniel", "people": ["u-ren"]}
    )
    assert "Daniel Kim" in page.content.decode()
    assert "<html" not in page.content.decode()


def test_a_rule_is_disabled_and_its_history_says_so(office: Office) -> None:
    client = signed_in(office, "takahashi")
    client.post("/rules/new", typed())
    rule = Rule.objects.get(name="検証は上長")
    client.post(f"/rules/{rule.pk}", typed(max_minutes="60"))
    client.post(f"/rules/{rule.pk}/disable")
    rule.refresh_from_db()
    assert (rule.enabled, rule.version) == (False, 3)
    page = signed_in(office, "kim").get(f"/rules/{rule.pk}/history").content.decode()
    assert "<del>4 hours</del>" in page
    assert "<ins>1 hour</ins>" in page
    assert "<ins>no</ins>" in page
    assert "高橋 健" in page


def test_nobody_else_disables_a_rule(office: Office) -> None:
    rule = Rule.objects.get()
    signed_in(office, "sato").post(f"/rules/{rule.pk}/disable")
    rule.refresh_from_db()
    assert rule.enabled


def test_a_rule_that_is_not_there_is_not_found(office: Office) -> None:
    assert signed_in(office, "takahashi").get("/rules/9999").status_code == 404


def explained(office: Office, **changed: Any) -> str:
    asked = {"person": "sato", "values.account": "410122300001", "values.permission_set": ARN, "minutes": "60"}
    return signed_in(office, "kim").get("/rules/explain", {**asked, **changed}).content.decode()


def test_an_explanation_names_who_could_approve(office: Office) -> None:
    page = explained(office)
    assert "佐藤 美咲 may ask for this" in page
    assert "鈴木 花子、田中 一郎" in page


def test_an_explanation_says_what_did_not_match(office: Office) -> None:
    page = explained(office, person="kim")
    assert "Daniel Kim may not ask for this" in page
    assert "it speaks of other people" in page
    assert "it allows less time" in explained(office, minutes="500")


def test_an_explanation_marks_the_deny_rule_that_wins(office: Office) -> None:
    signed_in(office, "takahashi").post("/rules/new", typed(name="凍結", effect="deny", groups=[]))
    page = explained(office)
    assert "forbids it" in page
    assert "may not ask for this" in page


def test_a_question_that_cannot_be_meant_is_shown_again(office: Office) -> None:
    answer = signed_in(office, "kim").get("/rules/explain", {"person": "nobody", "minutes": "x"})
    assert answer.status_code == 422
    assert "There is no such person: nobody" in answer.content.decode()
    assert "Write a whole number." in answer.content.decode()


def test_the_history_names_the_routine(office: Office) -> None:
    visitor = signed_in(office, "takahashi", "ja")
    visitor.post("/rules/new", typed())
    page = visitor.get(f"/rules/{Rule.objects.latest('id').pk}/history").content.decode()
    assert "<ins>一時アクセス</ins>" in page
    assert "temporary-access" not in page


def many_groups() -> None:
    now = database_now()
    Group.objects.bulk_create(
        Group(id=f"g-{n:04}", name=f"aws-group-{n:04}", description=f"グループ {n:04}", seen_at=now)
        for n in range(3000)
    )


@pytest.mark.parametrize("address", ["/rules/new", "/rules/{rule}", "/office"])
def test_no_page_carries_every_group(office: Office, address: str) -> None:
    many_groups()
    visitor = signed_in(office, "takahashi")
    page = visitor.get(address.format(rule=Rule.objects.get().pk)).content.decode()
    assert len(page) < 150_000
    assert page.count("aws-group-") < 250


def test_an_approving_group_is_found_by_narrowing_down_and_stays(office: Office) -> None:
    many_groups()
    visitor = signed_in(office, "takahashi")
    asked = (
        "/rules/options/groups?name=approver.0.group&none=%E2%80%94&narrow.approver.0.group=2999&approver.0.group=g-ops"
    )
    options = visitor.get(asked).content.decode()
    assert 'type="radio" name="approver.0.group" value="g-2999"' in options
    assert 'value="g-ops" checked' in options
    assert 'value=""' in options
    assert "g-2998" not in options
    page = visitor.get(f"/rules/{Rule.objects.get().pk}").content.decode()
    assert 'type="radio" name="approver.0.group" value="g-leads" checked' in page


def test_a_typed_rule_keeps_the_approving_group_while_looking(office: Office) -> None:
    many_groups()
    form = typed(**{"look": "approver.1.group", "narrow.approver.1.group": "1234"})
    page = signed_in(office, "takahashi").post("/rules/new", form).content.decode()
    assert 'name="approver.0.group" value="g-ops" checked' in page
    assert 'name="approver.1.group" value="g-1234"' in page


def test_a_rule_is_tried_from_its_form_and_nothing_typed_is_lost(office: Office) -> None:
    requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    rule = Rule.objects.get()
    deny = typed(effect="deny", name="止める", look="what-if")
    page = signed_in(office, "takahashi").post("/rules/new", deny).content.decode()
    assert 'data-what-if="refused"' in page
    assert "佐藤 美咲" in page
    assert "The rule “止める” forbids this" in page
    assert 'value="止める"' in page
    assert "Save this rule" in page
    same = typed(approvers="", look="what-if", **{"approver.1.people": "", "approver.1.count": ""})
    assert 'data-what-if="rerouted"' in signed_in(office, "takahashi").post(f"/rules/{rule.pk}", same).content.decode()
    assert Rule.objects.count() == 1


def test_with_a_script_only_the_answer_comes(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/rules/new", typed(look="what-if"), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "None of them would come out otherwise." in answer.content.decode()


def test_what_cannot_be_saved_cannot_be_tried_and_says_why(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/rules/new", typed(look="what-if", name="", max_minutes="0"))
    page = answer.content.decode()
    assert "It cannot be tried yet" in page
    assert Rule.objects.count() == 1


def test_nobody_else_tries_a_rule(office: Office) -> None:
    answer = signed_in(office, "sato").post("/rules/new", typed(look="what-if"), headers={"HX-Request": "true"})
    assert "data-what-if" not in answer.content.decode()
    assert Entry.objects.filter(kind="attempt.refused", actor="u-sato").exists()
