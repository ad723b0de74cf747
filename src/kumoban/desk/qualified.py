"""修了: who has read a routine's runbook and finished its exercise, and the rules that ask for both.

An exercise is a request of one's own that reached its end on a practice AWS. Where this desk works on one, its own
requests say so; elsewhere the operations team confirms it, with the request's number on the practice desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from kumoban.aws.mode import practising
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Exercise, Request, Rule, RunbookReading
from kumoban.estate.models import Person

__all__ = ["Qualification", "practised", "qualification", "qualifications", "qualified_days", "unmet"]


@dataclass(frozen=True)
class Qualification:
    """When one person last read a routine's runbook, and last finished its exercise; None: never."""

    read_at: datetime | None
    #: of the version that was read last
    digest: str
    exercised_at: datetime | None

    def until(self, days: int) -> datetime | None:
        """The moment from which a rule with so many days allows no more; None where it does not allow at all."""
        if self.read_at is None or self.exercised_at is None:
            return None
        return min(self.read_at, self.exercised_at) + timedelta(days=days)


def qualification(person: str, routine: str) -> Qualification:
    """As things are now; of which rules, and how many days they ask for, is not its matter."""
    return qualifications([person], routine)[person]


def qualifications(people: Sequence[str], routine: str) -> dict[str, Qualification]:
    """The same for many, by person."""
    read = RunbookReading.objects.filter(person__in=people, routine=routine).order_by("at", "id")
    last = {row.person_id: row for row in read}
    exercised = practised(people, routine)
    return {one: _qualification(last.get(one), exercised.get((one, routine))) for one in people}


def _qualification(read: RunbookReading | None, exercised_at: datetime | None) -> Qualification:
    return Qualification(read.at if read else None, read.digest if read else "", exercised_at)


def practised(people: Iterable[str], routine: str = "") -> dict[tuple[str, str], datetime]:
    """When these people last finished an exercise: by person and routine."""
    named = {"routine": routine} if routine else {}
    return {(person, name): at for person, name, at in _finished(list(people), named)}


def _finished(people: list[str], named: dict[str, str]) -> Iterable[tuple[str, str, datetime]]:
    if practising():
        own = Request.objects.filter(requester__in=people, state__in=_FINISHED, converted_from=None, **named)
        return own.values_list("requester_id", "routine").annotate(last=Max("closed_at")).order_by()
    rows = Exercise.objects.filter(person__in=people, **named)
    return rows.values_list("person_id", "routine").annotate(last=Max("at")).order_by()


#: where a request has come to its end as it was meant to
_FINISHED = ("ended", "done")


def qualified_days(rule: Rule) -> int:
    """Days for which reading and exercise count for this rule; 0: it asks for neither."""
    return int(rule.limits.get("qualified_days", 0))


def unmet(
    rules: Iterable[Rule], requester: Person, routine: str, known: Qualification | None = None
) -> dict[int, tuple[Reason, ...]]:
    """By rule, what the requester has not done that it asks for; the rules that are met are not in it.

    ``known``: the requester's qualification where it was read before.
    """
    asking = {rule.pk: rule for rule in rules if rule.effect == Rule.Effect.ALLOW and qualified_days(rule)}
    if not asking:
        return {}
    now, known = clock.now(), known or qualification(requester.id, routine)
    missing = {pk: _missing(rule, known, requester, now) for pk, rule in asking.items()}
    return {pk: reasons for pk, reasons in missing.items() if reasons}


def _missing(rule: Rule, known: Qualification, requester: Person, now: datetime) -> tuple[Reason, ...]:
    since = now - timedelta(days=qualified_days(rule))
    said: dict[str, str | int] = {
        "person": requester.display_name,
        "rule": rule.name,
        "days": qualified_days(rule),
        "page": f"/runbooks/{rule.routine}",
    }
    done = (("runbook_unread", known.read_at), ("exercise_undone", known.exercised_at))
    return tuple(Reason(code, said) for code, at in done if at is None or at <= since)
