"""The plain part of YAML: mappings, lists and scalars, comments; nothing that could mean two things.

No anchors and no tags; ``no`` is a word, ``012`` too, and a key stands once. What is written here is read the same by
every YAML reader; what is not understood is refused by its line, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

__all__ = ["NotRead", "load", "written"]

#: levels within each other; what people write has five
DEEPEST = 30


class NotRead(ValueError):
    """What stands in this line (from 1) is not understood."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


# --- writing


def written(value: Any, comments: Mapping[str, str] | None = None) -> str:
    """Mappings, lists and scalars as lines; behind a text that ``comments`` knows, what it says of it."""
    return "".join(f"{line}\n" for line in _lines(value, comments or {}))


def _lines(value: Any, comments: Mapping[str, str], indent: str = "") -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _entry(f"{indent}{_key(key)}:", one, comments, f"{indent}  ")
    elif isinstance(value, list | tuple) and value:
        for one in value:
            yield from _item(one, comments, indent)
    else:
        yield f"{indent}{_scalar(value, comments)}"


def _entry(begin: str, value: Any, comments: Mapping[str, str], indent: str) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple) and value:
        yield begin
        yield from _lines(value, comments, indent)
    else:
        yield f"{begin} {_scalar(value, comments)}"


def _item(value: Any, comments: Mapping[str, str], indent: str) -> Iterator[str]:
    lines = list(_lines(value, comments, f"{indent}  "))
    yield f"{indent}- {lines[0][len(indent) + 2 :]}"
    yield from lines[1:]


def _key(key: str) -> str:
    bare = re.fullmatch(r"[A-Za-z_][\w-]*", key, re.ASCII) and key.lower() not in _TAKEN_OTHERWISE
    return key if bare else _json_text(key)


#: words that some readers take for something else
_TAKEN_OTHERWISE = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}


def _scalar(value: Any, comments: Mapping[str, str]) -> str:
    said = _json_text(value)
    comment = " ".join(comments.get(value, "").split()) if isinstance(value, str) else ""
    return f"{said}  # {comment}" if comment else said


def _json_text(value: Any) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


#: what JSON leaves as it is and YAML readers do not: DEL to NEL, line and paragraph separators, halves of characters
_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


# --- reading

#: the parser in C where the platform has it: a thousand rules are read in a moment
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """Raises NotRead. JSON is read too, as it is YAML; nothing at all is None."""
    if text.lstrip()[:1] in ("{", "["):
        return _json(text)
    try:
        return _document(yaml.parse(text, Loader=_PARSER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        last = text.rstrip().count("\n") + 1  # what is never closed is missed behind the last line
        raise NotRead(min(mark.line + 1, last) if mark else 1) from error


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise NotRead(error.lineno) from error
    except (NotRead, RecursionError) as error:
        raise NotRead(1) from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _value in pairs}) < len(pairs):
        raise NotRead(1)
    return dict(pairs)


def _document(events: Iterator[Event]) -> Any:
    """The one document there is; None where there is none."""
    found: list[Any] = []
    for event in events:
        if isinstance(event, NodeEvent):
            if found:
                raise NotRead(_line(event))
            found.append(_node(event, events, 0))
    return found[0] if found else None


def _node(event: Any, events: Iterator[Event], depth: int) -> Any:
    """What begins with this event, read to its end."""
    if isinstance(event, AliasEvent) or event.anchor or event.tag or depth > DEEPEST:
        raise NotRead(_line(event))
    if isinstance(event, SequenceStartEvent):
        return [_node(one, events, depth + 1) for one in _until(SequenceEndEvent, events)]
    if isinstance(event, MappingStartEvent):
        return _mapping(events, depth)
    return _plain(event.value) if event.implicit[0] else event.value


def _mapping(events: Iterator[Event], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in _until(MappingEndEvent, events):
        key = _node(event, events, depth + 1)
        if not isinstance(key, str) or key in found:
            raise NotRead(_line(event))
        found[key] = _node(next(events), events, depth + 1)
    return found


def _until(end: type[Event], events: Iterator[Event]) -> Iterator[Event]:
    while not isinstance(event := next(events), end):
        yield event


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


_WORDS: dict[str, bool | None] = {"": None, "null": None, "~": None, "true": True, "false": False}


def _plain(text: str) -> Any:
    """A scalar without quotes, by the core schema of YAML 1.2: which words are no text is known in two lines."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"-?(0|[1-9]\d{0,18})", text, re.ASCII):
        return int(text)
    return float(text) if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text, re.ASCII) else text
