"""Reading the trail: each log file once, in batches of one transaction, so that a kill loses and doubles nothing.

Which files were read stands in the same transaction as what they told. Every event counts once by its id, so a file
that has to be read again (somebody turned out to have taken on a role whose events were already passed over) is simply
forgotten and read again. Two listings find the files: yesterday's and today's every time, all of the months that are
not signed once a day and once more when a month is to be settled.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import F

from kumoban.aws.door import Pass, door
from kumoban.aws.errors import AwsError, Denied, NotFound
from kumoban.desk.office_calendar import organisation_zone
from kumoban.estate.models import Account, Organization, Person
from kumoban.evidence.matching.doing import CHANGING, KEPT, REFUSED, Batch, Done, joined
from kumoban.evidence.matching.models import Activity, Month, RoleEntry, TrailAccount, TrailDay
from kumoban.evidence.matching.months import SETTLED_AFTER, bounds, following, month_of
from kumoban.evidence.matching.packed_files import CLASSES, PackedFile, minute_of, name_digest, pack, unpack
from kumoban.evidence.matching.principals import Known, Taken
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import writing
from kumoban.services.cloudtrail import (
    LogFile,
    Unreadable,
    accounts_of,
    content_of,
    files_of,
    regions_of,
    unpacked,
)

__all__ = ["first_month", "read_trail"]

log = logging.getLogger(__name__)

#: files of one transaction, and how many are fetched and unpacked ahead of the one that is read
_FILES, _AHEAD = 400, 8
#: rounds in which what is to be read again is read at once
_AGAIN = 3
#: how often all files of the open months are looked for
_SWEEP = timedelta(hours=24)
#: sessions of a role that somebody took on may have begun that long before the first file that is read
_LONGEST = timedelta(hours=13)
#: how late a file may bring events of a role that somebody took on, and still be understood
_LATE = timedelta(days=8)


def read_trail(budget: timedelta, *, everything: bool = False) -> int:
    """Read new log files until all are read, or the time is over. How many were read. Raises AwsError.

    ``everything``: look for all files of the open months now, whatever was looked for lately.
    """
    stop = time.monotonic() + budget.total_seconds()
    aws, organization = door().open("kumoban-evidence"), Organization.objects.get().id
    for account in accounts_of(aws, organization):
        TrailAccount.objects.get_or_create(account=account)
    zone = organisation_zone()
    people = Person.objects.order_by("-absent_since").values_list("user_name", "id")
    trail = _Trail(
        aws,
        organization,
        _identity(),
        frozenset(Account.objects.values_list("id", flat=True)),
        {name.casefold(): pk for name, pk in people},
    )
    this_month = month_of(database_now(), zone)
    rows = TrailAccount.objects.order_by(F("looked_at").asc(nulls_first=True), "account")
    read = _accounts(trail, rows, this_month, stop, everything=everything)
    for _ in range(_AGAIN):  # what is to be read again, and what that brings
        if time.monotonic() > stop or not TrailAccount.objects.filter(unread=True).exists():
            break
        read += _accounts(trail, rows.filter(unread=True), this_month, stop)
    return read


def _accounts(
    trail: _Trail, rows: Iterable[TrailAccount], this_month: str, stop: float, *, everything: bool = False
) -> int:
    """An account whose files AWS does not give keeps no other waiting. Raises AwsError at the end."""
    read, refused = 0, None
    for row in list(rows):
        if time.monotonic() > stop:
            break
        try:
            read += _account(trail, row, this_month, stop, everything=everything)
        except AwsError as error:
            refused = error
            TrailAccount.objects.filter(pk=row.pk).update(error=str(error)[:300])
    if refused is not None:
        raise refused
    return read


def first_month() -> str:
    """The month in which the desk began to keep its record: what came before is not asked about."""
    return month_of(_began(), organisation_zone())


def _began() -> datetime:
    return Entry.objects.order_by("seq").values_list("at", flat=True).first() or database_now()


@dataclass(frozen=True)
class _Trail:
    aws: Pass
    organization: str
    desk: str
    accounts: frozenset[str]
    people: Mapping[str, str]


def _identity() -> str:
    """Who the desk is on AWS; empty where AWS does not say."""
    try:
        return door().itself()
    except AwsError as error:
        log.warning("the desk does not know its own identity: %s", error)
        return ""


def _account(trail: _Trail, row: TrailAccount, this_month: str, stop: float, *, everything: bool) -> int:
    """One account's new files; all are looked for where it is time to. Its marks move only when it came to an end."""
    asked = database_now()
    if row.unread:
        TrailAccount.objects.filter(pk=row.pk).update(unread=False, swept_at=None)
        row.swept_at = None
    oldest = _oldest_open(this_month)
    whole = everything or _to_sweep(row, asked, oldest)
    first = oldest if whole else (asked - timedelta(days=1)).date()
    regions = regions_of(trail.aws, trail.organization, row.account)
    fresh = (file for region in regions for file in _fresh(trail, row.account, region, first, asked.date()))
    read = 0
    ordered = sorted(fresh, key=lambda file: (file.at, file.key))
    waiting = iter(ordered)
    while part := list(islice(waiting, _FILES)):
        read += _batch(trail, row.account, part)
        if time.monotonic() > stop and read < len(ordered):
            return read
    marks: dict[str, object] = {"regions": regions, "looked_at": asked, "error": ""}
    if whole:
        marks |= {"swept_at": asked, "swept_from": first}
    TrailAccount.objects.filter(pk=row.pk).update(**marks)
    return read


