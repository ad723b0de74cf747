"""The digest of a permission set: it moves with power, and with nothing else."""

from __future__ import annotations

import pytest

from kumoban.estate.content import content_digest, session_seconds

CONTENT = {
    "name": "ProdReadOnly",
    "description": "read",
    "session": "PT1H",
    "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    "customer": ["/Base"],
    "inline": "{}",
    "boundary": "",
}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("session", "PT12H"),
        ("managed", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ("managed", []),
        ("customer", []),
        ("inline", '{"Statement":[]}'),
        ("boundary", '{"ManagedPolicyArn":"x"}'),
    ],
)
def test_what_gives_power_changes_the_digest(member: str, value: object) -> None:
    assert content_digest({**CONTENT, member: value}) != content_digest(CONTENT)


@pytest.mark.parametrize("member", ["name", "description"])
def test_what_gives_no_power_does_not(member: str) -> None:
    assert content_digest({**CONTENT, member: "other"}) == content_digest(CONTENT)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("PT1H", 3600), ("PT12H", 43200), ("PT1H30M", 5400), ("PT45M", 2700), ("P1D", 43200), ("", 43200)],
)
def test_a_session_s_length_in_seconds_and_the_longest_where_it_is_not_understood(duration: str, seconds: int) -> None:
    assert session_seconds(duration) == seconds
