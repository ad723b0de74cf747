"""What an action is: a named, idempotent change of one thing on AWS, with its look and its undo.

Action names with their parameters are a public format (``identity_center.assign/1``): never renamed,
never reinterpreted, because plans stored years ago still name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol

from kumoban.core.needs import Need
from kumoban.core.reason import Reason

__all__ = ["Action", "Caller", "Change", "Direction", "Presence", "Progress", "Seen", "Started"]

Direction = Literal["apply", "undo"]


class Presence(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    #: of a change: neither as wanted nor as it was when it was planned
    DIFFERS = "differs"
    #: of a change that takes several calls: some of them are still to be made
    PARTLY = "partly"
    #: of a change: AWS is making it by itself, so nothing is sent and it is looked for until it is there
    ARRIVING = "arriving"
    #: the account, principal or permission set answered not found, by id
    TARGET_GONE = "target_gone"


@dataclass(frozen=True)
class Seen:
    """What one look at AWS saw of a thing; ``evidence`` goes to the ledger (ids and codes only)."""

    presence: Presence
    evidence: Mapping[str, str]
    #: of a change that is there: what later steps take of it, such as the id AWS gave
    found: Mapping[str, str] = field(default_factory=dict)
    #: of what arrives: how long that may take before a person is told
    within: timedelta = timedelta(hours=2)


@dataclass(frozen=True)
class Started:
    """AWS accepted a mutating call. ``operation`` is AWS's id to poll, None when nothing is pending."""

    operation: str | None
    aws_request_id: str


@dataclass(frozen=True)
class Progress:
    """Where an asynchronous operation stands."""

    #: ``over``: not under way any more, and not known how it went
    state: Literal["in_progress", "over", "succeeded", "failed"]
    detail: str = ""


class Caller(Protocol):
    """The door to AWS as one step sees it: every call is counted, limited and signed for that step."""

    def read(
        self,
        service: str,
        operation: str,
        account: str | None = None,
        *,
        region: str = "",
        by: str = "reader",
        **params: Any,
    ) -> dict[str, Any]: ...

    def mutate(
        self, service: str, operation: str, account: str | None = None, *, region: str = "", **params: Any
    ) -> dict[str, Any]: ...


class Action(Protocol):
    """One kind of change. Every function takes the stored parameters and may be called again after a crash."""

    name: str
    #: whether it holds a thing until an end; else it is a change, and nothing of it ends
    holds: bool
    #: a change made elsewhere: looked for until it is there, never sent
    arrives: bool
    #: what it calls to look, and what it calls to make and remove the thing
    reads: frozenset[Need]
    writes: frozenset[Need]

    def lock(self, params: Mapping[str, str]) -> str:
        """The key under which no two operations may be under way at once."""

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        """See the thing on AWS, including operations in progress on it."""

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        """Make or remove the thing: exactly one mutating call."""

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        """Whether AWS no longer lists the operation as under way: cheap, and silent about how it went."""

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        """Where the operation that ``send`` started stands, with AWS's reason where it failed."""

    def pending(self, aws: Caller, params: Mapping[str, str]) -> bool:
        """Whether AWS lists an unfinished operation on this thing (asked where an answer was lost)."""

    def unreachable(self, aws: Caller, params: Mapping[str, str]) -> Reason | None:
        """Why AWS lets nobody change the thing for now, although it is not gone (an account being closed)."""

    def last_seen(self, params: Mapping[str, str], since: datetime) -> Presence | None:
        """What the estate's last look says, if there was one after ``since``; asks nobody."""

    def call_name(self, direction: Direction) -> str:
        """AWS's name of the mutating call, for the ledger and the page."""


class Change:
    """The base of an action that changes something for good, in one synchronous call; nothing of it ends.

    ``look`` answers present where all is as wanted, absent where it is as the plan saw it, and else differs.
    """

    holds = False
    #: made elsewhere: looked for until it is there, never sent
    arrives = False

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        return True

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        return Progress("over")

    def pending(self, aws: Caller, params: Mapping[str, str]) -> bool:
        return False

    def unreachable(self, aws: Caller, params: Mapping[str, str]) -> Reason | None:
        return None

    def last_seen(self, params: Mapping[str, str], since: datetime) -> Presence | None:
        return None
