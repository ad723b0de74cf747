"""A time that came from outside, as an instant in UTC: databases take fewer offsets and years than Python does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

__all__ = ["AwareInstant", "Instant"]

_YEARS = range(2000, 3000)


def _in_utc(at: datetime) -> datetime:
    """Of this millennium. A naive time stays as it is: who needs an offset says so in words."""
    if at.year not in _YEARS:
        raise PydanticCustomError("time_not_understood", "No such time", {"text": at.isoformat()})
    return at.astimezone(UTC) if at.tzinfo else at


Instant = Annotated[datetime, AfterValidator(_in_utc)]
#: one that must say its offset
AwareInstant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
