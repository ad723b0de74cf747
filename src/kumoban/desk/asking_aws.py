"""One turn of a grant's step at AWS: one question or one mutating call. Nothing here touches the database."""

from __future__ import annotations

from dataclasses import replace

from kumoban.aws.door import Pass
from kumoban.aws.errors import AwsError
from kumoban.core.action import Action, Direction, Progress
from kumoban.desk.calls import direction_of
from kumoban.desk.models import Step
from kumoban.desk.outcome import Outcome
from kumoban.desk.routine import action_of
from kumoban.desk.states import Phase

__all__ = ["perform"]


def perform(step: Step, aws: Pass) -> Outcome:
    """One question or one mutating call, as the step's phase says; where an end gets stuck, also why."""
    outcome = _asked(step, aws)
    if direction_of(step) == "undo" and outcome.stuck and (step.phase != Phase.POLL or outcome.error is None):
        return replace(outcome, unreachable=action_of(step.action).unreachable(aws, step.params))
    return outcome


def _asked(step: Step, aws: Pass) -> Outcome:
    action, direction = action_of(step.action), direction_of(step)
    try:
        match step.phase:
            case Phase.SEND:
                return Outcome(started=action.send(aws, step.params, direction))
            case Phase.POLL:
                return Outcome(progress=_progress(step, aws, action, direction))
            case Phase.RECOVER:
                seen = action.look(aws, step.params)
                return Outcome(seen=seen, pending=action.pending(aws, step.params))
            case _:
                return Outcome(seen=action.look(aws, step.params))
    except AwsError as error:
        return Outcome(error=error)


def _progress(step: Step, aws: Pass, action: Action, direction: Direction) -> Progress:
    """Cheaply while all goes well; after any trouble exactly, with AWS's reason."""
    if step.attempts:
        return action.poll(aws, step.params, step.operation, direction)
    over = action.over(aws, step.params, step.operation, direction)
    return Progress("over" if over else "in_progress")
