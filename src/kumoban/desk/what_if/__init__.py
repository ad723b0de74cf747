"""What-if: what was asked for is decided again, by the rules as they are and by the rules as they would be."""

from kumoban.desk.what_if.replaying import DAYS, Change, Kind, Trial, WhatIf, replay, what_if

__all__ = ["DAYS", "Change", "Kind", "Trial", "WhatIf", "replay", "what_if"]
