"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from kumoban.desk.people import ops_members
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.models import Account, Person, searchable
from kumoban.routines.adopt.form import AdoptForm
from kumoban.routines.adopt.keep import keep
from kumoban.routines.adopt.look import look
from kumoban.routines.adopt.plan import plan

__all__ = ["ROUTINE"]

PAGE = 60


def choices(source: str, person: Person, query: str) -> list[tuple[str, str, str]]:
    """All accounts and people, a page of each: who may ask for this may see everything; nobody else is offered any."""
    if person.id not in {member.id for member in ops_members()}:
        return []
    needle = searchable(query)
    if source == "people":
        wanted = Q(search__contains=needle) | Q(id=query)
        people = Person.objects.filter(wanted, absent_since=None, enabled=True).order_by("user_name")[:PAGE]
        return [(found.id, found.display_name, found.user_name) for found in people]
    known = Account.objects.filter(absent_since=None, search__contains=needle)
    accounts = known.select_related("ou").order_by("name")[:PAGE]
    return [(found.id, found.name, found.ou.name_path if found.ou else "") for found in accounts]


def named(source: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Accounts by name, people by user name."""
    found: dict[str, list[str]] = {}
    accounts = Account.objects.filter(name__in=names, absent_since=None).values_list("name", "id")
    people = Person.objects.filter(user_name__in=names, absent_since=None).values_list("user_name", "id")
    for name, key in people if source == "people" else accounts:
        found.setdefault(name, []).append(key)
    return found


ROUTINE = Routine(
    name="adopt",
    title=_("Adopt what exists"),
    summary=_("Assignments of before the desk are marked as known, each with an owner. Nothing on AWS is changed."),
    icon="archive",
    handover="ops_only",
    form=AdoptForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("account", _("Accounts"), "account"),),
    texts={
        "adopt": _("%(account)s: %(count)s assignments (%(people)s people, %(groups)s groups), owner %(owner)s"),
        "adopt_more": _(
            "%(account)s: %(count)s assignments (%(people)s people, %(groups)s groups), %(entitlements)s entitlements, "
            "%(users)s IAM users, owner %(owner)s"
        ),
        "nothing_on_aws": _("Nothing on AWS is changed. The lists are under Who has access, not adopted."),
        "nothing_to_adopt": _("There is nothing to adopt: everything that is there is known."),
        "no_owner": _("Say who owns what is in accounts without a team (%(count)s): %(accounts)s"),
    },
    choices=choices,
    named=named,
    keep=keep,
)
