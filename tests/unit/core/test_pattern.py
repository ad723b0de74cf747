"""Patterns of a company's own fields: what offices need is taken, what could take for ever is not."""

from __future__ import annotations

import pytest

from kumoban.core.pattern import problem_of


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        r"INC-\d{5}",
        r"[A-Z]{2,5}-\d+",
        r"(CHG|INC)\d{6}",
        r"https?://\S+",
        r"\d{4}年\d{1,2}月",
        r"(?:A|B)\w*",
        r"(\d{2}){3}",
    ],
)
def test_what_offices_need_is_taken(pattern: str) -> None:
    assert problem_of(pattern) is None


@pytest.mark.parametrize(
    "pattern", [r"([A-Z]+-?)+\d", r"(a+)+$", r"(a|a)*b", r"(a|ab)*c", r"(.*)*", r"\d*\d*\d*\d*x", r"((a{1,30}){1,30})b"]
)
def test_what_could_take_for_ever_is_refused(pattern: str) -> None:
    assert problem_of(pattern) == "pattern_too_slow"


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "(?P<n>a)(?P<n>b)"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    assert problem_of(pattern) == "not_a_pattern"
