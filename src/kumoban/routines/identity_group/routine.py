"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.identity_group.form import IdentityGroupForm
from kumoban.routines.identity_group.look import look
from kumoban.routines.identity_group.plan import plan
from kumoban.services.identity_center import Unassign
from kumoban.services.identity_store import ARRIVALS, GROUP_ACTIONS, MEMBER_ACTIONS

__all__ = ["ROUTINE"]

TEXTS = {
    "word.create": _("Make"),
    "word.change": _("Change"),
    "word.remove": _("Remove"),
    "create_group": _("Make the group %(group)s"),
    "update_group": _("Change the group %(group)s"),
    "delete_group": _("Remove the group %(group)s"),
    "add_member": _("Add %(person)s to the group %(group)s"),
    "remove_member": _("Take %(person)s out of the group %(group)s"),
    "unassign": _("Take %(permission_set)s in %(account)s away from %(person)s"),
    "attribute.group_name": _("Name of the group"),
    "attribute.description": _("Description"),
    "group_needs_name": _("Give the group a name."),
    "which_group": _("Say which group."),
    "group_name_taken": _("There is a group %(group)s already."),
    "group_holds_something": _("The group holds access by requests. End them first: %(requests)s"),
    "nothing_to_change": _("Nothing would change."),
    "new_group_id_on_undo": _(
        "A group made again gets a new id: members, assignments and rules have to be given anew."
    ),
    "rules_name_the_group": _("%(count)s rules name this group and will match nobody by it: %(rules)s"),
    "kept_elsewhere": _("Users come from the company's directory (SCIM): it is done there, and seen when it arrives."),
    "in_the_directory": _("Do it in the company's directory (Entra ID, Okta); %(count)s changes are seen to arrive"),
}


ROUTINE = Routine(
    name="identity-group",
    title=_("Groups of Identity Center"),
    summary=_("Make, change and remove groups, and who is in them. A second member of operations approves."),
    icon="users",
    handover="ops_only",
    form=IdentityGroupForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("act", _("What is done"), "word"), Dimension("group", _("Groups"), "id")),
    actions=(*GROUP_ACTIONS, *MEMBER_ACTIONS, *ARRIVALS, Unassign()),
    texts=TEXTS,
    choices=partial(offered_to_operations, disabled_people=True),
    named=by_name,
    workers=lambda form: form.members,  # who gains by it approves it no more than who asks
)
