"""What a check is: a look that says what it found, or says what is wrong."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from django.db import DatabaseError

from kumoban.aws.errors import AwsError
from kumoban.cli.language import gettext

__all__ = ["Check", "Look", "Wrong", "checked"]

Look = tuple[str, Callable[[], str], str]


class Wrong(Exception):
    """Not as it should be; the message says what was found, in the reader's language."""


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do where it is not as it should be."""

    name: str
    ok: bool
    found: str
    remedy: str = ""

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        mark = "ok  " if self.ok else "FAIL"
        return f"{mark}  {gettext(self.name)}: {self.found}" + (f"\n      → {self.remedy}" if self.remedy else "")


def checked(name: str, look: Callable[[], str], remedy: str) -> Check:
    """``name`` and ``remedy`` are msgids. Whatever goes wrong in a look is what the check found."""
    try:
        return Check(name, True, look())
    except (Wrong, AwsError, DatabaseError, OSError, httpx.HTTPError, smtplib.SMTPException) as error:
        return Check(name, False, str(error).strip() or type(error).__name__, gettext(remedy))
