"""What each role needs: gathered from where it is declared, so that a new routine brings its own."""

from __future__ import annotations

from collections.abc import Iterable

from kumoban.core.needs import Need, needs
from kumoban.desk import archive, heartbeat, orphans
from kumoban.desk.roles import held
from kumoban.desk.routine import all_actions, all_routines
from kumoban.estate import detectors, iam_users, scan
from kumoban.services import cloudtrail

__all__ = ["ARCHIVE", "MANAGEMENT", "MEMBER", "OPERATOR", "READER", "WATCHDOG", "declared"]

READER, MEMBER, OPERATOR, WATCHDOG = "reader", "member", "operator", "watchdog"
#: puts the ledger into a locked store
ARCHIVE = "archive"
#: the operator inside the management account, which enters new members by the role that AWS makes there
MANAGEMENT = "management"


def declared(role: str) -> frozenset[Need]:
    """Everything that is called with one of the roles; ``member`` is the reader inside a member account."""
    acts = frozenset().union(*(action.writes for action in all_actions()))
    looks = frozenset().union(*(action.reads for action in all_actions()))
    if role == WATCHDOG:
        return heartbeat.WRITES
    if role == ARCHIVE:
        return archive.WRITES
    if role == MEMBER:
        return iam_users.READS | cloudtrail.READS | detectors.INSIDE
    if role == OPERATOR:
        return _called_at("desk", acts) | _INTO_MANAGEMENT
    if role == MANAGEMENT:
        return _called_at("management", acts | looks) | _INTO_MEMBERS
    routines = (routine.reads for routine in all_routines())
    return (scan.READS | held.READS | orphans.READS).union(*routines, _called_at("desk", looks))


_INTO_MANAGEMENT = needs("sts", "assume_role", on=("arn:{partition}:iam::{management}:role/KumobanManagement",))
#: AWS makes this role in every account that it creates (Organizations user guide, "Accessing member accounts")
_INTO_MEMBERS = needs("sts", "assume_role", on=("arn:{partition}:iam::*:role/OrganizationAccountAccessRole",))


def _called_at(account: str, wanted: Iterable[Need]) -> frozenset[Need]:
    return frozenset(need for need in wanted if need.at == account)
