"""A log file is unpacked whole or refused with what is wrong: never a part of it."""

from __future__ import annotations

import gzip
import json
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.services.cloudtrail import unpacking
from kumoban.services.cloudtrail.unpacking import Unreadable, glances, records_in, unpacked

FILE = gzip.compress(b'{"Records":[]}')


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=4))
def test_all_members_of_a_file_are_unpacked_whatever_its_end_tells(parts: list[bytes]) -> None:
    assert unpacked(b"".join(gzip.compress(part) for part in parts)) == b"".join(parts)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(FILE[:-3], "cut_short", id="end missing"),
        pytest.param(FILE[:-8] + struct.pack("<II", 1, 14), "not_gzip", id="wrong checksum"),
        pytest.param(FILE + b"more", "not_gzip", id="something behind"),
        pytest.param(b"<html>" * 20, "not_gzip", id="no gzip"),
        pytest.param(gzip.compress(os.urandom(5000))[:900], "cut_short", id="half missing"),
    ],
)
def test_what_is_no_whole_file_is_refused_with_what_is_wrong(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        unpacked(body)
    assert refused.value.code == code


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST", 1_000_000)
    with pytest.raises(Unreadable) as refused:
        unpacked(gzip.compress(bytes(2_000_000)))
    assert refused.value.code == "too_large"


def test_a_lying_end_does_not_hide_what_stands_before_it() -> None:
    two = gzip.compress(b"first") + gzip.compress(b"other")
    assert unpacked(two) == b"firstother"


def test_members_nobody_knows_are_passed_over_and_shapes_nobody_knows_are_told() -> None:
    record = {"eventID": "1", "userIdentity": {"type": "Root", "new": [1, {"x": 2}]}, "requestParameters": {"a": [1]}}
    content = json.dumps({"Records": [record, {"userIdentity": "a string"}]}).encode()
    assert glances(content) is None
    found = records_in(content)
    assert found[1] is None
    assert found[0] is not None
    assert found[0].userIdentity is not None
    assert found[0].userIdentity.type == "Root"
