"""The sentences of campaigns: msgids by code."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

__all__ = ["TEXTS"]

TEXTS = {
    "no_such_campaign_kind": _("There is no such campaign: %(kind)s"),
    "no_such_campaign_group": _("This campaign has no such part: %(group)s"),
    "nothing_to_review": _("There is nothing to ask about."),
    "too_many_lines": _("A campaign takes %(most)s lines; this would be %(count)s. Choose fewer parts."),
    "due_out_of_range": _("The due day is after today, and at most %(days)s days from now."),
    "not_a_business_day": _("%(day)s is no business day."),
    "line_about_you": _("This is about your own access: somebody else answers."),
    "line_not_yours": _("This is not yours to answer."),
    "no_such_line": _("There is no such line, or it is not yours to see."),
    "line_settled": _("This has been carried out, or its campaign is closed."),
    "review_access": _("%(person)s has %(permission_set)s in %(account)s"),
    "review_membership": _("%(person)s in the group %(group)s"),
    "review_iam_user": _("IAM user %(user)s in %(account)s, active keys: %(keys)s"),
    "propose_take_away": _("Take it away"),
    "propose_out_of_group": _("Take them out of the group"),
    "propose_other_access": _("Ask for what it should be"),
    "propose_iam_user": _("Have the IAM user removed"),
    "review_reason": _("Recertification: %(title)s %(said)s"),
}
