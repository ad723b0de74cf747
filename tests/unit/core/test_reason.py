"""Text is codes: a Reason is stored as it is, and a refusal names all of its reasons."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.reason import Reason, Refused

codes = st.text("abcdefgh_.", min_size=1, max_size=20)
reasons = st.builds(Reason, codes, st.dictionaries(codes, st.text(max_size=20) | st.integers(), max_size=4))


@given(reasons)
def test_a_stored_reason_reads_back_equal(reason: Reason) -> None:
    assert Reason.from_stored(json.loads(json.dumps(reason.stored()))) == reason


@given(codes)
def test_a_reason_stored_without_values_is_read(code: str) -> None:
    assert Reason.from_stored({"code": code}) == Reason(code)


@given(st.lists(reasons, min_size=1, max_size=4))
def test_a_refusal_keeps_every_reason_in_order_and_names_them(found: list[Reason]) -> None:
    refused = Refused(*found)
    assert refused.reasons == tuple(found)
    assert str(refused) == ", ".join(reason.code for reason in found)


def test_a_refusal_is_no_attempt_on_authority_unless_it_says_so() -> None:
    assert not Refused(Reason("shape")).attempt
    assert Refused(Reason("not_an_approver"), attempt=True).attempt
