"""What a claim may begin: one operation a lock, ten under way at AWS, and nothing new while ends wait."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from kumoban.aws.buckets import count_alone
from kumoban.desk.models import Lock, Step
from kumoban.desk.states import Phase, StepKind

__all__ = ["Room"]

#: AWS allows 10 assignment operations in progress (Identity Center user guide, quotas); counted from the steps
MAX_OUTSTANDING = 10
#: how the locks of such operations begin
_COUNTED = "sso:account:"


@dataclass
class Room:
    """``held``: each lock's key and the step that has it; ``left``: how many operations may begin (None: any)."""

    held: dict[str, int]
    left: int | None
    #: an end found no room: until it does, only what is under way goes on
    ends_wait: bool = False

    @classmethod
    def now(cls) -> Room:
        """As the locks and the steps that hold them say; on PostgreSQL one node counts at a time."""
        limited = settings.KUMOBAN_AWS_LIMITS
        if limited:
            count_alone("sso-admin")
        locks = list(Lock.objects.values_list("key", "step_id", "step__phase"))
        at_aws = sum(key.startswith(_COUNTED) and phase != Phase.VERIFY for key, _step, phase in locks)
        return cls({key: step for key, step, _phase in locks}, max(MAX_OUTSTANDING - at_aws, 0) if limited else None)

    @property
    def under_way(self) -> list[int]:
        """The steps that have their lock already."""
        return list(self.held.values())

    def rows_for(self, limit: int) -> int:
        """How many waiting rows to read for ``limit`` claims: several may want the same lock."""
        return limit * 4 if self.left is None else min(limit, self.left) * 8 + 1

    def takes(self, step: Step) -> bool:
        """Whether this waiting step may begin now; then its lock counts as held."""
        if self.ends_wait and step.kind != StepKind.END:
            return False
        if not step.lock_key:
            return True
        if step.lock_key in self.held:
            return False
        if self.left is not None and step.lock_key.startswith(_COUNTED):
            if self.left == 0:
                self.ends_wait = step.kind == StepKind.END
                return False
            self.left -= 1
        self.held[step.lock_key] = step.pk
        return True
