"""What one turn of a step brought back from AWS, and what the step does next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kumoban.aws.errors import AwsError
from kumoban.core.action import Progress, Seen, Started
from kumoban.desk.states import Phase

__all__ = ["Next", "Outcome", "backoff"]


@dataclass(frozen=True)
class Outcome:
    """Exactly one of these is set; ``pending`` goes with ``seen`` where an answer had been lost."""

    seen: Seen | None = None
    started: Started | None = None
    progress: Progress | None = None
    error: AwsError | None = None
    pending: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Next:
    """The phase to go on in, after a wait; ``unlock`` gives the AWS lock back meanwhile."""

    phase: Phase
    wait: timedelta = timedelta()
    unlock: bool = False

    @property
    def over(self) -> bool:
        return self.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)


def backoff(attempts: int) -> timedelta:
    """1, 2, 4 … 60 seconds."""
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)))
