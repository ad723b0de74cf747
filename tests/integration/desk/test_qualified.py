"""移譲の条件: a rule that opens only for who has read the runbook and finished the exercise, lately."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.exercises import confirm_exercise, exercises
from kumoban.desk.explain import Question, explain
from kumoban.desk.handover import performed
from kumoban.desk.models import Exercise, Request, Rule, RunbookReading
from kumoban.desk.planning import ShapeError
from kumoban.desk.rule_book import RuleForm
from kumoban.desk.runbooks import read_runbook, runbook_named
from kumoban.desk.shapes import read
from kumoban.ledger.models import Entry
from tests.integration.conftest import ARN, Office

ACCESS = "temporary-access"


@pytest.fixture
def asking(office: Office) -> Office:
    """The one rule there is asks for a runbook read and an exercise finished within 180 days."""
    Rule.objects.update(limits={"max_minutes": 120, "qualified_days": 180})
    return office


def _read(office: Office, name: str, routine: str = ACCESS) -> None:
    read_runbook(office.actor(name), routine, digest=runbook_named(routine).digest)


def _qualify(office: Office, name: str) -> None:
    _read(office, name)
    confirm_exercise(office.actor("takahashi"), ACCESS, person=name, reference="R-12")


def _codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_who_has_done_neither_is_told_both(asking: Office) -> None:
    with pytest.raises(Refused) as refused:
        requests.ask(asking.actor("sato"), ACCESS, asking.form())
    assert _codes(refused) == {"runbook_unread", "exercise_undone"}
    assert {reason.params["page"] for reason in refused.value.reasons} == {"/runbooks/temporary-access"}


def test_a_runbook_read_is_not_enough(asking: Office) -> None:
    _read(asking, "sato")
    with pytest.raises(Refused) as refused:
        requests.ask(asking.actor("sato"), ACCESS, asking.form())
    assert _codes(refused) == {"exercise_undone"}


def test_it_is_open_to_who_has_done_both_also_for_workers_who_have_not(asking: Office) -> None:
    _qualify(asking, "sato")
    assert requests.ask(asking.actor("sato"), ACCESS, asking.form()).state == "waiting"


def test_both_expire(asking: Office) -> None:
    _qualify(asking, "sato")
    for row in (RunbookReading.objects.get(), Exercise.objects.get()):
        type(row).objects.filter(pk=row.pk).update(at=row.at - timedelta(days=181))
        with pytest.raises(Refused):
            requests.ask(asking.actor("sato"), ACCESS, asking.form())
        type(row).objects.filter(pk=row.pk).update(at=row.at)


def test_another_rule_without_the_condition_still_allows(asking: Office) -> None:
    rule = Rule.objects.get()
    rule.pk, rule.name, rule.limits = None, "誰でも", {"max_minutes": 30}
    rule.save()
    made = requests.ask(asking.actor("sato"), ACCESS, asking.form())
    assert made.plan is not None
    assert [name for _pk, _version, name in made.plan.authority["rules"]] == ["誰でも"]


def test_it_is_decided_again_at_the_approval_and_before_it_is_applied(asking: Office) -> None:
    _qualify(asking, "sato")
    first = requests.ask(asking.actor("sato"), ACCESS, asking.form())
    second = requests.ask(asking.actor("sato"), ACCESS, asking.form(accounts=["410122300001"]))
    requests.approve(asking.actor("suzuki"), first.number, plan_digest=first.plan.digest)
    Exercise.objects.all().delete()
    with pytest.raises(Refused):
        requests.approve(asking.actor("suzuki"), second.number, plan_digest=second.plan.digest)
    asking.runner.drain()
    first.refresh_from_db()
    assert first.state == "refused"
    assert first.why[0]["code"] == "exercise_undone"
    assert not asking.has("410122300001", "u-sato")


def test_the_explanation_says_what_is_missing(asking: Office) -> None:
    question = Question(person="sato", values={"account": ["410122300001"], "permission_set": [ARN]}, minutes=30)
    told = explain(question)
    assert not told.allowed
    assert [placed.missed for placed in told.placed] == [("qualified",)]
    _qualify(asking, "sato")
    assert explain(question).allowed


def test_a_rule_asks_it_of_the_operations_team_too(asking: Office) -> None:
    Rule.objects.update(
        routine="adopt", who={"everyone": True}, dimensions={"account": ["*"]}, limits={"qualified_days": 90}
    )
    told = explain(Question(person="takahashi", routine="adopt", values={"account": ["410122300001"]}))
    assert {"runbook_unread", "exercise_undone"} <= {reason.code for reason in told.decision.refusals}


def test_on_a_practice_desk_ones_own_requests_are_the_exercise(asking: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    _read(asking, "sato")
    Rule.objects.update(limits={"max_minutes": 120})
    made = requests.ask(asking.actor("sato"), ACCESS, asking.form(accounts=["410122300001"]))
    requests.approve(asking.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    asking.runner.drain()
    Rule.objects.update(limits={"max_minutes": 120, "qualified_days": 180})
    with pytest.raises(Refused):
        requests.ask(asking.actor("sato"), ACCESS, asking.form())
    requests.end_early(asking.actor("sato"), made.number)
    asking.runner.drain()
    assert Request.objects.get(pk=made.pk).state == "ended"
    assert requests.ask(asking.actor("sato"), ACCESS, asking.form()).state == "waiting"


def test_reading_and_confirming_are_in_the_ledger(asking: Office) -> None:
    _qualify(asking, "sato")
    entries = dict(Entry.objects.filter(subject="routine:temporary-access").values_list("kind", "actor"))
    assert entries == {"runbook.read": "u-sato", "exercise.confirmed": "u-takahashi"}


def test_another_version_than_the_one_shown_is_not_read(asking: Office) -> None:
    with pytest.raises(Refused) as refused:
        read_runbook(asking.actor("sato"), ACCESS, digest="0" * 64)
    assert _codes(refused) == {"runbook_changed"}


def test_nobody_but_operations_confirms_and_nobody_their_own(asking: Office) -> None:
    for who, person in (("sato", "ren"), ("takahashi", "takahashi")):
        with pytest.raises(Refused):
            confirm_exercise(asking.actor(who), ACCESS, person=person, reference="R-1")
    assert not Exercise.objects.exists()


def test_one_sees_ones_own_exercises_operations_all(asking: Office) -> None:
    _qualify(asking, "sato")
    seen = {name: len(exercises(asking.actor(name), ACCESS)) for name in ("sato", "ren", "takahashi")}
    assert seen == {"sato": 1, "ren": 0, "takahashi": 1}


def test_a_rule_can_ask_it_only_within_400_days(asking: Office) -> None:
    values = {
        "name": "本番",
        "routine": ACCESS,
        "who": {"everyone": True},
        "dimensions": {"account": ["*"], "environment": ["*"], "permission_set": ["*"]},
        "approvers": [{"manager": True}],
    }
    assert read(RuleForm, {**values, "limits": {"qualified_days": 400}}).stored()["limits"] == {"qualified_days": 400}
    for wrong in (0, 401):
        with pytest.raises(ShapeError) as refused:
            read(RuleForm, {**values, "limits": {"qualified_days": wrong}})
        assert refused.value.errors[0][0] == "limits.qualified_days"


def test_who_practised_is_in_the_matrix_apart_from_who_did_it_for_real(asking: Office) -> None:
    office = asking
    other = requests.ask(office.actor("sato"), "other-request", {"subject": "調べて", "what": "ログの場所を調べて"})
    requests.work(office.actor("takahashi"), other.number, text="調べた", minutes=25)
    _read(office, "takahashi")
    rows = {one.routine: one for one in performed(office.actor("takahashi"))}
    real, read_only = rows["other-request"], rows[ACCESS]
    assert (real.times, real.last_at is not None, real.practised_at, real.read_at) == (1, True, None, None)
    assert (read_only.times, read_only.last_at, read_only.read_at is not None) == (0, None, True)


def test_on_a_practice_desk_all_of_it_is_practice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    other = requests.ask(office.actor("sato"), "other-request", {"subject": "調べて", "what": "ログの場所を調べて"})
    requests.work(office.actor("takahashi"), other.number, text="調べた", minutes=25)
    (one,) = performed(office.actor("takahashi"))
    assert (one.times, one.last_at, one.practised_at is not None) == (1, None, True)
