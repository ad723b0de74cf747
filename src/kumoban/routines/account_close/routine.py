"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.account_close.form import AccountCloseForm
from kumoban.routines.account_close.look import look
from kumoban.routines.account_close.plan import plan
from kumoban.services.organizations import ACCOUNT_ACTIONS

__all__ = ["ROUTINE"]

TEXTS = {
    "emptied": _("Make sure that nothing is left in %(account)s, and that what must be kept was taken out"),
    "close_account": _("Close %(account)s (%(account_id)s)"),
    "attribute.status": _("Status"),
    "unknown_account": _("There is no such account: %(account)s"),
    "other_name": _("The name is not that of the account chosen: %(account)s"),
    "never_closed": _("%(account)s is the management account, or the desk's own: it is never closed from here."),
    "account_not_open": _("%(account)s is not open (%(status)s)."),
    "access_there": _("Somebody has access to %(account)s by requests. End them first: %(requests)s"),
    "closing_quota": _("%(count)s accounts were closed in the last 30 days; AWS allows %(most)s."),
    "closing_is_final": _(
        "Irreversible: for 90 days AWS Support may open it again, then everything in it is gone. Its address is never "
        "free again."
    ),
    "closing_counted": _("Closed in the last 30 days: %(count)s of the %(most)s that AWS allows."),
}


ROUTINE = Routine(
    name="account-close",
    title=_("Close an account"),
    summary=_("Emptied by people first, then closed. Operations asks, a second member approves."),
    icon="circle-x",
    handover="ops_only",
    form=AccountCloseForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("account", _("Accounts"), "account"), Dimension("environment", _("Environment"), "word")),
    actions=ACCOUNT_ACTIONS,
    texts=TEXTS,
    choices=partial(offered_to_operations, closed_accounts=False),
    named=by_name,
)
