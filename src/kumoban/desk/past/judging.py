"""How today's rules would have decided about what was had before: by the function that decides real requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from kumoban.core.reason import Reason
from kumoban.desk import rules
from kumoban.desk.conditions import timed
from kumoban.desk.explain import combinations
from kumoban.desk.models import PastAccess, Rule
from kumoban.desk.routine import routine_of
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["judge_past"]

#: rows of one turn
MOST = 5_000
_CHUNK = 200
#: a judgement older than this is made again: people change groups, accounts change teams
_GOOD_FOR = timedelta(days=1)
_ROUTINE = "temporary-access"
_JUDGED = ("judged_at", "outcome", "code", "decided_by", "why", "slots")

Outcome = PastAccess.Outcome


def judge_past(most: int = MOST) -> int:
    """Judge the rows never judged, or judged before a rule was changed or a day ago; how many."""
    now, judged = database_now(), 0
    changed = Rule.objects.aggregate(at=Max("changed_at"))["at"]
    old = Q(judged_at=None) | Q(judged_at__lt=now - _GOOD_FOR)
    due = PastAccess.objects.filter(old | Q(judged_at__lt=changed) if changed else old).select_related("person")
    decide = _remembering(_decided)
    while judged < most and (rows := list(due.order_by("id")[: min(_CHUNK, most - judged)])):
        for row in rows:
            _judge(row, decide, now)
        with writing():
            PastAccess.objects.bulk_update(rows, _JUDGED)
        judged += len(rows)
    return judged


_Decide = Callable[[Person, str, str, datetime, timedelta | None], rules.Decision]


def _judge(row: PastAccess, decide: _Decide, now: datetime) -> None:
    row.judged_at, row.decided_by, row.slots = now, "", []
    unknown = _unknown(row)
    if unknown or row.person is None:
        row.outcome, row.why = Outcome.UNKNOWN, [reason.stored() for reason in unknown]
    else:
        length = row.ends_at - row.starts_at if row.ends_at else None
        decision = decide(row.person, row.account_id, row.permission_set_arn, row.starts_at, length)
        row.outcome = _outcome(decision)
        row.why = [reason.stored() for reason in decision.refusals]
        row.slots = [slot.stored() for slot in decision.slots]
        row.decided_by = ",".join(str(pk) for pk, _version, _name in decision.rules)[:200]
    row.code = row.why[0]["code"] if row.why else ""


def _unknown(row: PastAccess) -> list[Reason]:
    found = (
        (row.person_id, Reason("unknown_person", {"person": row.person_name[:60]})),
        (row.account_id, Reason("unknown_account", {"account": row.account_name[:40]})),
        (row.permission_set_arn, Reason("unknown_permission_set", {"permission_set": row.permission_set_name[-60:]})),
    )
    return [reason for known, reason in found if not known]


def _outcome(decision: rules.Decision) -> Outcome:
    if not decision.allowed:
        return Outcome.REFUSED
    return Outcome.APPROVAL if decision.slots else Outcome.ALLOWED


def _decided(
    person: Person, account: str, permission_set: str, starts_at: datetime, length: timedelta | None
) -> rules.Decision:
    """Without freezes: those are of today, not of the rules."""
    routine = routine_of(_ROUTINE)
    assert routine is not None
    things = combinations(routine, {"account": [account], "permission_set": [permission_set]})
    return rules.decide(routine, person, [person], things, starts_at, length)


def _remembering(decide: _Decide) -> _Decide:
    """The same person asked for the same again and again: decided once in a turn, where no rule looks at the time."""
    known: dict[tuple[Any, ...], rules.Decision] = {}
    looks_at_time = any(timed(rule) for rule in Rule.objects.filter(routine=_ROUTINE, enabled=True))

    def remembered(
        person: Person, account: str, permission_set: str, starts_at: datetime, length: timedelta | None
    ) -> rules.Decision:
        key = (person.id, account, permission_set, length, starts_at if looks_at_time else None)
        if key not in known:
            known[key] = decide(person, account, permission_set, starts_at, length)
        return known[key]

    return remembered
