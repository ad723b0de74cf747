"""What each role needs: gathered from where it is declared, so that a new routine brings its own."""

from __future__ import annotations

from kumoban.core.needs import Need
from kumoban.desk import heartbeat, orphans
from kumoban.desk.roles import held
from kumoban.desk.routine import all_actions, all_routines
from kumoban.estate import iam_users, scan

__all__ = ["MEMBER", "OPERATOR", "READER", "WATCHDOG", "declared"]

READER, MEMBER, OPERATOR, WATCHDOG = "reader", "member", "operator", "watchdog"


def declared(role: str) -> frozenset[Need]:
    """Everything that is called with one of the roles; ``member`` is the reader inside a member account."""
    if role == WATCHDOG:
        return heartbeat.WRITES
    if role == MEMBER:
        return iam_users.READS
    if role == OPERATOR:
        return frozenset().union(*(action.writes for action in all_actions()))
    routines = (routine.reads for routine in all_routines())
    return (scan.READS | held.READS | orphans.READS).union(*routines, *(action.reads for action in all_actions()))
