"""Whatever the desk's own models can find wrong has a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kumoban.desk.planning import ShapeError
from kumoban.desk.shapes import read
from kumoban.desk.words import say


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=1, ge=1, le=5)


class _Model(BaseModel):
    """Every kind of field that the models of rules, office and tokens have."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="x", min_length=1, max_length=3, pattern="^x")
    number: int = Field(default=1, ge=1, le=5)
    flag: bool = False
    at: AwareDatetime | None = None
    names: list[str] = Field(default_factory=list, max_length=1)
    values: dict[str, list[str]] = Field(default_factory=dict)
    inner: _Inner = Field(default_factory=_Inner)
    rows: list[_Inner] = Field(default_factory=list)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": 1},
        {"text": ""},
        {"text": "xxxx"},
        {"text": "y"},
        {"number": "many"},
        {"number": 1.5},
        {"number": None},
        {"number": 0},
        {"number": 6},
        {"number": "9" * 5000},
        {"flag": "perhaps"},
        {"flag": None},
        {"at": "yesterday"},
        {"at": "2026-11-24T18:00"},
        {"at": []},
        {"names": "x"},
        {"names": ["x", "y"]},
        {"names": [1]},
        {"values": []},
        {"values": {"a": "b"}},
        {"inner": 3},
        {"inner": {"other": 1}},
        {"rows": [{"count": 9}]},
        {"unknown": 1},
    ],
)
def test_it_is_said_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(ShapeError) as told:
        read(_Model, wrong)
    for _field, reason in told.value.errors:
        assert not say(reason).startswith("shape."), reason
        assert "?" not in say(reason)
