"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop as _

from kumoban.desk.people import ops_members
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.models import Account, Person, searchable
from kumoban.routines.account_close.form import AccountCloseForm
from kumoban.routines.account_close.look import look
from kumoban.routines.account_close.plan import plan
from kumoban.services.organizations import ACCOUNT_ACTIONS

__all__ = ["ROUTINE"]

PAGE = 60

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


def choices(source: str, person: Person, query: str) -> list[tuple[str, str, str]]:
    """Open accounts, a page of them, for operations; nobody else is offered any."""
    if person.id not in {member.id for member in ops_members()}:
        return []
    known = Account.objects.filter(absent_since=None, status="ACTIVE", search__contains=searchable(query))
    accounts = known.select_related("ou").order_by("name")[:PAGE]
    return [(found.id, found.name, found.ou.name_path if found.ou else "") for found in accounts]


def named(source: str, names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, key in Account.objects.filter(name__in=names, absent_since=None).values_list("name", "id"):
        found.setdefault(name, []).append(key)
    return found


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
    choices=choices,
    named=named,
)
