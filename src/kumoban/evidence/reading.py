"""The evidence of one request as people see it: per grant, and what it says about the permission set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from kumoban.core.reason import Reason
from kumoban.desk.models import Request
from kumoban.estate.models import PermissionSet
from kumoban.evidence.models import SessionEvent, SessionLog

__all__ = ["Sheet", "events_of", "sheet_of"]

#: policies of AWS's with which nothing can be changed
_ONLY_READING = frozenset({"ReadOnlyAccess", "ViewOnlyAccess", "SecurityAudit", "AmazonRDSReadOnlyAccess"})
_FEW = 5


@dataclass(frozen=True)
class Sheet:
    """``logs`` of the request's grants, and what follows from them."""

    logs: Sequence[SessionLog]
    remarks: Sequence[Reason]

    @property
    def complete(self) -> bool:
        return bool(self.logs) and all(log.complete for log in self.logs)

    @property
    def changing(self) -> int:
        return sum(log.changing for log in self.logs)

    @property
    def reading(self) -> int:
        return sum(log.reading for log in self.logs)


def sheet_of(request: Request) -> Sheet:
    logs = list(SessionLog.objects.filter(hold__request=request).select_related("hold").order_by("hold_id"))
    return Sheet(logs, list(_remarks(logs)))


def events_of(request: Request) -> QuerySet[SessionEvent]:
    """What changed something first, then in the order of time."""
    found = SessionEvent.objects.filter(log__hold__request=request).select_related("log__hold")
    return found.order_by("-changing", "at", "pk")


def _remarks(logs: Sequence[SessionLog]) -> Sequence[Reason]:
    collected = [log for log in logs if log.collected_at]
    if not collected or len(collected) < len(logs):
        return ()
    if not any(log.reading or log.changing for log in collected):
        return (Reason("nothing_was_done"),)
    found = []
    name = str(collected[0].hold.shown.get("permission_set", ""))
    if not any(log.changing for log in collected) and not _reads_only(name):
        smaller = [one.name for one in PermissionSet.objects.filter(absent_since=None) if _only_reading(one)]
        if smaller:
            found.append(Reason("only_reading", {"sets": ", ".join(sorted(smaller)[:5])}))
    services = sorted({source.removesuffix(".amazonaws.com") for log in collected for source in log.services})
    if services and len(services) <= _FEW:
        found.append(Reason("few_services", {"permission_set": name, "services": ", ".join(services)}))
    return found


def _reads_only(name: str) -> bool:
    chosen = PermissionSet.objects.filter(name=name, absent_since=None).first()
    return chosen is not None and _only_reading(chosen)


def _only_reading(one: PermissionSet) -> bool:
    managed = {str(arn).rsplit("/", 1)[-1] for arn in one.content.get("managed", ())}
    return (
        bool(managed) and managed <= _ONLY_READING and not one.content.get("inline") and not one.content.get("customer")
    )
