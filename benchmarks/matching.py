"""突合: a month of ten million CloudTrail events read, and its 2,000 privileged sessions matched to what was asked.

.venv/bin/python -m benchmarks.matching [--quick] [--database sqlite|postgresql] [--events-a-file 1000]

Log files are given from the disk as S3 would give them over the network; everything else is what the duty does:
listing, fetching, unpacking, decoding, rows, matching, the month's figures. Every session's outcome is checked.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.database import KINDS, World, fresh
from benchmarks.report import Figure, conclude
from benchmarks.trail_files import account_of, call, write_files

MOST_SECONDS, MOST_GB = 60.0, 1.5
EVENTS, SESSIONS, ACCOUNTS = 10_000_000, 2_000, 180
#: calls of a session
CALLS = 40
#: of the whole with --quick
PART = 16
SET = "arn:aws:sso:::permissionSet/ssoins-7223000000000000/ps-1111111111111111"
ROLE = "AWSReservedSSO_ProdReadOnly_0123456789abcdef"
#: how the sessions are mixed, of ten
MIX = ("granted",) * 6 + ("out_of_time", "adopted", "batch", "outside")
WANTED = {"granted": "matched", "out_of_time": "out_of_time", "adopted": "matched", "batch": "excluded",
          "outside": "no_request"}  # fmt: skip


def main() -> int:
    asked = argparse.ArgumentParser(prog="benchmarks.matching", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a sixteenth of it all; the time is reckoned up")
    asked.add_argument("--database", choices=KINDS, default="sqlite")
    asked.add_argument("--events-a-file", type=int, default=1000)
    given = asked.parse_args()
    with fresh(
        given.database, trail_bucket="trail", reader_role="arn:aws:iam::410122300009:role/KumobanReader"
    ) as world:
        return measured(world, PART if given.quick else 1, given.events_a_file)


def measured(world: World, part: int, each: int) -> int:
    month, accounts = _last_month(), ACCOUNTS // part
    files = EVENTS // part // each
    told, sessions = _sessions(month, SESSIONS // part, accounts, days=min(files // accounts, 28))
    aws = _aws()
    made, written = write_files(world.folder, month, files, each, accounts, sessions)
    for key, path in made.items():
        aws.put(key, path)
    _rows(month, told, accounts)
    size = sum(path.stat().st_size for path in made.values()) >> 20
    print(f"{written:,} events in {len(made):,} files, {size} MB; {len(told)} sessions", flush=True)
    reading, matching, cpu = _timed(month)
    print(f"read in {reading:.1f} s, matched in {matching:.1f} s, {cpu:.1f} s of CPU; kept {_kept()}", flush=True)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return conclude(
        f"matching, {world.kind} {world.version}",
        [
            Figure("ten million events, 2,000 sessions", (reading + matching) * part, " s", most=MOST_SECONDS),
            Figure("CPU of it", cpu * part, " s"),
            Figure("most memory", gigabytes, " GB", most=MOST_GB),
            Figure("sessions judged wrongly", _wrong(told), most=0),
            Figure("events not counted", written - _counted(), most=0),
        ],
    )


def _last_month() -> datetime:
    """The first day of the month before this one, from which every hour is of that month in Tokyo too."""
    now = datetime.now(UTC)
    last = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return last.replace(day=1)


def _sessions(
    month: datetime, count: int, accounts: int, *, days: int
) -> tuple[list[dict[str, Any]], dict[tuple[str, int], list[dict[str, Any]]]]:
    """What each session is to become, and its records by account and day."""
    chance = random.Random(3)  # noqa: S311
    told: list[dict[str, Any]] = []
    records: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for number in range(count):
        account, day = account_of(number % accounts), number // accounts % days
        kind, at = MIX[number % len(MIX)], month + timedelta(days=day, hours=3 + number % 9)
        told.append({"n": number, "kind": kind, "account": account, "at": at})
        identity = _identity(kind, number, account)
        made = [call(account, at + timedelta(seconds=40 * n), identity, chance) for n in range(CALLS)]
        if kind == "outside":
            made.insert(0, _taken_on(account, at, number, chance))
        records.setdefault((account, day), []).extend(made)
    return told, records


def _identity(kind: str, number: int, account: str) -> dict[str, Any]:
    if kind == "batch":
        arn = f"arn:aws:iam::{account}:user/batch-{number}"
        return {"type": "IAMUser", "arn": arn, "accountId": account, "userName": f"batch-{number}"}
    role = "Vendor" if kind == "outside" else ROLE
    path = "" if kind == "outside" else "aws-reserved/sso.amazonaws.com/"
    found: dict[str, Any] = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/user{number}",
        "accountId": account,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{path}{role}"}},
    }
    return found if kind == "outside" else {**found, "onBehalfOf": {"userId": f"u{number}"}}


def _taken_on(account: str, at: datetime, number: int, chance: random.Random) -> dict[str, Any]:
    by = {"type": "AWSAccount", "accountId": "999900001111", "principalId": "AROA:vendor"}
    target = {"assumedRoleUser": {"arn": f"arn:aws:sts::{account}:assumed-role/Vendor/user{number}"}}
    return call(account, at, by, chance, eventName="AssumeRole", responseElements=target)


def _aws() -> Any:
    from benchmarks.trail_aws import TrailAws
    from kumoban.aws import door as door_module

    aws = TrailAws()
    opened = door_module.Door(aws)
    opened.itself = lambda: "arn:aws:iam::410122300009:user/kumoban-desk"  # type: ignore[method-assign]
    door_module._process_door = lambda _pid: opened  # type: ignore[assignment]
    return aws


def _rows(month: datetime, told: list[dict[str, Any]], accounts: int) -> None:
    from kumoban.desk.models import Request
    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Account, Organization, PermissionSet, Person
    from kumoban.evidence.matching.models import Exclusion
    from kumoban.ledger.clock import database_now

    now = database_now()
    Organization.objects.create(id="o-1", management_account="410122300000", own_account="410122300009", seen_at=now)
    Account.objects.bulk_create(
        Account(id=account_of(n), name=f"a{n}", email="a@b.jp", status="ACTIVE", seen_at=now) for n in range(accounts)
    )
    PermissionSet.objects.create(arn=SET, name="ProdReadOnly", session_seconds=3600, seen_at=now)
    Person.objects.bulk_create(
        (Person(id=f"u{n}", user_name=f"user{n}", display_name=f"佐藤 {n}", seen_at=now) for n in range(len(told))),
        batch_size=500,
    )
    user, first = user_of(Person.objects.get(pk="u0")), Person.objects.get(pk="u0")
    Request.objects.bulk_create(
        (
            Request(id=one["n"] + 1, number=f"R-{one['n']}", routine="temporary-access", state="ended", form={},
                    requester_id=f"u{one['n']}", asked_by=user, created_at=one["at"], changed_at=one["at"])
            for one in told
        ),
        batch_size=500,
    )  # fmt: skip
    _access(month, told)
    day = month.date()
    for one in told:
        if one["kind"] == "batch":
            Exclusion.objects.create(
                pattern=f"arn:aws:iam::*:user/batch-{one['n']}", reason="夜間バッチ", owner=first, valid_from=day,
                valid_until=day + timedelta(days=40), made_by=first, made_at=now,
            )  # fmt: skip


def _access(month: datetime, told: list[dict[str, Any]]) -> None:
    """Grants with the record's word of when they were in force; adopted assignments."""
    import json

    from kumoban.desk.models import Hold
    from kumoban.estate.models import Assignment
    from kumoban.ledger.models import Entry

    entries = [Entry(seq=-1, at=month, kind="desk.started", actor="desk", subject="", body="{}", digest="")]
    holds = []
    for one in told:
        person, account = f"u{one['n']}", one["account"]
        if one["kind"] == "adopted":
            Assignment.objects.create(
                principal_type="USER", principal_id=person, account_id=account, permission_set_arn=SET,
                seen_at=one["at"], adopted_request="R-1", adopted_at=month - timedelta(days=3),
            )  # fmt: skip
        if one["kind"] not in ("granted", "out_of_time"):
            continue
        key = f"sso:{person}:{account}:ps-1111111111111111"
        until = one["at"] + timedelta(hours=1 if one["kind"] == "granted" else -3)
        holds.append(Hold(request_id=one["n"] + 1, key=key, person_id=person, account_id=account, state="ended",
                          ends_at=until, was_active=True))  # fmt: skip
        body = json.dumps({"facts": {"thing": key}})
        for kind, at in (("grant.active", until - timedelta(hours=2)), ("grant.ended", until)):
            entries.append(Entry(seq=len(entries), at=at, kind=kind, actor="desk", subject=f"R-{one['n']}", body=body,
                                 digest=""))  # fmt: skip
    Hold.objects.bulk_create(holds, batch_size=500)
    Entry.objects.bulk_create(entries, batch_size=500)


