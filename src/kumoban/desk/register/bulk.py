"""Many entries at once, from a table: read, previewed line by line, and written exactly as previewed or not at all.

A preview is bound to a digest of the file, of what it would change, and of the versions it was compared with.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import DELIMITERS, decoded, meant, table_of
from kumoban.desk import rules
from kumoban.desk.people import Actor
from kumoban.desk.register.entry import Change, apply, completed, differing, locked, needs_ops
from kumoban.desk.register.fields import Field, People, Wrong, fields
from kumoban.desk.register.table import ACCOUNT, INFORMATION, titles_of
from kumoban.estate.models import Account, RegisterEntry
from kumoban.ledger.record import record, writing

__all__ = ["MOST_BYTES", "MOST_LINES", "Line", "Preview", "import_entries", "preview", "text_of"]

#: what the columns are called in the spreadsheets that the register takes the place of
_ALSO_CALLED = {
    "AWSアカウントID": ACCOUNT,
    "アカウント番号": ACCOUNT,
    "AWS account ID": ACCOUNT,
    "責任者": "owner",
    "副責任者": "deputy",
    "環境": "environment",
    "部門": "department",
    "連絡先": "contacts",
    "予算": "budget",
    "最終確認日": "confirmed_on",
    "備考": "note",
}
#: of a table, as UTF-8: what a page may send back once it was previewed
MOST_BYTES = 384 * 1024
MOST_LINES = 3000


@dataclass(frozen=True)
class Line:
    """One line of the table: what it changes, what was mended to read it, and why it is refused as a whole."""

    number: int
    account: Account | None
    said: str
    changes: tuple[Change, ...] = ()
    mended: tuple[Reason, ...] = ()
    #: by field, or "" for the line
    refused: tuple[tuple[str, Reason], ...] = ()

    @property
    def takes(self) -> bool:
        return bool(self.changes) and not self.refused


@dataclass(frozen=True)
class Preview:
    """What a table would do. ``versions`` are those of the entries it was compared with."""

    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    versions: Mapping[str, int]
    digest: str
    people: People

    @property
    def taken(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.takes)

    @property
    def refused(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.refused)

    @property
    def unchanged(self) -> int:
        return sum(not line.changes and not line.refused for line in self.lines)


def text_of(content: bytes) -> str:
    """A file's text. Raises Refused for what is no text, with what to do about it."""
    if content.startswith(b"PK"):
        raise Refused(Reason("register_not_csv"), field="file")
    text = decoded(content)
    if text is None:
        raise Refused(Reason("register_not_text"), field="file")
    return text


def preview(actor: Actor, text: str) -> Preview:
    """What the table would change, written nowhere. Raises Refused where it is no table of accounts."""
    needs_ops(actor)
    return _preview(actor, text, None)


def import_entries(actor: Actor, text: str, *, digest: str) -> Preview:
    """Write what was previewed, in one transaction. Raises Refused where anything of it is another now."""
    needs_ops(actor)
    with writing():
        table = _read(text)
        rows = locked({account for line in table.lines if (account := line.account_id)})
        made = _preview(actor, text, rows)
        if made.digest != digest:
            raise Refused(Reason("register_preview_void"), field="digest")
        for line in made.taken:
            assert line.account is not None
            apply(rows[line.account.pk], line.changes, made.people, by=actor.id)
        facts = {
            "lines": len(made.lines),
            "changed": len(made.taken),
            "refused": len(made.refused),
            "table": hashlib.sha256(_canonical(text).encode()).hexdigest(),
        }
        record("register.imported", actor=actor.id, subject="register", facts=facts)
        return made


# --- reading the table


@dataclass(frozen=True)
class _Cells:
    """One line as read: the account as it was written, and the values by field."""

    number: int
    said: str
    name: str
    values: Mapping[str, str]
    account_id: str = ""


@dataclass(frozen=True)
class _Table:
    lines: tuple[_Cells, ...]
    unknown: tuple[str, ...]


