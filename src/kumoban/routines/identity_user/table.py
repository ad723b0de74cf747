"""The table of people as offices send it: CSV or pasted from a sheet, with English or Japanese titles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kumoban.core.reason import Reason
from kumoban.core.spreadsheet import DELIMITERS, meant, table_of

__all__ = ["MOST", "Row", "Table", "read_table"]

#: people in one table
MOST = 500

_TITLES: Mapping[str, tuple[str, ...]] = {
    "user_name": ("username", "ユーザー名", "ユーザ名", "ログイン名"),
    "family_name": ("familyname", "lastname", "姓", "氏"),
    "given_name": ("givenname", "firstname", "名"),
    "display_name": ("displayname", "表示名", "氏名"),
    "email": ("email", "mail", "メールアドレス", "メール"),
    "title": ("title", "役職"),
    "employee_number": ("employeenumber", "社員番号", "従業員番号"),
    "language": ("language", "言語"),
    "groups": ("groups", "グループ"),
}
_NEEDED = ("user_name", "family_name", "given_name", "email")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST = 200


@dataclass(frozen=True)
class Row:
    """One person to be made; ``groups`` by name."""

    line: int
    attributes: Mapping[str, str]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What was understood, and why it can't be taken: every bad line is named."""

    rows: tuple[Row, ...] = ()
    refusals: tuple[Reason, ...] = ()


def read_table(text: str) -> Table:
    """The people of a table; all that is wrong with it is told at once."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    found = table_of(text, delimiter)
    if not found:
        return Table(refusals=(Reason("no_table"),))
    head, *lines = found
    columns = [_column(title) for title in head[1]]
    unknown = [
        title.strip() for title, column in zip(head[1], columns, strict=True) if column is None and title.strip()
    ]
    missing = [name for name in _NEEDED if name not in columns]
    problems = [Reason("unknown_column", {"column": title[:40]}) for title in unknown]
    problems += [Reason("column_missing", {"column": name}) for name in missing]
    if len(lines) > MOST:
        problems.append(Reason("too_many_people", {"most": MOST, "count": len(lines)}))
    if problems:
        return Table(refusals=tuple(problems))
    rows = [_row(line, columns, cells) for line, cells in lines]
    refusals = tuple(reason for row in rows for reason in _wrong(row))
    return Table(tuple(rows), refusals + tuple(_twice(rows)))


def _column(title: str) -> str | None:
    plain = re.sub(r"[\s_\-]", "", unicodedata.normalize("NFKC", title)).casefold()
    return next((name for name, titles in _TITLES.items() if plain in titles), None)


def _row(line: int, columns: list[str | None], cells: list[str]) -> Row:
    said = {
        column: unicodedata.normalize("NFC", meant(cell).strip())
        for column, cell in zip(columns, cells, strict=False)
        if column is not None
    }
    groups = tuple(name.strip() for name in re.split(r"[;;、]", said.pop("groups", "")) if name.strip())
    if not said.get("display_name"):
        said["display_name"] = f"{said.get('family_name', '')} {said.get('given_name', '')}".strip()
    return Row(line, {name: value for name, value in said.items() if value}, groups)


def _wrong(row: Row) -> Iterator[Reason]:
    for name in _NEEDED:
        if name not in row.attributes:
            yield Reason("cell_missing", {"line": row.line, "column": name})
    for name, value in row.attributes.items():
        if len(value) > _LONGEST or any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in value):
            yield Reason("cell_not_taken", {"line": row.line, "column": name})
    if "email" in row.attributes and not _EMAIL.fullmatch(row.attributes["email"]):
        yield Reason("cell_no_email", {"line": row.line, "email": row.attributes["email"][:60]})


def _twice(rows: list[Row]) -> Iterator[Reason]:
    for name in ("user_name", "email"):
        seen: dict[str, int] = {}
        for row in rows:
            value = row.attributes.get(name, "").casefold()
            if value and value in seen:
                yield Reason("twice_in_table", {"line": row.line, "other": seen[value], "value": value[:60]})
            seen.setdefault(value, row.line)
