"""Which edges there are between the states of a request: what was decided stays decided, what ended stays ended."""

from __future__ import annotations

from itertools import product

import pytest

from kumoban.desk.states import EDGES, RequestState

S = RequestState
BEFORE_ANY_CHANGE = {S.DRAFTED, S.PLANNED, S.WAITING, S.RETURNED, S.APPROVED, S.SCHEDULED}
IN_FORCE = {S.APPLYING, S.ACTIVE, S.ENDING, S.FAILED}
OVER = {S.REFUSED, S.DENIED, S.WITHDRAWN, S.LAPSED, S.DONE, S.ENDED, S.UNDONE}


def edges(state: RequestState) -> set[str]:
    return EDGES.get(state, set())


def reachable(start: RequestState) -> set[str]:
    seen: set[str] = set()
    todo: list[str] = [start]
    while todo:
        state = todo.pop()
        new = EDGES.get(state, set()) - seen
        seen |= new
        todo += new
    return seen


def test_every_state_is_somewhere_in_a_request_s_life() -> None:
    assert set(S) == BEFORE_ANY_CHANGE | IN_FORCE | OVER
    assert reachable(S.DRAFTED) == set(S) - {S.DRAFTED}


def test_only_an_approved_or_scheduled_request_begins_to_change_aws() -> None:
    assert {state for state in BEFORE_ANY_CHANGE if edges(state) & IN_FORCE} == {S.APPROVED, S.SCHEDULED}
    assert {to for state in BEFORE_ANY_CHANGE for to in edges(state) & IN_FORCE} == {S.APPLYING}


def test_what_is_in_force_never_goes_back_to_be_decided() -> None:
    for state in IN_FORCE | {S.ENDED, S.UNDONE}:
        assert not reachable(state) & BEFORE_ANY_CHANGE


@pytest.mark.parametrize("state", [S.REFUSED, S.DENIED, S.WITHDRAWN, S.LAPSED, S.DONE])
def test_what_was_closed_before_anything_was_granted_stays_closed(state: RequestState) -> None:
    assert edges(state) == set()


@pytest.mark.parametrize("state", [S.ENDED, S.UNDONE])
def test_what_has_ended_only_ever_ends_again(state: RequestState) -> None:
    assert edges(state) == {S.ENDING}


def test_everything_in_force_can_end() -> None:
    assert all(S.ENDING in edges(state) or state == S.ENDING for state in IN_FORCE)
    assert all(S.ENDED in reachable(state) for state in IN_FORCE)


def test_a_decision_against_is_taken_only_while_the_request_waits() -> None:
    assert {state for state in S if S.DENIED in edges(state)} == {S.WAITING}


def test_nothing_is_taken_back_once_it_is_in_force() -> None:
    assert {state for state in S if S.WITHDRAWN in edges(state)} == {
        S.DRAFTED,
        S.WAITING,
        S.RETURNED,
        S.APPROVED,
        S.SCHEDULED,
    }


def test_what_is_in_force_never_lapses_and_is_never_refused() -> None:
    for state, to in product(IN_FORCE, (S.LAPSED, S.REFUSED, S.DENIED, S.WITHDRAWN)):
        assert to not in edges(state)


def test_an_approval_falls_back_to_waiting_but_never_past_it() -> None:
    for state in (S.APPROVED, S.SCHEDULED):
        assert edges(state) >= {S.WAITING, S.RETURNED, S.REFUSED, S.LAPSED}
        assert S.PLANNED not in edges(state)


def test_no_state_leads_to_itself() -> None:
    assert [state for state in S if state not in IN_FORCE and state in edges(state)] == []