def _oldest_open(this_month: str) -> date:
    """The UTC day on which the oldest month begins that is not signed, or of the month before this one."""
    zone = organisation_zone()
    begun = first_month()
    signed = set(Month.objects.exclude(signed_at=None).values_list("month", flat=True))
    beginning, _end = bounds(this_month, zone)
    before = month_of(beginning - timedelta(days=1), zone)
    open_months = [month for month in _from(begun, this_month) if month not in signed]
    oldest = max(begun, min([before, *open_months]))
    return bounds(oldest, zone)[0].astimezone(UTC).date()


def _from(first: str, last: str) -> Iterator[str]:
    while first <= last:
        yield first
        first = following(first)


def _to_sweep(row: TrailAccount, now: datetime, oldest: date) -> bool:
    if row.swept_at is None or row.swept_from is None or row.swept_from > oldest or now - row.swept_at > _SWEEP:
        return True
    zone = organisation_zone()
    settled = bounds(month_of(now, zone), zone)[0] + SETTLED_AFTER  # of the month before
    return row.swept_at < settled <= now


def _fresh(trail: _Trail, account: str, region: str, first: date, last: date) -> Iterator[LogFile]:
    """Those that were not read yet, by the day under which they stand."""
    rows = TrailDay.objects.filter(account=account, region=region, day__gte=first, day__lte=last)
    packed = {day: bytes(files) for day, files in rows.values_list("day", "files")}
    day, read = date.min, frozenset[bytes]()
    for file in files_of(trail.aws, trail.organization, account, region, first, last):
        if file.day != day:
            day, read = file.day, frozenset(one.name for one in unpack(packed.get(file.day, b"")))
        if name_digest(file.name) not in read:
            yield file


# --- one batch


def _batch(trail: _Trail, account: str, files: Sequence[LogFile]) -> int:
    """Fetched and unpacked ahead by threads, read here, written in one transaction. How many could be read."""
    batch = Batch(_known(trail, account, files[0].at), organisation_zone())
    read: list[tuple[LogFile, PackedFile]] = []
    broken: list[tuple[LogFile, str]] = []
    for file, body, unreadable in _fetched(trail.aws, files):
        try:
            if unreadable:
                raise Unreadable(unreadable)
            records, counted = batch.read(file, body.content)
        except Unreadable as why:
            broken.append((file, why.code))
            continue
        read.append((file, PackedFile.of(file.at, file.name, body.digest, records, counted)))
    passed_over = _passed_over(account, read, batch.taken)
    kept = [one for position, one in enumerate(read) if position not in passed_over]
    with writing():
        _write_taken([taken for taken, _files in batch.taken])
        _write_files(account, kept, broken)
        _write_done(batch.done.values())
        if passed_over:
            TrailAccount.objects.filter(pk=account).update(unread=True)
    return len(kept)