def _timed(month: datetime) -> tuple[float, float, float]:
    from kumoban.evidence.matching.reading import read_trail
    from kumoban.evidence.matching.sessions import match_month
    from kumoban.evidence.matching.signing import sum_up

    sum_up("2000-01")  # what is loaded when it is first needed is not a month's work
    began, cpu = time.perf_counter(), time.process_time()
    read_trail(timedelta(hours=2))
    read = time.perf_counter()
    match_month(f"{month:%Y-%m}")
    sum_up(f"{month:%Y-%m}")
    return read - began, time.perf_counter() - read, time.process_time() - cpu


def _wrong(told: list[dict[str, Any]]) -> int:
    from kumoban.evidence.matching.models import Session

    found: dict[str, list[str]] = {}
    for row in Session.objects.all():
        found.setdefault(row.name, []).append(f"{row.outcome} {row.reading + row.changing}")
    wanted = {
        (f"batch-{one['n']}" if one["kind"] == "batch" else f"user{one['n']}"): [f"{WANTED[one['kind']]} {CALLS}"]
        for one in told
    }
    return sum(found.get(name) != outcomes for name, outcomes in wanted.items()) + len(found.keys() - wanted.keys())


def _counted() -> int:
    from django.db.models import Sum

    from kumoban.evidence.matching.models import TrailDay

    return int(TrailDay.objects.aggregate(n=Sum("n_records"))["n"] or 0)


def _kept() -> str:
    from kumoban.evidence.matching.models import Activity, Session, TrailDay

    return f"{TrailDay.objects.count()} days, {Activity.objects.count()} hours, {Session.objects.count()} sessions"


if __name__ == "__main__":
    raise SystemExit(main())
