"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from itertools import islice

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from kumoban.core.form import Reading
from kumoban.core.request_text import Understood
from kumoban.desk import rules
from kumoban.desk.offering import PAGE, by_name
from kumoban.desk.people import groups_of, team_of
from kumoban.desk.routine import Bundle, Dimension, Routine
from kumoban.estate.models import Membership, OrganizationalUnit, PermissionSet, Person, searchable
from kumoban.routines.temporary_access.form import TemporaryAccessForm, work_kinds
from kumoban.routines.temporary_access.known import known_to
from kumoban.routines.temporary_access.look import look
from kumoban.routines.temporary_access.plan import plan
from kumoban.routines.temporary_access.text import understand
from kumoban.services.identity_center import Assign

__all__ = ["ROUTINE"]

TEXTS = {
    "assign": _("%(permission_set)s in %(account)s for %(person)s"),
    "already_through_group": _("%(person)s already has this in %(account)s through a group."),
    "granted_then_until": _("Granted by %(request)s; end: %(end)s → %(to)s"),
    "granted_then_for": _("Granted by %(request)s; end: %(end)s → %(minutes)s minutes from approval"),
    "granted_longer": _("%(request)s already gives this until %(end)s."),
    "credentials_outlive": _("Credentials issued just before the end can still work for up to %(minutes)s minutes."),
    "some_already_there": _("What is already there stays after the end."),
    "start_in_the_past": _("The start is in the past. Leave it empty to start on approval."),
    "no_time_at_all": _("The length must be at least one minute."),
    "end_before_start": _("The end is not after the start."),
    "unknown_permission_set": _("There is no such permission set: %(permission_set)s"),
    "unknown_account": _("There is no such account: %(account)s"),
    "account_not_open": _("%(account)s is not open (%(status)s)."),
    "management_account": _(
        "%(account)s is the management account; a delegated administrator cannot assign anybody there."
    ),
    "set_in_management_account": _(
        "%(permission_set)s is provisioned in the management account; a delegated administrator cannot use it."
    ),
}


def choices(source: str, person: Person, query: str) -> list[tuple[str, str, str]]:
    """Accounts and permission sets this person may ask for; people by name; kinds of work. A page of each."""
    needle = searchable(query)
    if source == "kinds":
        return [(kind.code, kind.ja if get_language() == "ja" else kind.en, "") for kind in work_kinds()]
    if source == "people":
        wanted = Q(search__contains=needle) | Q(id=query)
        people = Person.objects.filter(wanted, absent_since=None, enabled=True)
        team = team_of(groups_of(person.id))
        near = Membership.objects.filter(group_id=team.group_id if team else "", absent_since=None).values("person_id")
        ordered = people.annotate(far=~Q(id__in=near)).order_by("far", "user_name")
        return list(ordered.values_list("id", "display_name", "user_name")[:PAGE])
    if source == "accounts":
        hits = (account for account, _sets in rules.offered(ROUTINE, person, needle))
        return [(found.id, found.name, found.ou.name_path if found.ou else "") for found in islice(hits, PAGE)]
    allowed = _permission_sets_offered(person)
    sets = PermissionSet.objects.filter(absent_since=None, search__contains=needle).order_by("name")
    if "*" not in allowed:
        sets = sets.filter(arn__in=allowed)
    return list(sets.values_list("arn", "name", "description"))


def _permission_sets_offered(person: Person) -> set[str]:
    """In any account; once that is all of them, nothing more is looked for."""
    allowed: set[str] = set()
    for _account, sets in rules.offered(ROUTINE, person):
        allowed |= sets
        if "*" in allowed:
            break
    return allowed


#: how an OU is written where accounts are: ``ou:Production``
OU = "ou:"


def bundles(source: str, person: Person, word: str | None = None) -> list[Bundle]:
    """The accounts of each OU, and of those below it, that this person may ask for."""
    if source != "accounts" or (word is not None and not word.lower().startswith(OU)):
        return []
    wanted = word[len(OU) :].strip() if word is not None else None
    known = OrganizationalUnit.objects.filter(absent_since=None, id__startswith="ou-").order_by("name_path")
    units = [unit for unit in known if wanted is None or wanted in (unit.id, unit.name, unit.name_path)]
    if not units:
        return []
    found = [(account.ou.id_path, account.id) for account, _sets in rules.offered(ROUTINE, person) if account.ou]
    inside = [(unit, tuple(one for path, one in found if f"{path}/".startswith(f"{unit.id_path}/"))) for unit in units]
    return [Bundle(f"{OU}{unit.id}", unit.name_path, accounts) for unit, accounts in inside if accounts]


def from_text(text: str, person: Person, reading: Reading) -> Understood:
    return understand(text, known_to(person, rules.offered(ROUTINE, person), ROUTINE.name), reading)


ROUTINE = Routine(
    name="temporary-access",
    title=_("Temporary access"),
    summary=_("What you need, where you need it, only while you need it. The desk proves the end."),
    icon="key-round",
    handover="delegated",
    form=TemporaryAccessForm,
    look=look,
    plan=plan,
    dimensions=(
        Dimension("account", _("Accounts"), "account"),
        Dimension("environment", _("Environment"), "word"),
        Dimension("permission_set", _("Permission set"), "id"),
    ),
    actions=(Assign(),),
    texts=TEXTS,
    choices=choices,
    named=by_name,
    bundles=bundles,
    from_text=from_text,
    workers=lambda form: form.workers,
)
