"""The watch itself, and the words of what it notices."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from kumoban.findings.watch import Watch
from kumoban.watches.unrequested.detect import detect

__all__ = ["WATCH"]

WATCH = Watch(
    name="unrequested",
    title=_("Access without a request"),
    summary=_("Privileged sessions in CloudTrail that no request speaks of, or outside its time."),
    every=timedelta(minutes=10),
    detect=detect,
    texts={
        "unrequested": _("%(who)s was in %(account)s, and no request speaks of it"),
        "unrequested_out_of_time": _("%(who)s was in %(account)s outside the time of %(request)s"),
        "unrequested_afterwards": _("Have it approved afterwards"),
        "unrequested_subject": _("Approval afterwards: %(who)s in %(account)s"),
        "unrequested_what": _(
            "Approve afterwards, or say what is to be done about it: %(who)s was in %(account)s from %(first)s to "
            "%(last)s, with %(changing)s calls that change something, and no request speaks of that."
        ),
    },
    labels={
        "kind": _("Kind"),
        "principal": _("Principal"),
        "role": _("Role"),
        "account": _("Account"),
        "first": _("First event"),
        "last": _("Last event"),
        "changing": _("Changing calls"),
        "reading": _("Reading calls"),
        "refused": _("Refused by AWS"),
        "addresses": _("Addresses"),
        "request": _("Request"),
        "month": _("Month"),
    },
)
