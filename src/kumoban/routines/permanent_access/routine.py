"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from kumoban.desk.people import ops_members
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.models import Account, Group, PermissionSet, Person, searchable
from kumoban.routines.permanent_access.form import PermanentAccessForm
from kumoban.routines.permanent_access.look import look
from kumoban.routines.permanent_access.plan import plan
from kumoban.services.identity_center import Assign, AssignGroup, Unassign

__all__ = ["ROUTINE"]

PAGE = 60

TEXTS = {
    "word.grant": _("Grant"),
    "word.take_away": _("Take away"),
    "assign_for_good": _("%(permission_set)s in %(account)s for %(person)s, without an end"),
    "unassign": _("Take %(permission_set)s in %(account)s away from %(person)s"),
    "group_or_person": _("Choose either a group or a person."),
    "why_not_a_group": _("Access is given to groups. Write why this one has to be a person's."),
    "owner_needed": _("Say who owns it."),
    "review_needed": _("Say by when it is reviewed."),
    "review_out_of_range": _("The review is after today, and at most %(days)s days from now."),
    "granted_by": _("%(account)s: it is granted already, by %(request)s."),
    "end_the_request": _("%(account)s: it was granted by %(request)s. End that request."),
    "not_assigned": _("%(account)s: it is not assigned."),
    "until_reviewed": _("It stays until it is ended. %(owner)s answers for it; it is reviewed by %(day)s."),
    "to_a_person": _("To one person and not to a group, because: %(why)s"),
    "unknown_permission_set": _("There is no such permission set: %(permission_set)s"),
    "unknown_account": _("There is no such account: %(account)s"),
    "account_not_open": _("%(account)s is not open (%(status)s)."),
    "management_account": _(
        "%(account)s is the management account; a delegated administrator cannot assign anybody there."
    ),
}


def choices(source: str, person: Person, query: str) -> list[tuple[str, str, str]]:
    """Everything there is, a page of each: who may ask for this may see it; nobody else is offered any."""
    if person.id not in {member.id for member in ops_members()}:
        return []
    needle = searchable(query)
    if source == "people":
        wanted = Q(search__contains=needle) | Q(id=query)
        people = Person.objects.filter(wanted, absent_since=None, enabled=True).order_by("user_name")[:PAGE]
        return [(found.id, found.display_name, found.user_name) for found in people]
    if source == "groups":
        wanted = Q(name__icontains=query) | Q(description__icontains=query) | Q(id=query)
        groups = Group.objects.filter(wanted, absent_since=None).order_by("name")[:PAGE]
        return [(found.id, found.name, found.description) for found in groups]
    if source == "accounts":
        known = Account.objects.filter(absent_since=None, search__contains=needle)
        accounts = known.select_related("ou").order_by("name")[:PAGE]
        return [(found.id, found.name, found.ou.name_path if found.ou else "") for found in accounts]
    sets = PermissionSet.objects.filter(absent_since=None, search__contains=needle).order_by("name")[:PAGE]
    return [(found.arn, found.name, found.description) for found in sets]


def named(source: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Accounts, permission sets and groups by name, people by user name."""
    rows: dict[str, QuerySet[Account] | QuerySet[PermissionSet] | QuerySet[Person] | QuerySet[Group]] = {
        "accounts": Account.objects.filter(name__in=names, absent_since=None),
        "permission_sets": PermissionSet.objects.filter(name__in=names, absent_since=None),
        "people": Person.objects.filter(user_name__in=names, absent_since=None),
        "groups": Group.objects.filter(name__in=names, absent_since=None),
    }
    found: dict[str, list[str]] = {}
    for row in rows.get(source, ()):
        found.setdefault(row.user_name if isinstance(row, Person) else row.name, []).append(str(row.pk))
    return found


ROUTINE = Routine(
    name="permanent-access",
    title=_("Permanent access"),
    summary=_("Access without an end, to a group, with an owner and a day of review. Operations asks and approves."),
    icon="key-square",
    handover="ops_only",
    form=PermanentAccessForm,
    look=look,
    plan=plan,
    dimensions=(
        Dimension("account", _("Accounts"), "account"),
        Dimension("environment", _("Environment"), "word"),
        Dimension("permission_set", _("Permission set"), "id"),
    ),
    actions=(Assign(), AssignGroup(), Unassign()),
    texts=TEXTS,
    choices=choices,
    named=named,
    workers=lambda form: (form.person,) if form.person and form.act == "grant" else (),
)
