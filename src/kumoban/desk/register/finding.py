"""Which accounts: searched, narrowed down to a unit, a team, an environment or a gap. Bounded by who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_noop as _

from kumoban.desk import clock, rules
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.estate.models import Account, RegisterEntry, searchable

__all__ = ["CONFIRM_AFTER", "ENVIRONMENTS", "GAPS", "Wanted", "accounts", "differs", "gaps", "owner_gone"]

#: owners are asked twice a year
CONFIRM_AFTER = timedelta(days=180)
#: what may be missing, and what it is called
GAPS = {
    "unregistered": _("not in the register yet"),
    "no_owner": _("no owner"),
    "owner_gone": _("the owner has left"),
    "unconfirmed": _("not confirmed for half a year"),
    "environment": _("register and tag differ"),
    "no_mfa": _("root without MFA, or not known"),
}
#: words for one environment: the tag says prod where people say 本番
ENVIRONMENTS = (
    ("prod", "production", "本番"),
    ("stg", "staging", "検証", "ステージング"),
    ("dev", "development", "開発"),
    ("test", "テスト"),
    ("shared", "共通", "共有"),
)


@dataclass(frozen=True)
class Wanted:
    """``ou`` an id, which covers what is below it; ``gap`` a key of GAPS; closed accounts only where asked for."""

    q: str = ""
    ou: str = ""
    team: str = ""
    environment: str = ""
    gap: str = ""
    closed: bool = False


def accounts(actor: Actor, wanted: Wanted) -> QuerySet[Account]:
    """By name, each with its unit and its entry."""
    found = rules.visible_accounts(actor)
    if not wanted.closed:
        found = found.filter(absent_since=None, status="ACTIVE")
    if wanted.q.strip():
        needle = searchable(wanted.q.strip())
        digits = needle.replace("-", "")
        by_id = Q(id__contains=digits) if digits.isdigit() else Q()
        found = found.filter(Q(search__contains=needle) | Q(register__search__contains=needle) | by_id)
    if wanted.ou:
        found = found.filter(Q(ou__id_path__contains=f"/{wanted.ou}/") | Q(ou_id=wanted.ou))
    if wanted.team:
        found = found.filter(team=wanted.team)
    if wanted.environment:
        found = found.filter(environment=wanted.environment)
    if wanted.gap in GAPS:
        found = _narrowed(found, wanted.gap)
    whole = found.select_related("ou", "register", "register__owner", "register__deputy", "register__confirmed_by")
    return whole.order_by("name", "id")


def _narrowed(found: QuerySet[Account], gap: str) -> QuerySet[Account]:
    if gap == "environment":
        said = Lower("register__environment"), Lower("environment")
        found = found.annotate(env_said=said[0], env_tag=said[1])
        return found.exclude(Q(env_said=None) | Q(env_said="") | Q(env_tag="")).exclude(_same_words())
    return found.filter(_gap(gap))


def _same_words() -> Q:
    same = Q(env_said=F("env_tag"))
    for words in ENVIRONMENTS:
        same |= Q(env_said__in=words, env_tag__in=words)
    return same


def _gap(gap: str) -> Q:
    if gap == "unregistered":
        return Q(register=None)
    if gap == "no_owner":
        return Q(register__owner=None)
    if gap == "owner_gone":
        return owner_gone("register__")
    if gap == "no_mfa":
        return Q(register=None) | ~Q(register__root_mfa=RegisterEntry.RootMfa.YES)
    before = (clock.now() - CONFIRM_AFTER).astimezone(organisation_zone()).date()
    return Q(register=None) | Q(register__confirmed_on=None) | Q(register__confirmed_on__lte=before)


def owner_gone(through: str = "") -> Q:
    """An owner whom the directory no longer has, or has disabled."""
    there = Q(**{f"{through}owner__absent_since": None, f"{through}owner__enabled": True})
    return Q(**{f"{through}owner__isnull": False}) & ~there


def differs(account: Account, said: str) -> bool:
    """Whether register and tag mean different environments; 本番 and prod are one."""
    one, other = said.lower(), account.environment.lower()
    if not one or not other or one == other:
        return False
    return not any(one in words and other in words for words in ENVIRONMENTS)


def gaps(actor: Actor) -> Mapping[str, int]:
    """How many open accounts this person may see have each gap; in two queries."""
    open_ones = rules.visible_accounts(actor).filter(absent_since=None, status="ACTIVE")
    counted = open_ones.aggregate(
        **{gap: Count("id", filter=_gap(gap), distinct=True) for gap in GAPS if gap != "environment"}
    )
    return {**counted, "environment": _narrowed(open_ones, "environment").count()}
