"""A question in ids: what people wrote is looked up once, so that the large tables are asked by their indexes only.

A criterion is met where one of its alternatives is; every criterion must be met. What nothing fits has no alternative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q

from kumoban.estate.access.wanted import Scope, Wanted
from kumoban.estate.models import Account, PermissionSet, Person, searchable

__all__ = ["Alternative", "Criterion", "criteria"]

#: people found by words are asked for one by one up to here; more are so many that a page of them is soon found
_ONE_BY_ONE = 100


@dataclass(frozen=True)
class Alternative:
    """``kind`` says what the values are: ids of accounts or people, ARNs, a pattern, a name."""

    kind: str
    values: Sequence[str] = ()


Criterion = tuple[Alternative, ...]


def criteria(wanted: Wanted, scope: Scope | None) -> Iterator[Criterion]:
    if wanted.text:
        yield tuple(_in_words(wanted.text))
    if wanted.person:
        named = Person.objects.filter(Q(pk=wanted.person) | Q(user_name=wanted.person))
        yield Alternative("people", _ids(named) or [wanted.person]), Alternative("user_name", [wanted.person])
    if wanted.account:
        yield (Alternative("accounts", _ids(Account.objects.filter(Q(pk=wanted.account) | Q(name=wanted.account)))),)
    if wanted.environment:
        yield (Alternative("accounts", _ids(Account.objects.filter(environment=wanted.environment))),)
    if wanted.permission_set:
        sets = PermissionSet.objects.filter(Q(pk=wanted.permission_set) | Q(name=wanted.permission_set))
        yield (
            Alternative("sets", _ids(sets) or [wanted.permission_set]),
            Alternative("role", [wanted.permission_set]),
        )
    if wanted.adopted in ("yes", "no"):
        yield (Alternative(f"adopted_{wanted.adopted}"),)
    if wanted.standing:
        yield (Alternative(wanted.standing, sorted(wanted.held)),)
    if scope is not None:
        teams = Account.objects.filter(team__in=scope.teams).exclude(team="")
        yield Alternative("accounts", _ids(teams)), Alternative("people", sorted(scope.people))


def _in_words(text: str) -> Iterator[Alternative]:
    """Accounts, permission sets, people, roles of entitlements and IAM users in whose words it is."""
    words, like = searchable(text), _like(text)
    yield Alternative("accounts", _ids(Account.objects.filter(search__contains=words)))
    yield Alternative("sets", _ids(PermissionSet.objects.filter(search__contains=words)))
    found = list(Person.objects.filter(search__contains=words).values_list("pk", flat=True)[: _ONE_BY_ONE + 1])
    yield Alternative("people", found) if len(found) <= _ONE_BY_ONE else Alternative("people_like", [like])
    yield Alternative("words_like", [like])


def _ids(rows: object) -> list[str]:
    return list(rows.values_list("pk", flat=True))  # type: ignore[attr-defined]


def _like(text: str) -> str:
    """What LIKE finds as it is written."""
    literal = searchable(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"
