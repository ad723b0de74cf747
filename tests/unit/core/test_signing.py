"""What an approval signs: every decided fact and nothing else, in bytes that mean the same whoever writes them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.core.signing import FORMAT, Decided, canonical, differences, digest, number, signed_bytes
from kumoban.core.window import Window

TOKYO = ZoneInfo("Asia/Tokyo")
LETTERS = "abzKZ0189-_/:. é\u0301がか\u3099㌔株中𠮷🜁"
words = st.text(LETTERS, max_size=8).map(lambda text: unicodedata.normalize("NFC", text))
names = st.text("abcxyz", min_size=1, max_size=3)
facts = st.dictionaries(names, words, max_size=3)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
windows = st.one_of(
    st.none(),
    st.builds(lambda seconds: Window(duration=timedelta(seconds=seconds)), st.integers(1, 10**6)),
    st.builds(lambda start, end: Window(start, end), instants, instants),
)
reasons = st.builds(Reason, names, facts)
steps = st.builds(
    PlannedStep,
    action=words,
    title=reasons,
    params=facts,
    account=st.none() | words,
    thing=st.none() | words,
    person=st.none() | words,
    power=facts,
    irreversible=st.booleans(),
    present=st.booleans(),
    shown=facts,
    warnings=st.lists(reasons, max_size=2).map(tuple),
)


def _things_differ(found: tuple[PlannedStep, ...]) -> bool:
    """A planner never makes two steps of one thing, nor one whose thing is called like another's place."""
    named = [step.thing for step in found if step.thing]
    return len(named) == len(set(named)) and not any(name.isdecimal() for name in named)


plans = st.builds(
    Plan,
    steps=st.lists(steps, min_size=1, max_size=3).map(tuple).filter(_things_differ),
    window=windows,
    warnings=st.lists(reasons, max_size=2).map(tuple),
    refusals=st.just(()),
    dimensions=st.lists(facts, max_size=2).map(tuple),
)
deciding = st.builds(
    Decided,
    request=words,
    requester=words,
    workers=st.lists(words, max_size=3, unique=True),
    handover=words,
    reason=words,
    extra=facts,
)


def signed(plan: Plan, decided: Decided) -> bytes:
    return signed_bytes(plan, decided)


# --- the same facts, however they are written


@settings(max_examples=40)
@given(plans, deciding, st.randoms())
def test_the_order_in_which_facts_are_listed_changes_nothing(plan: Plan, decided: Decided, chance: Any) -> None:
    def shuffled(of: Mapping[str, str]) -> dict[str, str]:
        pairs = list(of.items())
        chance.shuffle(pairs)
        return dict(pairs)

    workers = list(decided.workers)
    chance.shuffle(workers)
    same = replace(
        plan,
        steps=tuple(replace(step, params=shuffled(step.params), power=shuffled(step.power)) for step in plan.steps),
    )
    assert signed(same, replace(decided, workers=workers, extra=shuffled(decided.extra))) == signed(plan, decided)


@settings(max_examples=40)
@given(plans, deciding)
def test_a_word_written_with_combining_marks_is_the_same_word(plan: Plan, decided: Decided) -> None:
    apart = replace(
        decided,
        reason=unicodedata.normalize("NFD", decided.reason),
        extra={name: unicodedata.normalize("NFD", text) for name, text in decided.extra.items()},
    )
    assert signed(plan, apart) == signed(plan, decided)


@given(instants, instants)
def test_an_instant_signs_the_same_in_every_zone(start: datetime, end: datetime) -> None:
    decided = Decided("R-1", "u", ["u"], "delegated", "", {})
    there = Window(start.astimezone(TOKYO), end.astimezone(TOKYO))
    assert signed(Plan((), Window(start, end)), decided) == signed(Plan((), there), decided)


@settings(max_examples=40)
@given(plans, deciding)
def test_a_plan_that_was_stored_and_read_again_signs_the_same_bytes(plan: Plan, decided: Decided) -> None:
    through_json = json.loads(json.dumps(plan.stored(), ensure_ascii=False))
    again = Plan.from_stored(through_json)
    assert signed(again, decided) == signed(plan, decided)


@settings(max_examples=40)
@given(plans, deciding)
def test_signed_bytes_are_canonical_json_that_reads_back_to_itself(plan: Plan, decided: Decided) -> None:
    made = signed(plan, decided)
    assert canonical(json.loads(made)) == made
    assert json.loads(made)["format"] == str(FORMAT)


# --- every decided fact, and no other

#: how one decided fact changes, and where the page that compares plans says so ({n} is the step's own name)
Change = Callable[[Plan, Decided], tuple[Plan, Decided]]


def of_step(**changed: Callable[[PlannedStep], Any]) -> Change:
    def change(plan: Plan, decided: Decided) -> tuple[Plan, Decided]:
        first = plan.steps[0]
        other = replace(first, **{name: make(first) for name, make in changed.items()})
        return replace(plan, steps=(other, *plan.steps[1:])), decided

    return change


