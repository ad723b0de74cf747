"""凍結期間: a time in which no change of some routines may be in force in some OUs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kumoban.core.window import Window

__all__ = ["Freeze"]


@dataclass(frozen=True)
class Freeze:
    """Empty ``routines`` or ``ou_ids`` mean all; an OU covers everything below it."""

    starts_at: datetime
    ends_at: datetime
    routines: tuple[str, ...] = ()
    ou_ids: tuple[str, ...] = ()

    def covers(self, routine: str, ou_path: str, window: Window) -> bool:
        """Whether the resolved ``window`` of ``routine`` meets this freeze.

        ``ou_path`` are the ids from the root down to the OU, joined by ``/``; empty for an account in none.
        """
        if self.routines and routine not in self.routines:
            return False
        if self.ou_ids and not set(self.ou_ids) & set(ou_path.split("/")):
            return False
        return window.overlaps(Window(self.starts_at, self.ends_at))
