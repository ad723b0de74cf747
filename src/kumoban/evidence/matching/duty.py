"""What the desk does by itself: read what is new, match it, sum up the months that are not signed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from kumoban.aws.errors import AwsError
from kumoban.desk.office_calendar import organisation_zone
from kumoban.evidence.matching.models import Activity, Month
from kumoban.evidence.matching.months import following, month_of
from kumoban.evidence.matching.reading import first_month, read_trail
from kumoban.evidence.matching.sessions import match_month
from kumoban.evidence.matching.signing import sum_up
from kumoban.ledger.clock import database_now

__all__ = ["match_due", "months_to_match"]

#: of the ten minutes for which the duty is this node's
_READING = timedelta(minutes=5)


def match_due() -> int:
    """How many log files were read. Raises AwsError after all that can be done without AWS."""
    if not settings.KUMOBAN_TRAIL_BUCKET:
        return 0
    refused, read = None, 0
    try:
        read = read_trail(_READING)
    except AwsError as error:
        refused = error
    for month in months_to_match():
        match_month(month)
        sum_up(month)
    if refused is not None:
        raise refused
    return read


def months_to_match() -> list[str]:
    """Those not signed since the desk's first, and signed ones of which something came later."""
    this, month, found = month_of(database_now(), organisation_zone()), first_month(), []
    signed = set(Month.objects.exclude(signed_at=None).values_list("month", flat=True))
    late = set(Activity.objects.filter(late=True).values_list("month", flat=True).distinct())
    while month <= this:
        if month not in signed or month in late:
            found.append(month)
        month = following(month)
    return found
