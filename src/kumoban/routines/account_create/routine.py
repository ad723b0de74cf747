"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.account_create.finish import finish
from kumoban.routines.account_create.form import AccountCreateForm
from kumoban.routines.account_create.look import look
from kumoban.routines.account_create.plan import plan
from kumoban.services.account import AlternateContact
from kumoban.services.budgets import CreateBudget
from kumoban.services.ec2 import RemoveDefaultVpc
from kumoban.services.guardduty import GuardDutyMember
from kumoban.services.identity_center import AssignToNew
from kumoban.services.organizations import ACCOUNT_ACTIONS

__all__ = ["ROUTINE"]

TEXTS = {
    "create_account": _("Make the account %(account)s (%(email)s)"),
    "move_account": _("Move it to %(ou)s"),
    "contact_billing": _("AWS writes about billing to %(email)s"),
    "contact_operations": _("AWS writes about operations to %(email)s"),
    "contact_security": _("AWS writes about security to %(email)s"),
    "no_default_vpc": _("Remove the default VPC in %(region)s"),
    "guardduty": _("GuardDuty watches it in %(region)s, as a member of its administrator"),
    "guardduty_arrives": _("GuardDuty watches it in %(region)s: AWS makes it a member by itself, which may take a day"),
    "no_guardduty": _("Nobody administers GuardDuty for the organisation, so it will not watch the account."),
    "no_detector": _("GuardDuty's administrator has no detector in %(regions)s: it will not watch the account there."),
    "detector_unread": _(
        "GuardDuty could not be read in %(regions)s (%(code)s): whether it will watch the account there is not known."
    ),
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
    actions=(
        *ACCOUNT_ACTIONS,
        AlternateContact(),
        RemoveDefaultVpc(),
        GuardDutyMember(),
        AssignToNew(),
        CreateBudget(),
    ),
    texts=TEXTS,
    choices=offered_to_operations,
    named=by_name,
    finish=finish,
    finish_after=(0,),
)
