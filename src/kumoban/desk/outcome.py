"""What one turn of a step brought back from AWS, and what the step does next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kumoban.aws.errors import AnswerLost, AwsError, Transient
from kumoban.core.action import Presence, Progress, Seen, Started
from kumoban.core.reason import Reason
from kumoban.desk.states import Phase

__all__ = ["Next", "Outcome", "backoff"]


@dataclass(frozen=True)
class Outcome:
    """Exactly one of the first four is set; ``pending`` goes with ``seen`` where an answer had been lost."""

    seen: Seen | None = None
    started: Started | None = None
    progress: Progress | None = None
    error: AwsError | None = None
    pending: bool = False
    #: asked where ``stuck``: why AWS lets nobody change the thing for now
    unreachable: Reason | None = None

    @property
    def stuck(self) -> bool:
        """AWS said no for good, or that the target is not there; what it has not decided yet is not stuck."""
        if self.error is not None:
            return not isinstance(self.error, Transient | AnswerLost)
        if self.progress is not None:
            return self.progress.state == "failed"
        return self.seen is not None and self.seen.presence == Presence.TARGET_GONE


@dataclass(frozen=True)
class Next:
    """The phase to go on in, after a wait; ``unlock`` gives the AWS lock back meanwhile."""

    phase: Phase
    wait: timedelta = timedelta()
    unlock: bool = False
    #: the grant has ended, and its thing is over where no other grant holds it
    let_go: bool = False
    #: the thing was seen absent: it is looked at once more at this moment
    look_again_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)


def backoff(attempts: int) -> timedelta:
    """1, 2, 4 … 60 seconds."""
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)))
