"""The heartbeat: every minute a runner says, in another account, whether all ends are proven.

Silence is an alarm there: it is heard when the whole desk is dead. The role can write figures under one namespace and
nothing else. Nothing of the organisation is changed by it, so it has no entries in the ledger; in observe mode, where
nothing ends, nothing is said.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from kumoban.aws.credentials import SessionKey
from kumoban.aws.door import door
from kumoban.aws.mode import observing
from kumoban.core.needs import needs
from kumoban.desk.figures import overdue_ends

__all__ = ["ENDS_PROVEN", "NAMESPACE", "WRITES", "beat"]

NAMESPACE = "Kumoban"
ENDS_PROVEN = "EndsProven"
WRITES = needs("cloudwatch", "put_metric_data", when=(("StringEquals", "cloudwatch:namespace", NAMESPACE),))
#: an end under way is not yet a late one
_GRACE = timedelta(minutes=5)


def beat() -> None:
    """1 where every end that was due five minutes ago is proven, else 0. Raises AwsError."""
    role = settings.KUMOBAN_WATCHDOG_ROLE
    if not role or observing():
        return
    late = overdue_ends(_GRACE)
    said = {
        ENDS_PROVEN: (0.0 if late.count else 1.0, "None"),
        "OverdueEnds": (float(late.count), "Count"),
        "OldestOverdueEnd": (late.oldest.total_seconds(), "Seconds"),
    }
    figures = [{"MetricName": name, "Value": value, "Unit": unit} for name, (value, unit) in said.items()]
    given = {"Namespace": NAMESPACE, "MetricData": figures}
    door().send("cloudwatch", "put_metric_data", SessionKey(role, "kumoban-heartbeat"), given)
