"""The sentences of this room's own Reasons: msgids by code."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

__all__ = ["TEXTS"]

TEXTS = {
    "no_such_finding": _("There is no such finding, or you may not see it."),
    "finding_not_yours": _("Only the team it belongs to and the operations team decide about a finding."),
    "finding_about_you": _("It is about your own access: somebody else decides about it."),
    "finding_resolved": _("It is resolved already."),
    "finding_until": _("Choose a day after today, at most %(days)s days ahead."),
}
