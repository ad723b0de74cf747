"""How a person wants to be told: by which channels, not at which hours, one by one or once a morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import NoticeSettings, SlackLink
from kumoban.desk.notices.lanes import MAIL, SLACK, configured
from kumoban.desk.notices.readers import readers
from kumoban.desk.people import Actor
from kumoban.desk.shapes import problem
from kumoban.ledger.record import record, writing

__all__ = ["NoticeWishes", "Reach", "Standing", "standing_of", "wish"]

_CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$"


class NoticeWishes(BaseModel):
    """``quiet_from``–``quiet_to`` are hours such as 22:00 in the person's zone, both or neither; over midnight too."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    mail: bool = True
    slack: bool = True
    quiet_from: str = Field(default="", pattern=_CLOCK)
    quiet_to: str = Field(default="", pattern=_CLOCK)
    digest: bool = False

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.quiet_from) != bool(self.quiet_to):
            raise problem("quiet_hours_both", "quiet_to")
        return self


class Reach(BaseModel):
    """By what a person can be told on this installation."""

    mail: bool
    slack: bool
    #: whether Slack is there at all, linked or not
    slack_offered: bool


@dataclass(frozen=True)
class Standing:
    """How it is for one person: what they wish, what is possible, whether Slack is linked."""

    wishes: NoticeWishes
    reach: Reach
    link: SlackLink | None


def standing_of(actor: Actor) -> Standing:
    lanes, reader = configured(), readers([actor.person.id])[actor.person.id]
    row = reader.wants
    wishes = NoticeWishes(
        mail=row.mail,
        slack=row.slack,
        quiet_from=_clock(row.quiet_from),
        quiet_to=_clock(row.quiet_to),
        digest=row.digest,
    )
    linked = SLACK in lanes and reader.link is not None
    mail = MAIL in lanes and bool(reader.person.email)
    return Standing(wishes, Reach(mail=mail, slack=linked, slack_offered=SLACK in lanes), reader.link)


def wish(actor: Actor, chosen: NoticeWishes) -> None:
    """Raises Refused where nothing would be left by which this person can be told."""
    actor.needs("ask")
    there = standing_of(actor).reach
    possible = there.mail or there.slack
    if possible and not ((chosen.mail and there.mail) or (chosen.slack and there.slack)):
        raise Refused(Reason("no_channel_left"), field="mail")
    values = {
        "mail": chosen.mail,
        "slack": chosen.slack,
        "quiet_from": _time(chosen.quiet_from),
        "quiet_to": _time(chosen.quiet_to),
        "digest": chosen.digest,
    }
    with writing():
        NoticeSettings.objects.update_or_create(person=actor.person, defaults=values)
        subject = f"person:{actor.person.id}"
        record("person.notice_settings", actor=actor.id, subject=subject, facts=chosen.model_dump())


def _clock(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""


def _time(said: str) -> time | None:
    return time.fromisoformat(said) if said else None
