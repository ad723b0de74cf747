"""One manual step without approval: triaged, assigned, worked, closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Form, OfficeTime, Widget
from kumoban.core.plan import MANUAL, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked, Routine

__all__ = ["ROUTINE", "OtherRequestForm"]


class OtherRequestForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"what"})

    subject: Annotated[str, Field(min_length=3, max_length=120, title=_("Subject"))]
    what: Annotated[
        str,
        Field(
            min_length=5,
            max_length=4000,
            title=_("What you need"),
            description=_("What, where, and how to tell that it is done."),
        ),
        Widget("paragraph"),
    ]
    where: Annotated[str | None, Field(max_length=200, title=_("Where"), description=_("Accounts or services."))] = None
    wanted_by: Annotated[
        datetime | None,
        OfficeTime(),
        Field(title=_("Wanted by"), description=_("For example: next business day 9:00.")),
    ] = None


def look(form: OtherRequestForm, asked: Asked, *, live: bool, request: str = "") -> None:
    """Nothing on AWS is looked at."""


def plan(form: OtherRequestForm, seen: Any, asked: Asked) -> Plan:
    if form.wanted_by and form.wanted_by <= asked.since:
        return Plan((), refusals=(Reason("wanted_in_the_past"),))
    title = Reason("other_request", {"subject": form.subject})
    wanted = {"wanted_by": form.wanted_by.isoformat()} if form.wanted_by else {}
    return Plan((PlannedStep(MANUAL, title, params={"what": form.what, "where": form.where or "", **wanted}),))


ROUTINE = Routine(
    name="other-request",
    title=_("Other request"),
    summary=_("What no form fits. The operations team takes it from here."),
    icon="message-square-plus",
    handover="delegated",
    form=OtherRequestForm,
    look=look,
    plan=plan,
    dimensions=(),
    texts={
        "other_request": "%(subject)s",
        "wanted_in_the_past": _("The time it is wanted by has already passed."),
    },
    reason=lambda form: str(form.what),
    open_to_all=True,
    target=timedelta(hours=18),
)