def of_decision(**changed: Callable[[Decided], Any]) -> Change:
    return lambda plan, decided: (plan, replace(decided, **{name: make(decided) for name, make in changed.items()}))


def later(window: Window | None) -> Window:
    if window is None or window.duration is None:
        return Window(duration=timedelta(seconds=77))
    return Window(duration=window.duration + timedelta(seconds=1))


SIGNED: dict[str, tuple[Change, str]] = {
    "request": (of_decision(request=lambda decided: decided.request + "x"), "request"),
    "requester": (of_decision(requester=lambda decided: decided.requester + "x"), "requester"),
    "handover": (of_decision(handover=lambda decided: decided.handover + "x"), "handover"),
    "reason": (of_decision(reason=lambda decided: decided.reason + "x"), "reason"),
    "an extra field's value": (of_decision(extra=lambda decided: {**decided.extra, "q": "x"}), "extra.q"),
    "one more worker": (of_decision(workers=lambda decided: [*decided.workers, "\U0010ffff"]), "workers"),
    "action": (of_step(action=lambda step: step.action + "x"), "steps[{n}].action"),
    "account": (of_step(account=lambda step: (step.account or "") + "x"), "steps[{n}].account"),
    "person": (of_step(person=lambda step: (step.person or "") + "x"), "steps[{n}].person"),
    "a parameter": (of_step(params=lambda step: {**step.params, "q": "x"}), "steps[{n}].params.q"),
    "what gives it its power": (of_step(power=lambda step: {**step.power, "q": "x"}), "steps[{n}].power.q"),
    "irreversible": (of_step(irreversible=lambda step: not step.irreversible), "steps[{n}].irreversible"),
    "window": (lambda plan, decided: (replace(plan, window=later(plan.window)), decided), "window"),
    "one more step": (
        lambda plan, decided: (
            replace(plan, steps=(*plan.steps, PlannedStep("y/1", Reason("t"), thing="another-thing"))),
            decided,
        ),
        "steps[another-thing]",
    ),
}
UNSIGNED: dict[str, Change] = {
    "a step's title": of_step(title=lambda step: Reason(step.title.code + "x")),
    "names shown": of_step(shown=lambda step: {**step.shown, "person": "改名"}),
    "whether it is there already": of_step(present=lambda step: not step.present),
    "a step's warnings": of_step(warnings=lambda step: (*step.warnings, Reason("w"))),
    "the plan's warnings": lambda plan, decided: (replace(plan, warnings=(*plan.warnings, Reason("w"))), decided),
    "the values rules decide about": lambda plan, decided: (replace(plan, dimensions=()), decided),
}


@pytest.mark.parametrize("what", SIGNED)
@settings(max_examples=15)
@given(plan=plans, decided=deciding)
def test_a_change_of_a_decided_fact_is_another_plan_and_shown_at_its_place(
    what: str, plan: Plan, decided: Decided
) -> None:
    change, where = SIGNED[what]
    before, after = signed(plan, decided), signed(*change(plan, decided))
    assert digest(before) != digest(after)
    place = where.format(n=plan.steps[0].thing or 0)
    shown = {difference.where for difference in differences(before, after)}
    assert shown
    assert all(path == place or path.startswith((f"{place}.", f"{place}[")) for path in shown)


@pytest.mark.parametrize("what", UNSIGNED)
@settings(max_examples=15)
@given(plan=plans, decided=deciding)
def test_a_change_of_anything_else_voids_nothing(what: str, plan: Plan, decided: Decided) -> None:
    assert signed(*UNSIGNED[what](plan, decided)) == signed(plan, decided)


@settings(max_examples=40)
@given(plans, deciding)
def test_another_thing_is_another_plan(plan: Plan, decided: Decided) -> None:
    first = plan.steps[0]
    other = replace(plan, steps=(replace(first, thing=(first.thing or "") + "x"), *plan.steps[1:]))
    assert digest(signed(other, decided)) != digest(signed(plan, decided))


@settings(max_examples=40)
@given(plans, deciding)
def test_nothing_is_shown_as_different_between_equal_plans(plan: Plan, decided: Decided) -> None:
    assert differences(signed(plan, decided), signed(plan, decided)) == []


@settings(max_examples=40)
@given(plans, deciding, words)
def test_a_difference_says_what_was_and_what_is(plan: Plan, decided: Decided, reason: str) -> None:
    assume(reason != decided.reason)
    found = differences(signed(plan, decided), signed(plan, replace(decided, reason=reason)))
    assert [(item.where, item.before, item.after) for item in found] == [("reason", decided.reason, reason)]


def test_a_format_this_version_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown signing format 99"):
        signed_bytes(Plan(()), Decided("R-1", "u", [], "delegated", "", {}), 99)


def test_the_short_number_is_the_beginning_of_the_digest() -> None:
    assert number("9f3ca1" + "0" * 58) == "9F3C-A1"