def _canonical(text: str) -> str:
    """A page's text area gives every line end as CR LF, whatever the file had."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _read(text: str) -> _Table:
    text = _canonical(text)
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refused(Reason("register_table_too_large", {"kib": MOST_BYTES // 1024}), field="file")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused(Reason("register_not_text"), field="file")
    if re.match("sep=.\n", text):  # Excel's own first line, which names the delimiter
        text = text.partition("\n")[2]
    titles = _titles()
    head, rows = _best(text, titles)
    if ACCOUNT not in head.values():
        raise Refused(Reason("register_no_account_column"), field="file")
    if len(rows) > MOST_LINES:
        raise Refused(Reason("register_too_many_lines", {"most": MOST_LINES}), field="file")
    unknown = tuple(title for index, title in enumerate(rows[0][1]) if index not in head and title.strip())
    return _Table(_with_accounts([_cells(number, row, head) for number, row in rows[1:]]), unknown)


def _best(text: str, titles: Mapping[str, str]) -> tuple[dict[int, str], list[tuple[int, list[str]]]]:
    """The head and the rows, with the delimiter under which most of the head is understood."""
    found: list[tuple[dict[int, str], list[tuple[int, list[str]]]]] = []
    for delimiter in DELIMITERS:
        rows = table_of(text, delimiter)
        if rows:
            found.append((_head(rows[0][1], titles), rows))
    if not found:
        raise Refused(Reason("register_no_account_column"), field="file")
    return max(found, key=lambda one: len(one[0]))


def _titles() -> dict[str, str]:
    """What heads may be called, in either language or by code, to the field they mean."""
    known = fields()
    titles = {_folded(name): name for name, _title in titles_of(known)}
    for language in ("en", "ja"):
        with translation.override(language):
            for name, title in titles_of(known):
                titles.setdefault(_folded(title), name)
    return {_folded(title): name for title, name in _ALSO_CALLED.items()} | titles


def _folded(title: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", title)).casefold()


def _head(row: Sequence[str], titles: Mapping[str, str]) -> dict[int, str]:
    """The field of each column; the first where a title comes twice."""
    head: dict[int, str] = {}
    for index, title in enumerate(row):
        name = titles.get(_folded(meant(title)), "")
        if name and name not in head.values():
            head[index] = name
    return head


def _cells(number: int, row: Sequence[str], head: Mapping[int, str]) -> _Cells:
    by_name = {name: meant(row[index]) for index, name in head.items() if index < len(row)}
    values = {name: text for name, text in by_name.items() if name != ACCOUNT and name not in INFORMATION}
    return _Cells(number, by_name.get(ACCOUNT, "").strip(), by_name.get("name", "").strip(), values)


# --- which account is meant


def _with_accounts(lines: Sequence[_Cells]) -> tuple[_Cells, ...]:
    known = _Known(dict(Account.objects.values_list("id", "name")))
    return tuple(_Cells(line.number, line.said, line.name, line.values, _account_meant(line, known)) for line in lines)


class _Known:
    """The accounts by id, and by what a spreadsheet shows of their number."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self._shown: dict[int, dict[str, list[str]]] = {}

    def shown_as(self, number: float, places: int) -> list[str]:
        if places not in self._shown:
            by_text: dict[str, list[str]] = {}
            for pk in self.names:
                by_text.setdefault(f"{float(int(pk)):.{places}E}", []).append(pk)
            self._shown[places] = by_text
        return self._shown[places].get(f"{number:.{places}E}", [])


def _account_meant(line: _Cells, known: _Known) -> str:
    """The id a cell means, also where a spreadsheet has made a number of it; empty where that is not sure."""
    digits = _digits(line.said)
    if digits in known.names:
        return digits
    if digits.isdigit() and len(digits) < 12:
        return digits.zfill(12) if digits.zfill(12) in known.names else ""
    candidates = _rounded(line.said, known)
    named = [pk for pk in candidates if known.names[pk] == line.name]
    return (named or candidates)[0] if len(named or candidates) == 1 else ""


def _digits(said: str) -> str:
    """4101-2230-0001, '410122300001, ="410122300001" and 410122300001.0 all mean 410122300001."""
    bare = unicodedata.normalize("NFKC", said).strip().strip("'=\"")
    return re.sub(r"[\s\-‐-―−]", "", re.sub(r"(?<=\d)\.0+$", "", bare))


