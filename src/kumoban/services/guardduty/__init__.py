"""GuardDuty: which accounts its administrator covers."""

from kumoban.services.guardduty.member import GUARDDUTY_MEMBER, GuardDutyMember

__all__ = ["GUARDDUTY_MEMBER", "GuardDutyMember"]
