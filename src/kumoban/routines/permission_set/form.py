"""What is asked of a permission set: to be made, changed or removed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, OnlyFor, Widget

__all__ = ["PermissionSetForm"]

_KEPT = OnlyFor("act", ("create", "change"))


class PermissionSetForm(Form):
    """For ``change`` what is left empty stays as it is; an inline policy is taken away by the word ``none``."""

    prose: ClassVar[frozenset[str]] = frozenset({"reason", "inline", "to_attach", "to_detach"})
    typed: ClassVar[frozenset[str]] = frozenset({"name"})
    tables: ClassVar[frozenset[str]] = frozenset({"inline"})

    act: Annotated[Literal["create", "change", "remove"], Field(title=_("What is to be done"))] = "create"
    permission_set: Annotated[
        str | None,
        Field(max_length=120, title=_("Permission set"), description=_("To change or remove.")),
        Choices("permission_sets"),
        OnlyFor("act", ("change", "remove")),
    ] = None
    name: Annotated[
        str | None,
        Field(min_length=1, max_length=32, pattern=r"[\w+=,.@-]+", title=_("Name of the set")),
        OnlyFor("act", ("create",)),
    ] = None
    description: Annotated[
        str | None,
        Field(
            max_length=700,
            pattern="[\t\n\r\u0020-\u007e\u00a1-\u00ff]*",
            title=_("Description"),
            description=_("AWS takes Latin letters only."),
        ),
        _KEPT,
    ] = None
    session_hours: Annotated[
        int | None,
        Field(
            ge=1,
            le=12,
            title=_("Session (hours)"),
            description=_("How long credentials issued once can work. One hour is best for temporary access."),
        ),
        Widget("number"),
        _KEPT,
    ] = None
    to_attach: Annotated[
        str | None,
        Field(
            max_length=2000,
            title=_("AWS managed policies to attach"),
            description=_("Names or ARNs, one a line: ReadOnlyAccess, job-function/ViewOnlyAccess."),
        ),
        Widget("paragraph"),
        _KEPT,
    ] = None
    to_detach: Annotated[
        str | None,
        Field(max_length=2000, title=_("Policies to detach"), description=_("Names or ARNs, one a line.")),
        Widget("paragraph"),
        OnlyFor("act", ("change",)),
    ] = None
    inline: Annotated[
        str | None,
        Field(
            max_length=32_768,
            title=_("Inline policy (JSON)"),
            description=_("Replaces the one that is there. The word none takes it away."),
        ),
        Widget("paragraph"),
        _KEPT,
    ] = None
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("On whose word, and why.")),
        Widget("paragraph"),
    ]
