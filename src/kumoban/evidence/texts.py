"""The sentences of evidence: msgids by code."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

__all__ = ["TEXTS"]

TEXTS = {
    "nothing_was_done": _("Nothing was done with it."),
    "only_reading": _("Only reading was done. A set that only reads would have been enough: %(sets)s"),
    "few_services": _("Of all that %(permission_set)s allows, only these services were used: %(services)s"),
}
