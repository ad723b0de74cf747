"""What an identity provider's checked answer amounts to, and what its failures are called."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kumoban.core.reason import Reason, Refused
from kumoban.desk.sign_in import Subject

__all__ = ["Proof", "cancelled", "not_proved", "provider_down"]

_log = logging.getLogger("kumoban.sign_in")


@dataclass(frozen=True)
class Proof:
    """``key`` names the question this answers; ``at`` is when the person authenticated, if told (epoch seconds)."""

    subject: Subject
    key: str
    at: float | None = None


def not_proved(what: str) -> Refused:
    """The answer does not prove anything. ``what`` is for the log: never a token, never a secret."""
    _log.warning("not signed in: %s", _line(what))
    return Refused(Reason("sign_in_not_proved"))


def provider_down(what: str) -> Refused:
    _log.error("the identity provider does not answer as it should: %s", _line(what))
    return Refused(Reason("sign_in_provider_down"))


def cancelled(what: str) -> Refused:
    _log.info("the identity provider refused: %s", _line(what))
    return Refused(Reason("sign_in_cancelled"))


def _line(what: str) -> str:
    """One line, whatever somebody else wrote."""
    return "".join(letter if letter.isprintable() else " " for letter in what)
