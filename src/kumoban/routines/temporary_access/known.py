"""What the words of a text may mean to one person: the accounts they may ask for, people, sets, kinds, fields."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kumoban.desk.models import ExtraField
from kumoban.desk.register import ENVIRONMENTS
from kumoban.estate.models import Account, PermissionSet, Person, RegisterEntry, Team
from kumoban.routines.temporary_access.form import work_kinds
from kumoban.routines.temporary_access.text import Known, KnownAccount, KnownField, KnownPerson

__all__ = ["known_to"]

#: what people leave out: 決済 is what 決済基盤 is for
_GENERAL = re.compile("(?:基盤|システム|サービス|サイト|プラットフォーム)$")


def known_to(person: Person, offered: Iterable[tuple[Account, set[str]]], routine: str) -> Known:
    """``offered``: as ``rules.offered`` gives them."""
    found = list(offered)
    sets = set().union(*(one for _account, one in found)) if found else set()
    accounts = _accounts([account for account, _sets in found])
    own = ExtraField.objects.filter(routine=routine).order_by("position", "id")
    return Known(
        _person(person),
        accounts,
        _environments({account.environment for account in accounts}),
        _permission_sets(sets),
        [_person(one) for one in Person.objects.filter(absent_since=None, enabled=True).order_by("id")],
        [(kind.code, label) for kind in work_kinds() for label in dict.fromkeys((kind.ja, kind.en))],
        [KnownField(one.key, (one.label_ja, one.label_en), tuple(map(str, one.choices))) for one in own],
    )


def _person(person: Person) -> KnownPerson:
    return KnownPerson(person.id, person.display_name, person.user_name, person.family_name)


def _permission_sets(offered: set[str]) -> list[tuple[str, str]]:
    sets = PermissionSet.objects.filter(absent_since=None)
    if "*" not in offered:
        sets = sets.filter(arn__in=offered)
    return list(sets.order_by("name").values_list("arn", "name"))


def _accounts(offered: list[Account]) -> list[KnownAccount]:
    """An account's environment is its tag's, else what the register says."""
    entries = {one.account_id: one for one in RegisterEntry.objects.filter(account__in=offered)}
    teams = {team.slug: team for team in Team.objects.filter(absent_since=None)}
    found = []
    for account in offered:
        entry = entries.get(account.id)
        environment = _same(account.environment or (entry.environment if entry else ""))
        number = {entry.number} if entry and entry.number else set()
        parts = _parts(account, entry, teams.get(account.team))
        found.append(KnownAccount(account.id, account.name, environment, frozenset(number), frozenset(parts)))
    return found


def _parts(account: Account, entry: RegisterEntry | None, team: Team | None) -> set[str]:
    """What it shares with others: product, team, and its name without the environment."""
    words = "|".join(re.escape(word) for words in ENVIRONMENTS for word in words)
    stem = re.sub(rf"[-_ ](?:{words})$|^(?:{words})[-_ ]", "", account.name, flags=re.IGNORECASE)
    said = {entry.product if entry else "", account.team, stem if stem != account.name else ""}
    if team:
        said |= {team.name, team.name.removesuffix("チーム")}
    said |= {_GENERAL.sub("", word) for word in said}
    return {word for word in said if len(word) > 1}


def _environments(there: set[str]) -> dict[str, str]:
    words = {word: said[0] for said in ENVIRONMENTS for word in said if said[0] in there}
    return {**words, **{one: one for one in there if one}}


def _same(environment: str) -> str:
    """One word for 本番, production and prod."""
    low = environment.lower()
    return next((words[0] for words in ENVIRONMENTS if low in words), low)
