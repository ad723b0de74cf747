"""What is asked of a group of the identity store: to be made, changed, removed, and who is in it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, OnlyFor, Widget

__all__ = ["IdentityGroupForm"]

_KEPT = OnlyFor("act", ("create", "change"))


class IdentityGroupForm(Form):
    """For ``create`` a name is needed; for ``change`` what is left empty stays as it is."""

    prose: ClassVar[frozenset[str]] = frozenset({"reason"})
    typed: ClassVar[frozenset[str]] = frozenset({"name"})

    act: Annotated[Literal["create", "change", "remove"], Field(title=_("What is to be done"))] = "create"
    group: Annotated[
        str | None,
        Field(max_length=60, title=_("Group"), description=_("To change or remove.")),
        Choices("groups"),
        OnlyFor("act", ("change", "remove")),
    ] = None
    name: Annotated[str | None, Field(max_length=128, title=_("Name of the group")), _KEPT] = None
    description: Annotated[str | None, Field(max_length=1024, title=_("Description")), _KEPT] = None
    members: Annotated[
        tuple[str, ...], Field(max_length=200, title=_("Members to add")), Choices("people", multiple=True), _KEPT
    ] = ()
    members_to_remove: Annotated[
        tuple[str, ...],
        Field(max_length=200, title=_("Members to take out")),
        Choices("people", multiple=True),
        OnlyFor("act", ("change",)),
    ] = ()
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("On whose word, and why.")),
        Widget("paragraph"),
    ]
