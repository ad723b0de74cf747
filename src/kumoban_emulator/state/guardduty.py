"""GuardDuty as its administrator sees it: a detector in each Region that has one, and the accounts it covers."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SERVICE", "Detector", "Member"]

#: whom Organizations delegates it to
SERVICE = "guardduty.amazonaws.com"


@dataclass
class Member:
    """``enabled`` is emulated time; before it, AWS shows ``Created``."""

    account: str
    email: str
    invited: float
    enabled: float
    #: ``Disabled``, ``Removed`` and so on, where somebody suspended or removed it
    ended: str = ""


@dataclass
class Detector:
    id: str
    account: str
    region: str
    created: float
    #: NEW, ALL or NONE: which accounts of the organisation become members by themselves
    auto_enable: str = "NONE"
    members: dict[str, Member] = field(default_factory=dict)
