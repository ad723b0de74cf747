"""人事: where people work, under whom and until when, by the day it takes effect; from the HR department's table."""

from kumoban.desk.staff.effects import Effects, Loss, Unanswerable, effects_of
from kumoban.desk.staff.table import HEADS, Line, Table, read_table, text_of
from kumoban.desk.staff.taking import Preview, preview, take

__all__ = [
    "HEADS",
    "Effects",
    "Line",
    "Loss",
    "Preview",
    "Table",
    "Unanswerable",
    "effects_of",
    "preview",
    "read_table",
    "take",
    "text_of",
]
