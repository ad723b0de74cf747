"""What may begin under AWS's limits: ten at once, one an account, ends before all else."""

from __future__ import annotations

from kumoban.desk.models import Step
from kumoban.desk.room import Room
from kumoban.desk.states import StepKind


def step(pk: int, kind: StepKind, lock: str = "") -> Step:
    return Step(pk=pk, kind=kind, lock_key=lock, rank={"end": 0, "apply": 2}.get(kind, 3))


def room(left: int | None = 10, **held: int) -> Room:
    return Room({f"sso:account:{account}": pk for account, pk in held.items()}, left)


def test_two_steps_on_one_account_do_not_begin_together() -> None:
    asked = room()
    assert asked.takes(step(1, StepKind.END, "sso:account:a"))
    assert not asked.takes(step(2, StepKind.APPLY, "sso:account:a"))


def test_ten_begin_and_the_eleventh_waits() -> None:
    asked = room(10)
    begun = [asked.takes(step(pk, StepKind.APPLY, f"sso:account:{pk}")) for pk in range(11)]
    assert begun == [True] * 10 + [False]


def test_while_an_end_waits_for_room_nothing_else_begins() -> None:
    asked = room(0)
    assert not asked.takes(step(1, StepKind.END, "sso:account:a"))
    assert asked.ends_wait
    assert not asked.takes(step(2, StepKind.CHECK))


def test_an_apply_without_room_holds_nobody_up() -> None:
    asked = room(0)
    assert not asked.takes(step(1, StepKind.APPLY, "sso:account:a"))
    assert not asked.ends_wait
    assert asked.takes(step(2, StepKind.CHECK))


def test_an_end_behind_another_operation_on_its_account_holds_nobody_up() -> None:
    asked = room(5, a=7)
    assert not asked.takes(step(1, StepKind.END, "sso:account:a"))
    assert not asked.ends_wait
    assert asked.takes(step(2, StepKind.APPLY, "sso:account:b"))


def test_without_limits_there_is_always_room() -> None:
    asked = room(None)
    assert all(asked.takes(step(pk, StepKind.END, f"sso:account:{pk}")) for pk in range(50))
