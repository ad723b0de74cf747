"""The register as a table: heads in the reader's language, rows that come back unchanged when they are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from kumoban.core.spreadsheet import csv_lines, workbook
from kumoban.desk.register.fields import Field, fields, label_of, spoken
from kumoban.estate.models import Account, RegisterEntry

__all__ = ["ACCOUNT", "INFORMATION", "as_csv", "as_xlsx", "entry_or_none", "titles_of", "word"]

#: the column that says which account a line is about
ACCOUNT = "account"
#: what the estate knows: exported beside, never imported
INFORMATION: Mapping[str, tuple[str, Callable[[Account], str]]] = {
    "name": (_("Account name"), lambda account: account.name),
    "status": (_("Status"), lambda account: account.status if account.present else "ABSENT"),
    "ou": (
        _("Organizational unit (OU)"),
        lambda account: account.ou.name_path or account.ou.name if account.ou else "",
    ),
    "team": (_("Team"), lambda account: account.team),
    "tag_environment": (_("Environment (tag)"), lambda account: account.environment),
}
#: rows read at a time while a table is being sent
_CHUNK = 500


def titles_of(known: Iterable[Field]) -> list[tuple[str, str]]:
    """Every column of the table with its title, in the reader's language."""
    about = [(name, gettext(title)) for name, (title, _said) in INFORMATION.items()]
    return [(ACCOUNT, gettext("Account ID")), *about, *((one.name, label_of(one)) for one in known)]


def as_csv(accounts: QuerySet[Account]) -> Iterator[str]:
    known = fields()
    head = [title for _name, title in titles_of(known)]
    return csv_lines(head, (_row(account, known) for account in _whole(accounts)))


def as_xlsx(accounts: QuerySet[Account]) -> bytes:
    known = fields()
    head = [title for _name, title in titles_of(known)]
    rows = (_with_amounts(_row(account, known), known) for account in _whole(accounts))
    return workbook(gettext("Account register"), head, rows)


def _whole(accounts: QuerySet[Account]) -> Iterator[Account]:
    read = accounts.select_related("ou", "register", "register__owner", "register__deputy")
    return read.iterator(_CHUNK)


def _row(account: Account, known: Sequence[Field]) -> list[str]:
    """The id with hyphens: spreadsheets make a rounded number of twelve digits."""
    said = spoken(entry_or_none(account), known)
    about = [of(account) for _title, of in INFORMATION.values()]
    return [account.spoken_id, *about, *(word(one, said[one.name]) for one in known)]


def _with_amounts(row: list[str], known: Sequence[Field]) -> list[str | Decimal]:
    first = len(row) - len(known)
    amounts = {first + index for index, one in enumerate(known) if one.kind == "amount"}
    return [Decimal(cell) if index in amounts and cell else cell for index, cell in enumerate(row)]


def entry_or_none(account: Account) -> RegisterEntry | None:
    """The entry of an account read with it (``select_related("register")``)."""
    return getattr(account, "register", None)


def word(one: Field, text: str) -> str:
    """A canonical text as a person reads it, which is understood again when it is written."""
    if one.kind == "mfa" and text:
        return gettext("has MFA") if text == "yes" else gettext("no MFA")
    return text
