"""The routine itself, and the words of its reasons."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import Dimension, Routine
from kumoban.routines.adopt.form import AdoptForm
from kumoban.routines.adopt.keep import keep
from kumoban.routines.adopt.look import look
from kumoban.routines.adopt.plan import plan

__all__ = ["ROUTINE"]


ROUTINE = Routine(
    name="adopt",
    title=_("Adopt what exists"),
    summary=_("Assignments of before the desk are marked as known, each with an owner. Nothing on AWS is changed."),
    icon="archive",
    handover="ops_only",
    form=AdoptForm,
    look=look,
    plan=plan,
    dimensions=(Dimension("account", _("Accounts"), "account"),),
    texts={
        "adopt": _("%(account)s: %(count)s assignments (%(people)s people, %(groups)s groups), owner %(owner)s"),
        "adopt_more": _(
            "%(account)s: %(count)s assignments (%(people)s people, %(groups)s groups), %(entitlements)s entitlements, "
            "%(users)s IAM users, owner %(owner)s"
        ),
        "nothing_on_aws": _("Nothing on AWS is changed. The lists are under Who has access, not adopted."),
        "nothing_to_adopt": _("There is nothing to adopt: everything that is there is known."),
        "no_owner": _("Say who owns what is in accounts without a team (%(count)s): %(accounts)s"),
    },
    choices=offered_to_operations,
    named=by_name,
    keep=keep,
)
