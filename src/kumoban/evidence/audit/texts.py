"""The sentences of the auditor's room: msgids by code."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

__all__ = ["TEXTS"]

TEXTS = {
    "no_such_sample": _("There is no such sample."),
    "no_such_pack": _("There is no such audit pack."),
    "no_such_table": _("There is no such table."),
    "pack_not_ready": _("The audit pack is not ready."),
    "outside_guest_period": _("Your access is for %(since)s to %(until)s: choose a period within it."),
    "seed_not_plain": _("A seed is 8 to 64 letters and digits without spaces."),
    "population_empty": _("There is nothing of this kind in the period, so nothing to draw from."),
}
