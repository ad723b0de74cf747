"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.permanent_access.form import PermanentAccessForm
from kumoban.routines.permanent_access.look import look
from kumoban.routines.permanent_access.plan import plan
from kumoban.services.identity_center import Assign, AssignGroup, Unassign

__all__ = ["ROUTINE"]

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
    choices=offered_to_operations,
    named=by_name,
    workers=lambda form: (form.person,) if form.person and form.act == "grant" else (),
)
