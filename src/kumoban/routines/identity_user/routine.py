"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.identity_user.form import IdentityUserForm
from kumoban.routines.identity_user.look import look
from kumoban.routines.identity_user.plan import plan
from kumoban.services.identity_center import Unassign
from kumoban.services.identity_store import ARRIVALS, MEMBER_ACTIONS, USER_ACTIONS

__all__ = ["ROUTINE"]

TEXTS = {
    "word.create": _("Make a user"),
    "word.change": _("Change a user"),
    "word.remove": _("Remove a user"),
    "word.import": _("Make many users from a table"),
    "create_user": _("Make the user %(user_name)s (%(person)s)"),
    "update_user": _("Change %(person)s (%(user_name)s)"),
    "delete_user": _("Remove the user %(user_name)s (%(person)s)"),
    "add_member": _("Add %(person)s to the group %(group)s"),
    "remove_member": _("Take %(person)s out of the group %(group)s"),
    "unassign": _("Take %(permission_set)s in %(account)s away from %(person)s"),
    "attribute.user_name": _("User name"),
    "attribute.display_name": _("Display name"),
    "attribute.family_name": _("Family name"),
    "attribute.given_name": _("Given name"),
    "attribute.email": _("E-mail"),
    "attribute.title": _("Title"),
    "attribute.employee_number": _("Employee number"),
    "attribute.language": _("Language"),
    "whom": _("Say which person."),
    "nothing_to_change": _("Nothing would change."),
    "needed_to_create": _("To make a user, fill in user name, family name, given name and e-mail."),
    "unknown_group_in_line": _("Line %(line)s: there is no group %(group)s."),
    "holds_something": _("They hold or are about to hold access. End it first: %(requests)s"),
    "taken": _("%(value)s is another user's."),
    "taken_in_line": _("Line %(line)s: %(value)s is another user's."),
    "no_table": _("Paste the table of people, with a line of titles first."),
    "unknown_column": _("No column is called %(column)s."),
    "column_missing": _("The column %(column)s is missing."),
    "cell_missing": _("Line %(line)s: %(column)s is empty."),
    "cell_not_taken": _("Line %(line)s: %(column)s has characters that are not taken, or too many."),
    "cell_no_email": _("Line %(line)s: %(email)s is no e-mail address."),
    "twice_in_table": _("Line %(line)s: %(value)s is in line %(other)s too."),
    "too_many_people": _("A table takes %(most)s people; this one has %(count)s."),
    "new_id_on_undo": _("A user made again gets a new id: what was assigned to them by id has to be given anew."),
    "no_password_mail": _("Identity Center sends no mail by itself: have the password set on its console."),
    "kept_elsewhere": _("Users come from the company's directory (SCIM): it is done there, and seen when it arrives."),
    "in_the_directory": _("Do it in the company's directory (Entra ID, Okta); %(count)s changes are seen to arrive"),
}


def _workers(form: IdentityUserForm) -> Sequence[str]:
    """Who gains by it approves it no more than who asks."""
    return (form.person,) if form.act == "change" and form.person and form.groups else ()


ROUTINE = Routine(
    name="identity-user",
    title=_("Users of Identity Center"),
    summary=_("Make, change and remove users and their groups, one or many. A second member of operations approves."),
    icon="user-cog",
    handover="ops_only",
    form=IdentityUserForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("act", _("What is done"), "word"), Dimension("group", _("Groups"), "id")),
    actions=(*USER_ACTIONS, *MEMBER_ACTIONS, *ARRIVALS, Unassign()),
    texts=TEXTS,
    choices=partial(offered_to_operations, disabled_people=True),
    named=by_name,
    workers=_workers,
)
