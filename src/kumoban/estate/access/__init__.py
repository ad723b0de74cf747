"""Who has access to what, as the estate last saw it: by person, account, permission set and the way they have it."""

from kumoban.estate.access.lines import access_lines, count_lines
from kumoban.estate.access.wanted import START, AccessLine, Position, Scope, SignIn, Wanted, held_key

__all__ = [
    "START",
    "AccessLine",
    "Position",
    "Scope",
    "SignIn",
    "Wanted",
    "access_lines",
    "count_lines",
    "held_key",
]
