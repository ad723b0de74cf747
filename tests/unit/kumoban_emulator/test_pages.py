"""Pages put together again are the whole list, whatever their size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban_emulator.errors import AwsError
from kumoban_emulator.paging import page


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_all_pages_together_are_the_list(items: list[int], size: int) -> None:
    params: dict[str, Any] = {"MaxResults": size}
    found: list[int] = []
    while True:
        answer = page(items, params, "Items")
        assert len(answer["Items"]) <= size
        found += answer["Items"]
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert found == items


@pytest.mark.parametrize("token", ["nonsense!", "b3RoZXI6Mw==", "4pyT"])
def test_another_lists_token_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="pagination token"):
        page([1, 2, 3], {"NextToken": token}, "Items")
