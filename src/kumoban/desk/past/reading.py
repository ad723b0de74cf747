"""Reading history: what one person may see of it, what today's rules say in sum, and everything as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from kumoban.core.spreadsheet import csv_lines
from kumoban.desk.access import scope_of
from kumoban.desk.models import PastAccess, Rule
from kumoban.desk.people import Actor
from kumoban.estate.models import Account, searchable

__all__ = ["Summary", "past_access", "past_csv", "summary"]

_CHUNK = 500


@dataclass(frozen=True)
class Summary:
    """How many rows by outcome, by the rules that decided (a row counts for each), and by why they are refused."""

    rows: int
    unjudged: int
    outcomes: Mapping[str, int]
    rules: Sequence[tuple[str, int]]
    refusals: Sequence[tuple[str, int]]


def past_access(actor: Actor, text: str = "", outcome: str = "") -> QuerySet[PastAccess]:
    """What this person may see, the newest taken first."""
    found = PastAccess.objects.all()
    scope = scope_of(actor)
    if scope is not None:
        accounts = Account.objects.filter(team__in=scope.teams).values("id")
        found = found.filter(Q(account_id__in=accounts) | Q(person_id__in=scope.people))
    if text:
        found = found.filter(search__contains=searchable(text))
    if outcome in PastAccess.Outcome.values:
        found = found.filter(outcome=outcome)
    return found.select_related("person").order_by("-id")


def summary(actor: Actor, text: str = "") -> Summary:
    """Three counts, whatever the number of rows."""
    seen = past_access(actor, text).order_by()
    outcomes = dict(seen.exclude(outcome="").values_list("outcome").annotate(n=Count("id")))
    decided = seen.exclude(decided_by="").values_list("decided_by").annotate(n=Count("id"))
    refused = seen.filter(outcome=PastAccess.Outcome.REFUSED).values_list("code").annotate(n=Count("id"))
    counted: Counter[int] = Counter()
    for ids, n in decided:
        counted.update({int(pk): n for pk in ids.split(",") if pk.isdecimal()})
    names = dict(Rule.objects.filter(pk__in=counted).values_list("pk", "name"))
    rows = seen.count()
    return Summary(
        rows,
        rows - sum(outcomes.values()),
        {outcome.value: outcomes.get(outcome.value, 0) for outcome in PastAccess.Outcome},
        [(names.get(pk, str(pk)), n) for pk, n in counted.most_common()],
        sorted(refused, key=lambda pair: (-pair[1], pair[0])),
    )


_HEAD = (
    "source", "person", "account", "account_id", "permission_set", "starts_at", "ends_at", "said", "outcome", "why",
    "rules", "judged_at",
)  # fmt: skip


def past_csv(found: QuerySet[PastAccess]) -> Iterator[str]:
    """Every row, read a chunk at a time."""
    return csv_lines(_HEAD, (_row(one) for one in found.iterator(_CHUNK)))


def _row(one: PastAccess) -> tuple[Any, ...]:
    return (
        one.source,
        one.person_name,
        one.account_name,
        one.account_id,
        one.permission_set_name,
        one.starts_at.isoformat(),
        one.ends_at.isoformat() if one.ends_at else "",
        "; ".join(f"{name}: {value}" for name, value in one.said.items()),
        one.outcome,
        " ".join(reason["code"] for reason in one.why),
        one.decided_by,
        one.judged_at.isoformat() if one.judged_at else "",
    )