_EXPONENT = re.compile(r"(\d(?:\.(\d+))?)E\+?(\d+)", re.IGNORECASE | re.ASCII)


def _rounded(said: str, known: _Known) -> list[str]:
    """The accounts whose number is shown so by a spreadsheet: 4.10122E+11 has lost half of its digits."""
    found = _EXPONENT.fullmatch(_bare(said))
    if not found or int(found[3]) > 12:
        return []
    return known.shown_as(float(found[0]), len(found[2] or ""))


def _bare(said: str) -> str:
    """With a point where the decimal sign is a comma."""
    return unicodedata.normalize("NFKC", said).strip().replace(",", ".")


def _refusal(line: _Cells) -> Reason | None:
    if line.account_id:
        return None
    if not line.said:
        return Reason("register_no_account")
    if _EXPONENT.fullmatch(_bare(line.said)):
        return Reason("register_account_rounded", {"text": line.said[:30]})
    return Reason("unknown_account", {"account": line.said[:40]})


def _mending(line: _Cells) -> tuple[Reason, ...]:
    """Told where more than a hyphen had to be put right."""
    if not line.account_id or _digits(line.said) == line.account_id:
        return ()
    return (Reason("register_account_mended", {"before": line.said[:30], "after": line.account_id}),)


# --- what the table would change


def _preview(actor: Actor, text: str, rows: Mapping[str, RegisterEntry] | None) -> Preview:
    table = _read(text)
    known = {one.name: one for one in fields()}
    accounts = {one.pk: one for one in rules.visible_accounts(actor).filter(pk__in=_ids(table))}
    entries = _entries(accounts) if rows is None else rows
    people = People.called(
        text for line in table.lines for name, text in line.values.items() if known[name].kind == "person"
    )
    seen: set[str] = set()
    lines = []
    for line in table.lines:
        lines.append(_line(line, accounts, entries, known, people, seen))
        seen.add(line.account_id)
    versions = {pk: entries[pk].version if pk in entries else 0 for pk in sorted(accounts)}
    return Preview(tuple(lines), table.unknown, versions, _digest(text, lines, versions), people)


def _ids(table: _Table) -> set[str]:
    return {line.account_id for line in table.lines if line.account_id}


def _entries(accounts: Iterable[str]) -> dict[str, RegisterEntry]:
    rows = RegisterEntry.objects.filter(pk__in=list(accounts)).select_related("owner", "deputy")
    return {row.pk: row for row in rows}


def _line(
    line: _Cells,
    accounts: Mapping[str, Account],
    entries: Mapping[str, RegisterEntry],
    known: Mapping[str, Field],
    people: People,
    seen: set[str],
) -> Line:
    account = accounts.get(line.account_id)
    if account is None:
        return Line(line.number, None, line.said, refused=(("", _refusal(line) or Reason("unknown_account")),))
    if account.pk in seen:
        return Line(line.number, account, line.said, refused=(("", Reason("register_account_twice")),))
    entry = entries.get(account.pk)
    changes: list[Change] = []
    notes = list(_mending(line))
    refused: list[tuple[str, Reason]] = []
    for name, text in line.values.items():
        try:
            found, mended = differing(entry, known[name], text, people)
        except Wrong as problem:
            refused.append((name, problem.reason))
            continue
        changes += [found] if found else []
        notes += mended if found else ()
    if refused:
        return Line(line.number, account, line.said, (), tuple(notes), tuple(refused))
    whole = completed(entry, known, changes) if changes else changes
    return Line(line.number, account, line.said, tuple(whole), tuple(notes))


def _digest(text: str, lines: Sequence[Line], versions: Mapping[str, int]) -> str:
    effect = [
        [
            line.number,
            line.account.pk if line.account else "",
            [[c.field.name, c.before, c.after] for c in line.changes],
        ]
        for line in lines
        if not line.refused
    ]
    said = json.dumps([_canonical(text), effect, sorted(versions.items())], ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
