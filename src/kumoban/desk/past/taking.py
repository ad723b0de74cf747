"""Taking history: a list of who had what, from when until when. What is not understood is told by its line."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db.models import QuerySet

from kumoban.core.reason import Reason
from kumoban.desk.models import PastAccess
from kumoban.desk.office_calendar import organisation_zone
from kumoban.estate.models import Account, PermissionSet, Person, searchable
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["MOST", "Row", "Taken", "keep", "take_csv"]

#: lines of one list
MOST = 200_000
_CHUNK = 500
_COLUMNS = {
    "person": ("person", "user", "人", "作業者", "利用者"),
    "account": ("account", "アカウント"),
    "permission_set": ("permission set", "permission_set", "role", "許可セット", "権限セット"),
    "start": ("start", "starts_at", "開始"),
    "end": ("end", "ends_at", "終了"),
}


@dataclass(frozen=True)
class Row:
    """One line of history: names as the source has them. ``ends_at`` None is without end."""

    key: str
    person: str
    account: str
    permission_set: str
    starts_at: datetime
    ends_at: datetime | None
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """``rows`` were understood, ``new`` of them not known before; ``refused`` names each other line and why."""

    rows: int
    new: int
    refused: Sequence[tuple[int, Reason]]


def take_csv(text: str) -> Taken:
    """A table whose first line names person, account, permission set, start and end; the end may be empty."""
    lines = csv.reader(text.removeprefix("\ufeff").splitlines())
    places = _places(next(lines, []))
    missing = [name for name in _COLUMNS if name not in places]
    if missing:
        return Taken(0, 0, ((1, Reason("past_no_column", {"columns": "person, account, permission set, start, end"})),))
    rows: list[Row] = []
    refused: list[tuple[int, Reason]] = []
    for number, cells in enumerate(lines, 2):
        if number > MOST + 1:
            refused.append((number, Reason("past_too_much", {"most": MOST})))
            break
        read = _read({name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()})
        if isinstance(read, Row):
            rows.append(read)
        elif read is not None:
            refused.append((number, read))
    return Taken(len(rows), keep("csv", rows), refused)


def _places(head: Sequence[str]) -> dict[str, int]:
    titles = [searchable(title).strip() for title in head]
    found = {name: [titles.index(word) for word in words if word in titles] for name, words in _COLUMNS.items()}
    return {name: places[0] for name, places in found.items() if places}


def _read(cells: Mapping[str, str]) -> Row | Reason | None:
    """The row, why there is none, or None for an empty line."""
    if not any(cells.values()):
        return None
    if not (cells["person"] and cells["account"] and cells["permission_set"]):
        return Reason("past_nothing_named")
    starts, ends = _instant(cells["start"]), _instant(cells["end"])
    if starts is None or (ends is None and cells["end"]):
        return Reason("past_no_time", {"text": cells["start" if starts is None else "end"][:40]})
    if ends is not None and ends <= starts:
        return Reason("past_end_before_start")
    key = hashlib.sha256("\n".join(cells.values()).encode()).hexdigest()
    return Row(key, cells["person"], cells["account"], cells["permission_set"], starts, ends)


def _instant(text: str) -> datetime | None:
    """Without an offset it is the organisation's time."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=organisation_zone())


def keep(source: str, rows: Iterable[Row]) -> int:
    """Store what was not known before, in parts; how many that were. Recorded as one import."""
    names, now, new, given = _Names(), database_now(), 0, iter(rows)
    while part := list(islice(given, _CHUNK)):
        known = set(_known(source, [row.key[:80] for row in part]).values_list("key", flat=True))
        made = {row.key[:80]: names.past(source, row, now) for row in part if row.key[:80] not in known}
        with writing():
            PastAccess.objects.bulk_create(made.values(), ignore_conflicts=True)
        new += len(made)
    with writing():
        record("history.imported", actor=SYSTEM, subject="history", facts={"source": source, "new": new})
    return new


def _known(source: str, keys: Sequence[str]) -> QuerySet[PastAccess]:
    return PastAccess.objects.filter(source=source, key__in=keys)


class _Names:
    """What the names of a list mean in the estate; a name that means several things means nothing."""

    def __init__(self) -> None:
        self._people = _by_name(_spoken_people())
        self._accounts = _by_name(Account.objects.values_list("name", "id"))
        self._sets = _by_name(PermissionSet.objects.filter(absent_since=None).values_list("name", "arn"))
        self._ids = set(Account.objects.values_list("id", flat=True))
        self._arns = set(PermissionSet.objects.values_list("arn", flat=True))

    def past(self, source: str, row: Row, now: datetime) -> PastAccess:
        account = row.account.replace("-", "") if row.account.replace("-", "") in self._ids else ""
        arn = row.permission_set if row.permission_set in self._arns else ""
        return PastAccess(
            source=source,
            key=row.key[:80],
            person_name=row.person[:256],
            account_name=row.account[:120],
            permission_set_name=row.permission_set[:128],
            person_id=self._people.get(row.person.removeprefix("idc_").casefold()) or None,
            account_id=account or self._accounts.get(row.account.casefold(), ""),
            permission_set_arn=arn or self._sets.get(row.permission_set.casefold(), ""),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            said=dict(row.said),
            imported_at=now,
            search=searchable(row.person, row.account, row.permission_set)[:700],
        )


def _spoken_people() -> Iterator[tuple[str, str]]:
    """Everything a person is called in such lists. This decides nothing: history gives nobody any right."""
    for pk, user_name, email in Person.objects.values_list("id", "user_name", "email"):
        yield from ((name, pk) for name in {pk, user_name, email} if name)


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, pk in pairs:
        name = name.casefold()
        found[name] = pk if found.get(name, pk) == pk else ""
    return found
