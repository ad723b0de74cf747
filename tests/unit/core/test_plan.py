"""Plans are pure data: what is stored reads back to the same plan, whoever reads it and when."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from kumoban.core.plan import MANUAL, Plan, PlannedStep
from kumoban.core.reason import Reason
from tests.unit.core.test_signing import plans, steps


@settings(max_examples=40)
@given(plans)
def test_a_stored_plan_reads_back_to_itself(plan: Plan) -> None:
    assert Plan.from_stored(json.loads(json.dumps(plan.stored()))).stored() == plan.stored()


@settings(max_examples=40)
@given(steps)
def test_a_stored_step_reads_back_equal(step: PlannedStep) -> None:
    assert PlannedStep.from_stored(json.loads(json.dumps(step.stored()))) == step


def test_refusals_are_not_stored_because_a_refused_plan_never_is() -> None:
    assert "refusals" not in Plan((), refusals=(Reason("no"),)).stored()


@pytest.mark.parametrize(("action", "manual"), [(MANUAL, True), ("identity_center.assign/1", False)])
def test_a_manual_step_is_known_by_its_action(action: str, manual: bool) -> None:
    assert PlannedStep(action, Reason("t")).manual is manual
