"""What monitors read: whether the process lives, whether the desk can work, and its figures. Nothing about people."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kumoban.desk.figures import Figures, figures, ready
from kumoban.findings.visible import standing_by_severity
from kumoban.web import troubles

__all__ = ["healthz", "metrics", "readyz"]


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations, a runner. ``?runner=no``: whether pages can be served, for a load balancer."""
    found = ready(timedelta(seconds=settings.KUMOBAN_READY_SECONDS))
    good = found.serving if request.GET.get("runner") == "no" else found.all
    return JsonResponse({"ready": good, **found.__dict__}, status=200 if good else 503)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Read anew from the database at each call, so that any process may answer for all."""
    if not _may_read(request):
        return troubles.not_found(request)
    registry = CollectorRegistry()
    registry.register(_Collected(figures(), standing_by_severity()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """With the token; or from a named network, straight: behind a proxy anybody may be."""
    token = settings.KUMOBAN_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.KUMOBAN_METRICS_FROM)


class _Collected(Collector):
    def __init__(self, read: Figures, findings: dict[str, int]) -> None:
        self._read, self._findings = read, findings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        read = self._read
        for name, said, value in _single(read):
            yield GaugeMetricFamily(f"kumoban_{name}", said, value=float(value))
        standing = ("findings", "Findings to be looked at", "severity", self._findings)
        for name, said, label, values in (*_labelled(read), standing):
            family = GaugeMetricFamily(f"kumoban_{name}", said, labels=[label])
            for of, value in values.items():
                family.add_metric([str(of)], float(value))
            yield family


def _single(read: Figures) -> Iterator[tuple[str, str, Any]]:
    notices = read.notices
    yield "observing", "1 in observe mode: nothing is applied and nothing ends", read.observing
    yield "ends_overdue", "Ends that should have been proven by now", read.overdue.count
    yield "ends_overdue_oldest_seconds", "How late the first of them is", read.overdue.oldest.total_seconds()
    yield "operations_outstanding", "Mutating calls whose end AWS has not said", read.outstanding
    yield "locks_old", "Locks older than ten minutes", read.old_locks
    yield "notices_waiting", "Notices due and not sent", notices.waiting
    yield "notices_late", "Notices that are late or failing", notices.late
    yield "notices_given_up", "Notices given up in the last week", notices.given_up
    yield "ledger_went_back", "1 where the chain lacks what was sealed", read.went_back
    yield "ledger_entries", "Entries of the ledger", read.ledger_entries
    yield "ledger_head_age_seconds", "Since the newest entry", read.ledger_age.total_seconds()
    yield "ledger_sealed_entries", "Entries under the newest seal", read.sealed_entries
    if read.sealed_age is not None:
        yield "ledger_sealed_age_seconds", "Since the newest seal", read.sealed_age.total_seconds()
    yield "ledger_exported_entries", "Entries in the locked store outside", read.exported_entries
    yield "ledger_export_faults", "Parts in the locked store that were read back wrong", read.export_faults
    if read.exported_age is not None:
        yield "ledger_export_age_seconds", "Since the last part was put there", read.exported_age.total_seconds()


def _labelled(read: Figures) -> Iterator[tuple[str, str, str, dict[Any, Any]]]:
    ranks = {rank: _RANKS.get(rank, str(rank)) for rank in {*_RANKS, *read.steps_due}}
    due = {name: read.steps_due.get(rank, (0, timedelta())) for rank, name in ranks.items()}
    done = {name: ago.total_seconds() for name, (ago, _failing) in read.duties.items() if ago is not None}
    yield "steps_due", "Steps due now", "rank", {name: n for name, (n, _late) in due.items()}
    oldest = {name: late.total_seconds() for name, (_n, late) in due.items()}
    yield "steps_due_oldest_seconds", "How long the first of them waits", "rank", oldest
    yield "bucket_wait_seconds", "Until the next call may leave", "bucket", dict(read.buckets)
    yield "requests", "Open requests", "state", dict(read.requests)
    yield "grants", "Grants in force", "state", dict(read.grants)
    yield "duty_done_age_seconds", "Since the duty was last done", "duty", done
    yield "duty_failing", "1 where the duty failed the last time", "duty", {n: f for n, (_a, f) in read.duties.items()}


_RANKS = {0: "end", 1: "poll", 2: "apply", 3: "check"}
