"""One round of a watch: what is new is opened once and told, what is there is refreshed, what is gone is resolved.

Run any number of times with the same answer it changes nothing. Only what a round did not notice *and* was sure about
is resolved: a scan that failed, or is older than the change it should show, resolves nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kumoban.aws.errors import AwsError
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Event
from kumoban.desk.notices.events import event, remember
from kumoban.findings.models import Finding, FindingState, Severity
from kumoban.findings.watch import Noticed, Round, Watch
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Kept", "reconcile", "run"]

log = logging.getLogger(__name__)

#: so many new ones are told one by one, the gravest first; the rest as a number, so that a first day is no storm
_ONE_BY_ONE = 10
#: in one transaction
_AT_ONCE = 200
#: CloudTrail tells within fifteen minutes or so; a finding older than this is not looked at more closely any more
_CLOSER = timedelta(hours=2)


@dataclass(frozen=True)
class Kept:
    opened: int = 0
    refreshed: int = 0
    resolved: int = 0
    woken: int = 0


def run(watch: Watch) -> Kept:
    """What the duty does. Raises AwsError after everything else was kept, where AWS did not tell more."""
    kept = reconcile(watch, watch.detect())
    if watch.look_closer is not None:
        recent = Finding.objects.filter(
            watch=watch.name, resolved_at=None, first_seen_at__gt=database_now() - _CLOSER
        ).order_by("id")
        look_closer(watch, list(recent[:_AT_ONCE]))
    return kept


def reconcile(watch: Watch, found: Round) -> Kept:
    """Bring the rows in step with what was noticed."""
    now = database_now()
    unresolved = {one.key: one for one in Finding.objects.filter(watch=watch.name, resolved_at=None)}
    noticed = {one.key: one for one in found.noticed}
    fresh = [one for key, one in noticed.items() if key not in unresolved]
    gone = [one for key, one in unresolved.items() if key not in noticed and key not in found.unsure]
    changed = [(row, noticed[key]) for key, row in unresolved.items() if key in noticed and _differs(row, noticed[key])]
    apart = _told_apart(fresh)
    opened = sum(_open(watch, part, now, apart) for part in _parts(fresh))
    if rest := [one for one in fresh if one.key not in apart]:
        _tell_how_many(watch, rest)
    for start in range(0, len(changed), _AT_ONCE):
        with writing():
            for row, one in changed[start : start + _AT_ONCE]:
                _refresh(row, one)
    return Kept(opened, len(changed), sum(_resolve(row, now) for row in gone), _wake(watch))


def _parts(rows: Sequence[Noticed]) -> Iterable[Sequence[Noticed]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _told_apart(fresh: Sequence[Noticed]) -> frozenset[str]:
    """The keys of those that are told one by one: all, or where they are too many the grave ones, as far as it goes."""
    few = len(fresh) <= _ONE_BY_ONE
    return frozenset([one.key for one in fresh if few or one.severity == Severity.HIGH][:_ONE_BY_ONE])


def _open(watch: Watch, fresh: Sequence[Noticed], now: datetime, apart: Collection[str]) -> int:
    """Those of these that nobody opened meanwhile, with their records and the notices of those told apart."""
    with writing():
        keys = [one.key for one in fresh]
        there = set(
            Finding.objects.filter(watch=watch.name, resolved_at=None, key__in=keys).values_list("key", flat=True)
        )
        made = [
            Finding.objects.create(watch=watch.name, key=one.key, first_seen_at=now, **_shown(one))
            for one in fresh
            if one.key not in there
        ]
        for row in made:
            facts = {
                "watch": row.watch,
                "key": row.key,
                "severity": row.severity_code,
                "account": row.account,
                "team": row.team,
            }
            record("finding.opened", actor=SYSTEM, subject=row.subject, facts=facts)
        remember([_event(row) for row in made if row.key in apart])
    return len(made)


def _event(row: Finding) -> Event:
    kind = "finding_high" if row.severity == Severity.HIGH else "finding"
    told = {"team": row.team, "person": row.person, "page": f"/findings/{row.pk}"}
    why = (Reason.from_stored(row.title),)
    return event(kind, None, by=SYSTEM, at=clock.now(), why=why, key=f"{kind}:{row.pk}", **told)


def _tell_how_many(watch: Watch, rest: Sequence[Noticed]) -> None:
    """One word to each team with how many are its own, and one to operations with all of them."""
    of_teams: dict[str, list[Noticed]] = {"": list(rest)}
    for one in rest:
        if one.team:
            of_teams.setdefault(one.team, []).append(one)
    now, page = clock.now(), f"/findings?watch={watch.name}"
    with writing():
        remember([
            event(_how_many(theirs), None, by=SYSTEM, at=now, n=len(theirs), team=team, page=page)
            for team, theirs in of_teams.items()
        ])  # fmt: skip


def _how_many(rows: Iterable[Noticed]) -> str:
    return "findings_high" if any(one.severity == Severity.HIGH for one in rows) else "findings"


def _shown(one: Noticed) -> dict[str, object]:
    """What a row shows of what was noticed."""
    return {
        "title": one.title.stored(),
        "severity": one.severity,
        "team": one.team,
        "person": one.person,
        "about": one.about,
        "account": one.account,
        "evidence": dict(one.evidence),
        "proposals": [proposal.stored() for proposal in one.proposals],
        "monthly_saving": one.monthly_saving,
        "last_seen_at": one.seen_at,
    }


def _differs(row: Finding, one: Noticed) -> bool:
    shown = _shown(one)
    known = {name: row.evidence[name] for name in one.evidence if name in row.evidence}
    return known != shown.pop("evidence") or any(getattr(row, name) != value for name, value in shown.items())


def _refresh(row: Finding, one: Noticed) -> None:
    """What a closer look had told stays. A finding that became graver is told again, whatever was made of it."""
    shown = {**_shown(one), "evidence": {**row.evidence, **one.evidence}}
    graver = one.severity == Severity.HIGH and row.severity < Severity.HIGH
    if not Finding.objects.filter(pk=row.pk, resolved_at=None).update(**shown) or not graver:
        return
    row.refresh_from_db()
    record("finding.graver", actor=SYSTEM, subject=row.subject, facts={"severity": row.severity_code})
    remember([_event(row)])


def _resolve(row: Finding, now: datetime) -> bool:
    with writing():
        unresolved = Finding.objects.filter(pk=row.pk, resolved_at=None)
        if not unresolved.update(state=FindingState.RESOLVED, until=None, resolved_at=now):
            return False
        facts = {"watch": row.watch, "key": row.key, "state": row.state}
        record("finding.resolved", actor=SYSTEM, subject=row.subject, facts=facts)
    return True


def _wake(watch: Watch) -> int:
    """What was put off, or suppressed, until a time that has come: open again, and said so in the record."""
    over = Finding.objects.filter(watch=watch.name, resolved_at=None, until__lte=clock.now())
    rows = list(over)
    for row in rows:
        with writing():
            if Finding.objects.filter(pk=row.pk, until=row.until).update(state=FindingState.OPEN, until=None):
                record("finding.reopened", actor=SYSTEM, subject=row.subject, facts={"was": row.state})
    return len(rows)


def look_closer(watch: Watch, rows: Sequence[Finding]) -> None:
    """Add what AWS tells further. Raises AwsError; the finding stands without it."""
    assert watch.look_closer is not None
    if not rows:
        return
    try:
        told = watch.look_closer(rows)
    except AwsError as refused:
        log.warning("watch %s: AWS tells no more: %s", watch.name, refused)
        raise
    for row in rows:
        if more := told.get(row.pk):
            with writing():
                current = Finding.objects.select_for_update().get(pk=row.pk)
                current.evidence = {**current.evidence, **more}
                current.save(update_fields=["evidence"])
