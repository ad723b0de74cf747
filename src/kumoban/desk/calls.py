"""A call to AWS in the record: its intent before it is sent, its outcome whatever that was."""

from __future__ import annotations

from datetime import datetime

from kumoban.core.action import Direction
from kumoban.desk.models import Step
from kumoban.desk.outcome import Next
from kumoban.desk.routine import action_of
from kumoban.desk.states import Phase, StepKind
from kumoban.ledger.record import SYSTEM, record

__all__ = ["direction_of", "intend", "record_call", "withdraw_intent"]


def direction_of(step: Step) -> Direction:
    return "undo" if step.kind == StepKind.END else "apply"


def intend(step: Step, now: datetime) -> Next:
    """The intent is a row and a ledger entry before the call."""
    step.sent_at, step.outstanding = now, True
    record_call(step, "aws.intent")
    return Next(Phase.SEND)


def withdraw_intent(step: Step) -> Next:
    """Intended, and not sent: the lease has too little left. The look is repeated under a new one."""
    step.outstanding = False
    record_call(step, "aws.not_sent")
    return Next(Phase.LOOK)


def record_call(step: Step, kind: str, **facts: str) -> None:
    account, thing = (step.hold.account_id, step.hold.key) if step.hold else (step.account_id, step.thing)
    record(
        kind,
        actor=SYSTEM,
        subject=step.request.number,
        facts={
            "operation": action_of(step.action).call_name(direction_of(step)),
            "account": account,
            "thing": thing,
            "step": step.pk,
            **facts,
        },
    )
