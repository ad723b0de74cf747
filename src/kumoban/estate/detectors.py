"""GuardDuty of the organisation: who administers it, and its detector in every region that new accounts begin with.

Read by the administrator's own reader. A region that cannot be read keeps AWS's code and hinders no other.
Source: GuardDuty user guide, "Managing multiple accounts with AWS Organizations".
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from kumoban.aws.door import Pass, pages
from kumoban.aws.errors import AwsError
from kumoban.core.needs import needs
from kumoban.estate.models import Detector
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["INSIDE", "READS", "scan_detectors", "scan_detectors_now_and_then"]

_SERVICE = "guardduty.amazonaws.com"
#: what is called inside the administrator's account
INSIDE = needs("guardduty", "list_detectors", "describe_organization_configuration", "get_members")
READS = needs("organizations", "list_delegated_administrators") | INSIDE

#: detectors seldom change: the scan reads them anew so often
_NOW_AND_THEN = timedelta(hours=1)


def scan_detectors_now_and_then(aws: Pass) -> None:
    oldest = Detector.objects.order_by("seen_at").values_list("seen_at", flat=True).first()
    if oldest is None or oldest <= database_now() - _NOW_AND_THEN:
        scan_detectors(aws)


def scan_detectors(aws: Pass) -> None:
    """Every region anew; no rows where GuardDuty has no administrator in this organisation."""
    now = database_now()
    try:
        administrator = settings.KUMOBAN_GUARDDUTY_ACCOUNT or _delegated(aws)
        found = [_detector(aws, administrator, region, now) for region in _regions()] if administrator else []
    except AwsError as refused:  # who administers it may not be asked
        found = [Detector(region=region, error=refused.code[:100], seen_at=now) for region in _regions()]
    with writing():
        Detector.objects.all().delete()
        Detector.objects.bulk_create(found)


def _regions() -> list[str]:
    return list(dict.fromkeys(settings.KUMOBAN_ENABLED_REGIONS))


def _delegated(aws: Pass) -> str:
    """The account's number; empty where GuardDuty has no administrator in this organisation."""
    listed = pages(
        aws, "organizations", "list_delegated_administrators", "DelegatedAdministrators", ServicePrincipal=_SERVICE
    )
    return next((str(one["Id"]) for one in listed), "")


def _detector(aws: Pass, administrator: str, region: str, now: datetime) -> Detector:
    seen = Detector(region=region, administrator=administrator, seen_at=now)
    try:
        listed = pages(aws, "guardduty", "list_detectors", "DetectorIds", administrator, region=region)
        seen.detector = next(listed, "")
        if seen.detector:
            seen.auto_enable = _auto_enable(aws, administrator, region, seen.detector)
    except AwsError as refused:
        seen.error = refused.code[:100]
    return seen


def _auto_enable(aws: Pass, administrator: str, region: str, detector: str) -> str:
    """``AutoEnable`` is what older answers said: new accounts."""
    answer = aws.read(
        "guardduty", "describe_organization_configuration", administrator, region=region, DetectorId=detector
    )
    return str(answer.get("AutoEnableOrganizationMembers") or ("NEW" if answer.get("AutoEnable") else "NONE"))
