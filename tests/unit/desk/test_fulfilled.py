"""Whether the seals on a plan fill every place the rules require: compared with trying every seating."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from kumoban.desk.rules import Slot, fulfilled

PEOPLE = "abcdef"
people = st.sets(st.sampled_from(PEOPLE), max_size=4)
#: where it is decided: here, or in a system outside
vias = st.sampled_from(["", "", "erp"])
signers = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.none() | st.sampled_from(PEOPLE), vias),
    max_size=5,
    unique_by=lambda signer: signer[0],
)
slots = st.lists(st.tuples(people, st.integers(1, 2), vias), max_size=3)
Wanted = tuple[set[str], int, str]
Signed = tuple[str, str | None, str]


def asked(found: list[Wanted]) -> tuple[list[set[str]], list[Slot]]:
    wanted = [Slot("group", ("g",), count, (), via=via) for _, count, via in found]
    return [candidates for candidates, _, _ in found], wanted


def seated_somehow(found: list[Wanted], signed: list[Signed]) -> bool:
    """Try every way of giving each place a signer of its own."""
    places = [(candidates, via) for candidates, count, via in found for _ in range(count)]
    return any(
        all(
            via == where and (principal or person) in place
            for (place, where), (person, principal, via) in zip(places, chosen, strict=True)
        )
        for chosen in permutations(signed, len(places))
    )


@settings(max_examples=400)
@given(slots, signers)
def test_it_is_fulfilled_exactly_when_some_seating_fills_every_place(found: list[Wanted], signed: list[Signed]) -> None:
    assert fulfilled(*asked(found), signed) == seated_somehow(found, signed)


@given(slots, signers, st.randoms())
def test_the_order_of_the_signatures_does_not_matter(found: list[Wanted], signed: list[Signed], chance: object) -> None:
    other = list(signed)
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert fulfilled(*asked(found), other) == fulfilled(*asked(found), signed)


@given(slots, signers, st.sampled_from(PEOPLE))
def test_one_more_signature_never_takes_an_approval_away(found: list[Wanted], signed: list[Signed], more: str) -> None:
    if fulfilled(*asked(found), signed):
        assert fulfilled(*asked(found), [*signed, (more, None, "")])


def test_one_person_fills_one_place_even_where_they_could_fill_two() -> None:
    assert not fulfilled(*asked([({"a", "b"}, 1, ""), ({"a"}, 1, "")]), [("a", None, "")])
    assert fulfilled(*asked([({"a", "b"}, 1, ""), ({"a"}, 1, "")]), [("a", None, ""), ("b", None, "")])


def test_a_delegate_counts_as_whom_they_stand_in_for_and_not_as_themselves() -> None:
    assert fulfilled(*asked([({"a"}, 1, "")]), [("d", "a", "")])
    assert not fulfilled(*asked([({"d"}, 1, "")]), [("d", "a", "")])


def test_a_decision_of_a_system_outside_fills_its_own_place_and_no_other() -> None:
    assert fulfilled(*asked([({"a"}, 1, "erp")]), [("a", None, "erp")])
    assert not fulfilled(*asked([({"a"}, 1, "erp")]), [("a", None, "")])
    assert not fulfilled(*asked([({"a"}, 1, "")]), [("a", None, "erp")])


def test_nothing_required_is_fulfilled_by_nobody() -> None:
    assert fulfilled([], [], [])
