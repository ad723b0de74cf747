"""The states of requests, grants and steps, and which edges exist between request states."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["EDGES", "IN_FORCE", "POLL_RANK", "RANK", "HoldState", "Phase", "Ratification", "RequestState", "StepKind"]


class RequestState(models.TextChoices):
    DRAFTED = "drafted", _("Draft")
    PLANNED = "planned", _("Planned")
    REFUSED = "refused", _("Refused")
    WAITING = "waiting", _("Waiting for approval")
    RETURNED = "returned", _("Returned")
    APPROVED = "approved", _("Approved")
    SCHEDULED = "scheduled", _("Scheduled")
    APPLYING = "applying", _("Applying")
    ACTIVE = "active", _("Active")
    ENDING = "ending", _("Ending")
    ENDED = "ended", _("Ended")
    DONE = "done", _("Done")
    DENIED = "denied", _("Denied")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")
    FAILED = "failed", _("Failed")
    UNDONE = "undone", _("Undone")


S = RequestState
_IN_FORCE: set[str] = {S.APPLYING, S.ACTIVE, S.ENDING, S.FAILED, S.ENDED, S.UNDONE, S.DONE}

#: every edge there is; anything else is a bug or an attack
EDGES: dict[str, set[str]] = {
    S.DRAFTED: {S.PLANNED, S.REFUSED, S.WITHDRAWN},
    S.PLANNED: {S.WAITING, S.APPROVED, S.REFUSED},
    S.WAITING: {S.RETURNED, S.APPROVED, S.DENIED, S.WITHDRAWN, S.LAPSED, S.REFUSED},
    S.RETURNED: {S.PLANNED, S.WITHDRAWN, S.LAPSED},
    S.APPROVED: {S.SCHEDULED, S.APPLYING, S.WAITING, S.REFUSED, S.RETURNED, S.LAPSED, S.WITHDRAWN},
    S.SCHEDULED: {S.APPLYING, S.WAITING, S.REFUSED, S.RETURNED, S.LAPSED, S.WITHDRAWN},
    S.APPLYING: _IN_FORCE,
    S.ACTIVE: _IN_FORCE,
    S.ENDING: _IN_FORCE,
    S.FAILED: _IN_FORCE,
    S.ENDED: {S.ENDING},  # the second look found the thing back
    S.UNDONE: {S.ENDING},
}


class Ratification(models.TextChoices):
    """事後承認: how the approval afterwards of what was done in an emergency stands."""

    DUE = "due", _("To be approved afterwards")
    RATIFIED = "ratified", _("Approved afterwards")
    REJECTED = "rejected", _("Rejected afterwards")


class HoldState(models.TextChoices):
    """A grant's own life. ``approved`` holds are not yet in force; ``cancelled`` ones never will be."""

    APPROVED = "approved", _("Approved")
    APPLYING = "applying", _("Applying")
    ACTIVE = "active", _("Active")
    ENDING = "ending", _("Ending")
    ENDED = "ended", _("Ended")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


#: grants that hold their thing now
IN_FORCE = (HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)


class StepKind(models.TextChoices):
    CHECK = "check"  # plan again on AWS read live, and decide authority again
    APPLY = "apply"
    END = "end"
    SECOND_LOOK = "second_look"
    MANUAL = "manual"
    CHANGE = "change"  # something is changed for good: no grant, and nothing to end


class Phase(models.TextChoices):
    """What a step does next. ``send`` exists only within one lease: a step found in it was interrupted."""

    LOOK = "look"
    SEND = "send"
    RECOVER = "recover"
    POLL = "poll"
    VERIFY = "verify"
    OPEN = "open"  # manual: somebody works on it
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: order of work; what AWS has begun and not finished comes before what would be begun
RANK = {
    StepKind.END: 0,
    StepKind.APPLY: 2,
    StepKind.CHANGE: 2,
    StepKind.CHECK: 3,
    StepKind.SECOND_LOOK: 3,
    StepKind.MANUAL: 3,
}
POLL_RANK = 1
