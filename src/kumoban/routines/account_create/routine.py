"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from kumoban.desk.people import ops_members
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.models import Account, OrganizationalUnit, PermissionSet, Person, Team, searchable
from kumoban.routines.account_create.finish import finish
from kumoban.routines.account_create.form import AccountCreateForm
from kumoban.routines.account_create.look import look
from kumoban.routines.account_create.plan import plan
from kumoban.services.account import AlternateContact
from kumoban.services.budgets import CreateBudget
from kumoban.services.ec2 import RemoveDefaultVpc
from kumoban.services.identity_center import AssignToNew
from kumoban.services.organizations import ACCOUNT_ACTIONS

__all__ = ["ROUTINE"]

PAGE = 60

TEXTS = {
    "create_account": _("Make the account %(account)s (%(email)s)"),
    "move_account": _("Move it to %(ou)s"),
    "contact_billing": _("AWS writes about billing to %(email)s"),
    "contact_operations": _("AWS writes about operations to %(email)s"),
    "contact_security": _("AWS writes about security to %(email)s"),
    "no_default_vpc": _("Remove the default VPC in %(region)s"),
    "team_access": _("%(permission_set)s for the group %(group)s, without an end"),
    "budget": _("Budget of %(amount)s USD a month, told to %(email)s"),
    "attribute.account_name": _("Name of the account"),
    "attribute.root_email": _("Address of the root user"),
    "attribute.tag": _("Tag"),
    "irreversible": _(
        "Irreversible: an account cannot be deleted, only closed, and its address is never free again for another one."
    ),
    "quota": _("The organisation has %(count)s accounts now; closed ones count towards AWS's limit for 90 days."),
    "no_address": _("Write the address of the root user."),
    "account_taken": _("%(value)s is in use: %(by)s"),
    "address_too_long": _("AWS takes addresses of at most 64 characters: %(email)s"),
    "unknown_permission_set": _("There is no such permission set: %(permission_set)s"),
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
    if source == "teams":
        teams = Team.objects.filter(Q(slug__icontains=query) | Q(name__icontains=query), absent_since=None)
        return [(found.slug, found.name, found.slug) for found in teams.order_by("slug")[:PAGE]]
    if source == "units":
        units = OrganizationalUnit.objects.filter(Q(name_path__icontains=query) | Q(id=query), absent_since=None)
        return [(found.id, found.name_path or found.name, "") for found in units.order_by("name_path")[:PAGE]]
    if source == "environments":
        known = Account.objects.filter(absent_since=None).exclude(environment="")
        return [
            (word, word, "") for word in known.values_list("environment", flat=True).order_by("environment").distinct()
        ]
    sets = PermissionSet.objects.filter(absent_since=None, search__contains=needle).order_by("name")[:PAGE]
    return [(found.arn, found.name, found.description) for found in sets]


def named(source: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Units by their path, permission sets by name, people by user name, teams by name."""
    rows = {
        "people": Person.objects.filter(user_name__in=names, absent_since=None).values_list("user_name", "id"),
        "units": OrganizationalUnit.objects.filter(name_path__in=names, absent_since=None).values_list(
            "name_path", "id"
        ),
        "teams": Team.objects.filter(name__in=names, absent_since=None).values_list("name", "slug"),
        "permission_sets": PermissionSet.objects.filter(name__in=names, absent_since=None).values_list("name", "arn"),
    }
    found: dict[str, list[str]] = {}
    for name, key in rows.get(source, ()):
        found.setdefault(name, []).append(key)
    return found


ROUTINE = Routine(
    name="account-create",
    title=_("New account"),
    summary=_("Made once, moved to its OU, with contacts, budget and access, and in the register. Operations asks."),
    icon="circle-plus",
    handover="ops_only",
    form=AccountCreateForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("team", _("Team"), "word"), Dimension("environment", _("Environment"), "word")),
    actions=(*ACCOUNT_ACTIONS, AlternateContact(), RemoveDefaultVpc(), AssignToNew(), CreateBudget()),
    texts=TEXTS,
    choices=choices,
    named=named,
    finish=finish,
)
