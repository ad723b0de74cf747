"""What is asked of a user of the identity store: to be made, changed, removed, or many to be made from a table."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, OnlyFor, Widget

__all__ = ["IdentityUserForm"]

_ONE = OnlyFor("act", ("create", "change"))
_KNOWN = OnlyFor("act", ("change", "remove"))


class IdentityUserForm(Form):
    """For ``create`` the names and the address are needed; for ``change`` what is left empty stays as it is."""

    prose: ClassVar[frozenset[str]] = frozenset({"reason", "table"})
    typed: ClassVar[frozenset[str]] = frozenset({"user_name", "email", "employee_number"})
    tables: ClassVar[frozenset[str]] = frozenset({"table"})

    act: Annotated[Literal["create", "change", "remove", "import"], Field(title=_("What is to be done"))] = "create"
    person: Annotated[
        str | None,
        Field(max_length=60, title=_("Person"), description=_("To change or remove.")),
        Choices("people"),
        _KNOWN,
    ] = None
    user_name: Annotated[str | None, Field(max_length=128, title=_("User name")), _ONE] = None
    family_name: Annotated[str | None, Field(max_length=100, title=_("Family name")), _ONE] = None
    given_name: Annotated[str | None, Field(max_length=100, title=_("Given name")), _ONE] = None
    display_name: Annotated[
        str | None,
        Field(max_length=200, title=_("Display name"), description=_("Empty: family name, then given name.")),
        _ONE,
    ] = None
    email: Annotated[
        str | None, Field(max_length=320, pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+", title=_("E-mail")), _ONE
    ] = None
    title: Annotated[str | None, Field(max_length=100, title=_("Title")), _ONE] = None
    employee_number: Annotated[str | None, Field(max_length=64, title=_("Employee number")), _ONE] = None
    language: Annotated[
        str | None, Field(pattern=r"[a-z]{2}(-[A-Z]{2})?", title=_("Language"), description=_("ja or en")), _ONE
    ] = None
    groups: Annotated[
        tuple[str, ...], Field(max_length=50, title=_("Groups to join")), Choices("groups", multiple=True), _ONE
    ] = ()
    groups_to_leave: Annotated[
        tuple[str, ...],
        Field(max_length=50, title=_("Groups to leave")),
        Choices("groups", multiple=True),
        OnlyFor("act", ("change",)),
    ] = ()
    table: Annotated[
        str | None,
        Field(
            max_length=200_000,
            title=_("Table of people"),
            description=_(
                "To make many at once: CSV or pasted from a sheet, up to 500 people. Columns: user_name, family_name, "
                "given_name, display_name, email, title, employee_number, language, groups (names, with ; between)."
            ),
        ),
        Widget("paragraph"),
        OnlyFor("act", ("import",)),
    ] = None
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("On whose word, and why.")),
        Widget("paragraph"),
    ]
