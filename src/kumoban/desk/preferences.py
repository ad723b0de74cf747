"""What a person chooses for themselves: the language and the time zone the pages speak to them in."""

from __future__ import annotations

from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, field_validator

from kumoban.desk.models import User
from kumoban.desk.people import Actor
from kumoban.desk.shapes import problem
from kumoban.ledger.record import record, writing

__all__ = ["Preferences", "prefer", "zones"]


def zones() -> list[str]:
    """The names of places people live in, such as Asia/Tokyo."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


class Preferences(BaseModel):
    """Empty: the browser's language, the organisation's zone."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    language: Literal["", "ja", "en"] = ""
    zone: str = ""

    @field_validator("zone")
    @classmethod
    def _known(cls, given: str) -> str:
        if given and given not in available_timezones():
            raise problem("unknown_zone", zone=given[:60])
        return given


def prefer(actor: Actor, chosen: Preferences) -> None:
    actor.needs("ask")
    with writing():
        User.objects.filter(pk=actor.user.pk).update(language=chosen.language, zone=chosen.zone)
        record("person.preferences", actor=actor.id, subject=f"person:{actor.person.id}", facts=chosen.model_dump())