def _passed_over(
    account: str, read: Sequence[tuple[LogFile, PackedFile]], taken: Sequence[tuple[Taken, int]]
) -> set[int]:
    """Files of this batch read before it was known that somebody had taken on a role that may have worked in them."""
    return {
        position
        for one, files in taken
        if one.account == account
        for position, (file, _packed) in enumerate(read[:files])
        if one.at <= file.at <= one.at + _LONGEST
    }


@dataclass(frozen=True)
class _Body:
    content: bytes = b""
    digest: bytes = b""


def _fetched(aws: Pass, files: Sequence[LogFile]) -> Iterator[tuple[LogFile, _Body, str]]:
    """In the given order, a few ahead: most of the time is the network's and zlib's, which let others work."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: list[tuple[LogFile, Future[tuple[_Body, str]]]] = []
        left = iter(files)
        for file in islice(left, _AHEAD):
            waiting.append((file, pool.submit(_fetch, aws, file)))
        while waiting:
            file, future = waiting.pop(0)
            body, unreadable = future.result()
            waiting.extend((more, pool.submit(_fetch, aws, more)) for more in islice(left, 1))
            yield file, body, unreadable


def _fetch(aws: Pass, file: LogFile) -> tuple[_Body, str]:
    try:
        stored = content_of(aws, file)
    except (Denied, NotFound) as refused:  # this one file; the others are read
        return _Body(), refused.code[:60]
    try:
        return _Body(unpacked(stored), hashlib.sha256(stored).digest()), ""
    except Unreadable as why:
        return _Body(), why.code


def _known(trail: _Trail, account: str, since: datetime) -> Known:
    taken: dict[str, list[Taken]] = {}
    for one in RoleEntry.objects.filter(account=account, at__gte=since - _LONGEST - _LATE).order_by("-at"):
        taken.setdefault(one.target, []).append(
            Taken(one.event_id, one.target, one.at, one.kind, one.origin, one.caller)
        )
    return Known(trail.accounts, trail.people, trail.desk, frozenset(settings.KUMOBAN_EMERGENCY_PRINCIPALS), taken)


# --- what a batch leaves


def _write_files(
    account: str, read: Iterable[tuple[LogFile, PackedFile]], broken: Iterable[tuple[LogFile, str]]
) -> None:
    by_day: dict[tuple[str, date], tuple[list[tuple[LogFile, PackedFile]], dict[str, str]]] = defaultdict(
        lambda: ([], {})
    )
    for file, packed in read:
        by_day[file.region, file.day][0].append((file, packed))
    for file, why in broken:
        by_day[file.region, file.day][1][file.name] = why
    days = {day for _region, day in by_day}
    known = TrailDay.objects.select_for_update().filter(account=account, day__in=days)
    there = {(row.region, row.day): row for row in known}
    rows = []
    for (region, day), (new, bad) in by_day.items():
        row = there.get((region, day)) or TrailDay(account=account, region=region, day=day)
        files = {one.name: one for one in unpack(row.files)} | {packed.name: packed for _file, packed in new}
        names = {file.name for file, _packed in new}
        row.unreadable = {**{name: why for name, why in row.unreadable.items() if name not in names}, **bad}
        _sum_up(row, files.values())
        rows.append(row)
    TrailDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["account", "region", "day"], update_fields=_OF_A_DAY, batch_size=200
    )


_OF_A_DAY = ["files", "n_files", "n_records", "n_duplicates", "counted", "unreadable", "digest"]


def _sum_up(row: TrailDay, files: Iterable[PackedFile]) -> None:
    """What is packed, and the sums over it. A file of which another has the content is counted as a duplicate only."""
    every = sorted(files, key=lambda one: (one.minute, one.name))
    contents: set[bytes] = set()
    counted: Counter[str] = Counter()
    row.n_records = row.n_duplicates = 0
    for one in every:
        if one.content in contents:
            row.n_duplicates += 1
            continue
        contents.add(one.content)
        row.n_records += one.records
        counted.update(dict(zip(CLASSES, one.counted, strict=True)))
    row.files, row.n_files, row.counted = pack(every), len(every), {name: n for name, n in counted.items() if n}
    row.digest = hashlib.sha256(row.files).hexdigest()


def _write_taken(taken: Sequence[Taken]) -> None:
    """Roles taken on; files read before in whose hours their sessions worked are to be read again."""
    if not taken:
        return
    known = set(
        RoleEntry.objects.filter(event_id__in=[one.event_id for one in taken]).values_list("event_id", "target")
    )
    new = [one for one in taken if (one.event_id, one.target) not in known]
    RoleEntry.objects.bulk_create(
        [RoleEntry(event_id=one.event_id, target=one.target, account=one.account, at=one.at, kind=one.kind,
                   origin=one.origin[:700], caller=dict(one.caller)) for one in new],
        ignore_conflicts=True, batch_size=500,
    )  # fmt: skip
    since: dict[str, datetime] = {}
    for one in new:
        since[one.account] = min(one.at, since.get(one.account, one.at))
    for account, at in since.items():
        _read_again(account, at, max(one.at for one in new if one.account == account) + _LONGEST)


def _read_again(account: str, since: datetime, until: datetime) -> None:
    """Forget that files of these hours were read. Of what they told, every event will count once again."""
    first, last, again = minute_of(since), minute_of(until), False
    days = TrailDay.objects.filter(account=account, day__gte=since.date(), day__lte=until.date() + timedelta(days=1))
    for row in days.select_for_update():
        every = unpack(row.files)
        kept = [one for one in every if not first <= one.minute <= last]
        if len(kept) < len(every):
            again = True
            _sum_up(row, kept)
            row.save()
    if again:
        TrailAccount.objects.filter(pk=account).update(unread=True)


def _write_done(done: Iterable[Done]) -> None:
    every = list(done)
    touched = Month.objects.select_for_update().filter(month__in={one.month for one in every})  # so as sign() does
    signed = {one.month for one in touched if one.signed_at}
    touched.filter(signed_at=None).update(computed_at=None)  # it is not as it was summed up
    for start in range(0, len(every), 200):
        part = every[start : start + 200]
        wanted = Activity.objects.select_for_update().filter(
            key__in={one.principal.key for one in part}, hour__in={one.hour for one in part}
        )
        there = {(row.key, row.hour, row.late): row for row in wanted}
        rows = [row for one in part if (row := _joined(one, there, late=one.month in signed)) is not None]
        Activity.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["key", "hour", "late"], update_fields=_CHANGES, batch_size=200
        )


_CHANGES = [
    *("first", "last", "issued", "events", "digest", "reading", "changing", "refused"),
    *("addresses", "access_keys", "begun_by", "name", "person"),
]


def _joined(one: Done, there: Mapping[tuple[str, datetime, bool], Activity], *, late: bool) -> Activity | None:
    """The hour with what is new of it; of a signed month only what was not known when it was signed."""
    if late and (signed := there.get((one.principal.key, one.hour, False))):
        _packed, known = joined(signed.events)
        one.events = {name: flags for name, flags in one.events.items() if name not in known}
        if not one.events:
            return None
    row = there.get((one.principal.key, one.hour, late))
    new = b"".join(name + bytes((flags,)) for name, flags in one.events.items())
    if row is None:
        principal = one.principal
        row = Activity(
            key=principal.key, hour=one.hour, late=late, month=one.month, kind=principal.kind,
            principal=principal.id[:700], account=principal.account[:12], role=principal.role[:700],
            origin=principal.origin[:700], caller=dict(principal.caller), first=one.first, last=one.last,
        )  # fmt: skip
    row.first, row.last = min(row.first, one.first), max(row.last, one.last)
    row.issued = max((at for at in (row.issued, one.issued) if at), default=None)
    row.events, every = joined(row.events, new)
    row.digest = hashlib.sha256(row.events).hexdigest()
    row.changing = sum(bool(flags & CHANGING) for flags in every.values())
    row.reading, row.refused = len(every) - row.changing, sum(bool(flags & REFUSED) for flags in every.values())
    row.addresses = sorted({*row.addresses, *one.addresses})[:KEPT]
    row.access_keys = sorted({*row.access_keys, *one.access_keys})[:KEPT]
    row.begun_by = sorted({*row.begun_by, *one.begun_by})[:KEPT]
    row.name, row.person = one.principal.name[:200], one.principal.person[:60]
    return row
