"""Access as it was before the desk: taken from elsewhere, read-only, and held against today's rules."""

from kumoban.desk.past.judging import judge_past
from kumoban.desk.past.reading import Summary, past_access, past_csv, summary
from kumoban.desk.past.taking import Row, Taken, keep, take_csv

__all__ = ["Row", "Summary", "Taken", "judge_past", "keep", "past_access", "past_csv", "summary", "take_csv"]
