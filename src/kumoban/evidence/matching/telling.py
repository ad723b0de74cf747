"""A month's sessions as a table, and its numbers in the order in which a page tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kumoban.core.spreadsheet import csv_lines, workbook
from kumoban.desk.people import Actor
from kumoban.desk.speech import said
from kumoban.estate.models import Account
from kumoban.evidence.matching.models import Month, Outcome, Session
from kumoban.evidence.matching.signing import digest_of, not_yet
from kumoban.evidence.matching.visible import months, unexplained_gaps, unexplained_sessions

__all__ = ["CLASSES", "Sheet", "as_csv", "as_xlsx", "sheet_of"]

#: why records are no session's, by class
CLASSES = {
    "aws_service": gettext_noop("AWS services, also where they act for somebody"),
    "workload": gettext_noop("Workloads of the organisation"),
    "other_account": gettext_noop("Other accounts, through what is shared with them"),
    "no_access": gettext_noop("Access portal, and sign-ins that failed"),
    "not_understood": gettext_noop("Not understood"),
}
_HEAD = (
    gettext_noop("Session"),
    gettext_noop("Outcome"),
    gettext_noop("Why"),
    gettext_noop("Request"),
    gettext_noop("Kind"),
    gettext_noop("Who"),
    gettext_noop("User id or ARN"),
    gettext_noop("Account"),
    gettext_noop("Account name"),
    gettext_noop("Role"),
    gettext_noop("From"),
    gettext_noop("To"),
    gettext_noop("Changing"),
    gettext_noop("Reading"),
    gettext_noop("Refused by AWS"),
    gettext_noop("Addresses"),
    gettext_noop("Explanation"),
    gettext_noop("Explained by"),
    gettext_noop("Explained at"),
    gettext_noop("After the signature"),
)


@dataclass(frozen=True)
class Sheet:
    """A month as one looks at it now. ``changed``: what was signed is not what the rows say any more."""

    month: Month
    digest: str
    asked: int
    gaps: int
    late: int
    refusals: tuple[Any, ...]

    @property
    def signed(self) -> bool:
        return self.month.signed_at is not None

    @property
    def changed(self) -> bool:
        return self.signed and self.digest != self.month.digest

    @property
    def outcomes(self) -> list[tuple[str, str, int]]:
        """(code, word, sessions): all four, also where there is none."""
        counted = self.month.figures.get("sessions", {})
        return [(one.value, str(one.label), counted.get(one.value, 0)) for one in Outcome]

    @property
    def classes(self) -> list[tuple[str, int]]:
        counted = self.month.figures.get("no_session", {})
        return [(_(CLASSES[name]), n) for name, n in counted.items() if name in CLASSES]


def sheet_of(actor: Actor, month: str) -> Sheet | None:
    """None where nothing of that month is kept. Raises Refused for who may not see it."""
    row = months(actor).filter(month=month).first()
    if row is None:
        return None
    late = Session.objects.filter(month=month, after_signature=True)
    return Sheet(
        row,
        digest_of(month),
        unexplained_sessions(month).count(),
        unexplained_gaps(month).count() if row.signed_at is None else 0,
        late.count(),
        tuple(not_yet(month)) if row.signed_at is None else (),
    )


def as_csv(found: QuerySet[Session]) -> Iterator[str]:
    return csv_lines([_(title) for title in _HEAD], _rows(found))


def as_xlsx(month: str, found: QuerySet[Session]) -> bytes:
    return workbook(month, [_(title) for title in _HEAD], _rows(found))


def _rows(found: QuerySet[Session]) -> Iterable[tuple[Any, ...]]:
    names = dict(Account.objects.values_list("id", "name"))
    for one in found.iterator(chunk_size=500):
        yield (
            one.pk, one.get_outcome_display(), said(one.why), one.request, one.get_kind_display(), one.name,
            one.person or one.principal, one.account, names.get(one.account, ""), one.role, one.first.isoformat(),
            one.last.isoformat(), one.changing, one.reading, one.refused, " ".join(one.addresses),
            one.said if one.explained else "", one.explained_by.user_name if one.explained_by and one.explained else "",
            one.explained_at.isoformat() if one.explained_at and one.explained else "",
            _("yes") if one.after_signature else "",
        )  # fmt: skip
