"""The plain part of YAML 1.2: mappings, lists and scalars, comments; nothing that could mean two things.

No anchors, tags, or text over several lines; ``no`` is a word, ``012`` too, and a key stands once. What is written here
is read the same by every YAML reader; what is not understood is refused by its line, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class _Line:
    number: int
    indent: int
    text: str


def load(text: str) -> Any:
    """Raises NotRead. JSON is read too, as it is YAML; nothing at all is None."""
    if text.lstrip()[:1] in ("{", "["):
        return _json(text)
    lines = [
        line for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1) if (line := _line(number, raw))
    ]
    if lines and lines[0].text == "---":
        lines = lines[1:]
    if not lines:
        return None
    value, rest = _block(lines, lines[0].indent)
    if rest:
        raise NotRead(rest[0].number)
    return value


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


def _line(number: int, raw: str) -> _Line | None:
    body = raw.rstrip("\r").rstrip(" ")
    text = body.lstrip(" ")
    if not text or text.startswith("#"):
        return None
    if "\t" in text or _CONTROL.search(text):
        raise NotRead(number)
    return _Line(number, len(body) - len(text), text)


def _block(lines: list[_Line], indent: int, depth: int = 0) -> tuple[Any, list[_Line]]:
    """What stands from the first line on at this indent, and the lines behind it."""
    if depth > DEEPEST:
        raise NotRead(lines[0].number)
    if _is_item(lines[0].text):
        return _list(lines, indent, depth)
    if _split(lines[0]) is not None:
        return _mapping(lines, indent, depth)
    return _value(lines[0], lines[0].text), lines[1:]


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _list(lines: list[_Line], indent: int, depth: int) -> tuple[list[Any], list[_Line]]:
    found: list[Any] = []
    while lines and lines[0].indent == indent and _is_item(lines[0].text):
        line = lines[0]
        inner = line.text[1:].lstrip(" ")
        if inner and not inner.startswith("#"):
            begin = indent + len(line.text) - len(inner)
            value, lines = _block([_Line(line.number, begin, inner), *lines[1:]], begin, depth + 1)
        else:
            value, lines = _below(lines[1:], indent + 1, depth)
        found.append(value)
    _ended(lines, indent)
    return found, lines


def _mapping(lines: list[_Line], indent: int, depth: int) -> tuple[dict[str, Any], list[_Line]]:
    found: dict[str, Any] = {}
    while lines and lines[0].indent == indent and not _is_item(lines[0].text):
        line = lines[0]
        split = _split(line)
        if split is None or split[0] in found:
            raise NotRead(line.number)
        key, rest = split
        if rest and not rest.startswith("#"):
            found[key], lines = _value(line, rest), lines[1:]
        else:  # a list may stand at the indent of its key
            same = len(lines) > 1 and lines[1].indent == indent and _is_item(lines[1].text)
            found[key], lines = _below(lines[1:], indent if same else indent + 1, depth)
    _ended(lines, indent)
    return found, lines


def _below(lines: list[_Line], least: int, depth: int) -> tuple[Any, list[_Line]]:
    """The block that stands further in; None where there is none."""
    if not lines or lines[0].indent < least:
        return None, lines
    return _block(lines, lines[0].indent, depth + 1)


def _ended(lines: list[_Line], indent: int) -> None:
    if lines and lines[0].indent > indent:
        raise NotRead(lines[0].number)


def _split(line: _Line) -> tuple[str, str] | None:
    """Key and what stands behind it, where the line is one of a mapping."""
    if line.text[0] in "\"'":
        key, end = _quoted(line, line.text)
        rest = line.text[end:].lstrip(" ")
        return (key, rest[1:].strip(" ")) if rest == ":" or rest.startswith(": ") else None
    found = re.match(r"([^\s\"'#:,\[\]{}&*!|>%@`?-][^:#\"'\[\]{}]*?) *:(?: +(.*)|$)", line.text)
    return (found[1], (found[2] or "").strip(" ")) if found else None


def _value(line: _Line, text: str) -> Any:
    """One scalar, or a list or mapping in brackets, and nothing behind it but a comment."""
    value, end = _flow(line, text, 0, "")
    rest = text[end:]
    if rest.strip(" ") and not re.match(r" +#", rest):
        raise NotRead(line.number)
    return value


def _flow(line: _Line, text: str, at: int, closing: str, depth: int = 0) -> tuple[Any, int]:
    """What begins at this place of the line, and where it ends; within brackets up to what closes or parts them."""
    if depth > DEEPEST:
        raise NotRead(line.number)
    begin = text[at : at + 1]
    if begin and begin in "\"'":
        value, end = _quoted(line, text[at:])
        return value, at + end
    if begin == "[":
        return _in_brackets(line, text, at + 1, depth)
    if begin == "{":
        return _in_braces(line, text, at + 1, depth)
    plain = re.compile(r"[^,\[\]{}#:\"']+" if closing else r"(?:(?! #).)+").match(text, at)
    if plain is None:
        raise NotRead(line.number)
    return _plain(line, plain[0].strip(" ")), plain.end()


def _in_brackets(line: _Line, text: str, at: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _over(text, at)
    while text[at : at + 1] != "]":
        value, at = _flow(line, text, at, "]", depth + 1)
        found.append(value)
        at = _parted(line, text, at, "]")
    return found, at + 1


def _in_braces(line: _Line, text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _over(text, at)
    while text[at : at + 1] != "}":
        key, at = _flow(line, text, at, "}", depth + 1)
        at = _over(text, at)
        if not isinstance(key, str) or key in found or text[at : at + 2] != ": ":
            raise NotRead(line.number)
        found[key], at = _flow(line, text, _over(text, at + 1), "}", depth + 1)
        at = _parted(line, text, at, "}")
    return found, at + 1


def _parted(line: _Line, text: str, at: int, closing: str) -> int:
    """Past the comma, or at what closes."""
    at = _over(text, at)
    if text[at : at + 1] == closing:
        return at
    if text[at : at + 1] != ",":
        raise NotRead(line.number)
    return _over(text, at + 1)


def _over(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def _quoted(line: _Line, text: str) -> tuple[str, int]:
    if text[0] == "'":
        found = re.match(r"'((?:[^']|'')*)'", text)
        if found is None:
            raise NotRead(line.number)
        return found[1].replace("''", "'"), found.end()
    try:
        return json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        raise NotRead(line.number) from error


_WORDS: dict[str, bool | None] = {"null": None, "~": None, "true": True, "false": False}


def _plain(line: _Line, text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"-?(0|[1-9]\d{0,18})", text):
        return int(text)
    if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text):
        return float(text)
    if not text or text[0] in "&*!|>%@`?:,[]{}#\"'-=" or re.search(r":( |$)", text):
        raise NotRead(line.number)
    return text
