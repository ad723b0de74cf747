"""The plain part of YAML: what is written is read again, by us and by PyYAML; what could mean two things is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core import plain_yaml
from kumoban.core.plain_yaml import NotRead, load, written

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=12
)


@given(values)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert load(written(value)) == value


@given(values)
def test_every_other_reader_reads_the_same(value: Any) -> None:
    assert yaml.safe_load(written(value)) == value


@given(st.text(st.sampled_from("ab:-# \n\"'[]{},*&!|>?0.~"), max_size=40))
def test_whatever_is_given_is_read_or_refused_and_never_understood_otherwise_than_by_pyyaml(text: str) -> None:
    try:
        ours = load(text)
    except NotRead:
        return
    only_text = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    assert _words(yaml.load(text, Loader=only_text)) == _words(ours)  # noqa: S506  (it makes nothing but text)


def _words(value: Any) -> Any:
    """Every scalar as text: which word is a number is where YAML 1.1 and 1.2 part."""
    if isinstance(value, dict):
        return {_words(key): _words(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_words(one) for one in value]
    return "" if value is None or value in ("~", "") else str(value)


def test_names_stand_beside_ids_as_comments() -> None:
    text = written({"who": {"groups": ["g-1", "g-2"]}, "enabled": True}, {"g-1": "team-payments", "g-2": "a\nb"})
    assert text == 'who:\n  groups:\n    - "g-1"  # team-payments\n    - "g-2"  # a b\nenabled: true\n'
    assert load(text) == {"who": {"groups": ["g-1", "g-2"]}, "enabled": True}


def test_it_reads_as_people_write() -> None:
    text = """\
---
# the rules
rules:
- name: 本番は上長  # named in Japanese
  who: {everyone: true}
  dimensions:
      environment: [prod, 'stg', "dev"]
      account: ["*"]
  limits: {}
  approvers:
    - manager: true
    -
      group: ops
      count: 2
  note: no
  code: 012
"""
    assert load(text) == {
        "rules": [
            {
                "name": "本番は上長",
                "who": {"everyone": True},
                "dimensions": {"environment": ["prod", "stg", "dev"], "account": ["*"]},
                "limits": {},
                "approvers": [{"manager": True}, {"group": "ops", "count": 2}],
                "note": "no",
                "code": "012",
            }
        ]
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: *", 1),
        ("a: &x 1", 1),
        ("a: !!python/object:os.system x", 1),
        ("a: 1\na: 2", 2),
        ("a:\n   b: 1\n  c: 2", 3),
        ("a: [1, 2", 1),
        ("a: 'b' c", 1),
        ("a: b: c", 1),
        ("a: 1\n---\nb: 2", 3),
        ("a: &x [1]\nb: *x", 1),
        ("1: a", 1),
        ("a: 1\n- b", 2),
        ('{"a": 1, "a": 2}', 1),
        ('{"a": 1', 1),
        ("a: " + "[" * 60 + "]" * 60, 1),
    ],
)
def test_what_is_not_understood_is_refused_by_its_line(text: str, line: int) -> None:
    with pytest.raises(NotRead) as refused:
        load(text)
    assert refused.value.line == line


def test_the_parser_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform has none in C."""
    monkeypatch.setattr(plain_yaml, "_PARSER", yaml.SafeLoader)
    text = 'rules:\n- name: 本番は上長  # so\n  note: "no"\n  hours: [9, 18]\n'
    assert load(text) == {"rules": [{"name": "本番は上長", "note": "no", "hours": [9, 18]}]}
    with pytest.raises(NotRead) as refused:
        load("a: 1\nb: *x")
    assert refused.value.line == 2
