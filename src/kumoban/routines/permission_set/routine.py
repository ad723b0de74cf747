"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.permission_set.form import PermissionSetForm
from kumoban.routines.permission_set.look import look
from kumoban.routines.permission_set.plan import plan
from kumoban.services.identity_center import SET_ACTIONS

__all__ = ["ROUTINE"]

TEXTS = {
    "word.create": _("Make"),
    "word.change": _("Change"),
    "word.remove": _("Remove"),
    "create_set": _("Make the permission set %(permission_set)s"),
    "update_set": _("Change the permission set %(permission_set)s"),
    "delete_set": _("Remove the permission set %(permission_set)s"),
    "attach_policy": _("Attach %(policy)s"),
    "detach_policy": _("Detach %(policy)s"),
    "put_inline": _("Replace the inline policy"),
    "remove_inline": _("Take the inline policy away"),
    "provision": _("Bring %(account)s up to it"),
    "attribute.set_name": _("Name of the set"),
    "attribute.description": _("Description"),
    "attribute.session": _("Session"),
    "attribute.managed_policy": _("AWS managed policy"),
    "attribute.inline_policy": _("Inline policy"),
    "nothing_to_change": _("Nothing would change."),
    "set_needs_name": _("Give the permission set a name."),
    "set_name_taken": _("There is a permission set %(name)s already."),
    "which_set": _("Say which permission set."),
    "unknown_permission_set": _("There is no such permission set: %(permission_set)s"),
    "set_in_management_account": _(
        "%(permission_set)s is provisioned in the management account; a delegated administrator cannot use it."
    ),
    "set_is_assigned": _("It is still assigned, in %(account)s for one. Take the assignments away first."),
    "too_many_policies": _("A permission set takes %(most)s managed policies."),
    "policy_no_json": _("The policy is no JSON: line %(line)s, column %(column)s."),
    "policy_too_long": _("The policy has %(size)s characters without spaces; AWS takes %(most)s."),
    "policy_no_statement": _("The policy has no Statement."),
    "policy_version": _('Write "Version": "2012-10-17" in the policy.'),
    "statement_no_object": _("Statement %(statement)s is no object."),
    "statement_unknown": _("Statement %(statement)s: there is no %(key)s in a policy."),
    "statement_effect": _("Statement %(statement)s: Effect is Allow or Deny."),
    "statement_action": _("Statement %(statement)s: write either Action or NotAction."),
    "statement_resource": _("Statement %(statement)s: write either Resource or NotResource."),
    "statement_principal": _("Statement %(statement)s: the policy of a permission set names no Principal."),
    "administers": _("With this, somebody can give themselves everything."),
    "long_session": _("Credentials issued once can work for %(hours)s hours, also after access has ended."),
    "grants_in_force": _("%(count)s grants of it are in force and change with it."),
    "one_by_one": _("%(count)s accounts are brought up to it one by one; until then the old policies hold there."),
}


ROUTINE = Routine(
    name="permission-set",
    title=_("Permission sets"),
    summary=_("Make, change and remove permission sets; every account is brought up to it. A second one approves."),
    icon="shield-check",
    handover="ops_only",
    form=PermissionSetForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("act", _("What is done"), "word"), Dimension("set", _("Permission set"), "word")),
    actions=SET_ACTIONS,
    texts=TEXTS,
    choices=offered_to_operations,
    named=by_name,
)
