"""An other request is one step by hand, and nothing on AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kumoban.desk.routine import Asked
from kumoban.estate.models import Person
from kumoban.routines.other_request.routine import ROUTINE, OtherRequestForm

NOW = datetime(2026, 11, 20, 8, 50, tzinfo=UTC)
ASKED = Asked.by(Person(id="u-a", user_name="a", display_name="a", seen_at=NOW), (), NOW)


def form(**changed: object) -> OtherRequestForm:
    values = {"subject": "DNSの相談", "what": "どのゾーンに置くべきか相談したい", **changed}
    return OtherRequestForm.model_validate(values)


def test_it_is_one_step_by_hand_with_what_was_asked() -> None:
    plan = ROUTINE.plan(form(where="決済本番"), None, ASKED)
    (step,) = plan.steps
    assert step.manual
    assert step.params == {"what": "どのゾーンに置くべきか相談したい", "where": "決済本番"}
    assert plan.window is None


def test_it_needs_no_rule_and_no_approval() -> None:
    assert ROUTINE.open_to_all
    assert ROUTINE.actions == ()


def test_a_wish_for_the_past_is_refused() -> None:
    plan = ROUTINE.plan(form(wanted_by=NOW - timedelta(hours=1)), None, ASKED)
    assert [refusal.code for refusal in plan.refusals] == ["wanted_in_the_past"]
