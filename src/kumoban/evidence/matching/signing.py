"""月次の突合: what a month tells, what it does not tell, what was written about either, and the lead's signature.

The signature freezes the month's numbers and their digest. What CloudTrail delivers after it is shown as such, asked
about like anything else, and changes nothing that was signed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum

from kumoban.core.reason import Reason, Refused
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import checked_text, required_text
from kumoban.desk.step_up import needs_recent_proof
from kumoban.estate.models import Account
from kumoban.evidence.matching.models import Exclusion, Gap, Month, Session, TrailAccount, TrailDay
from kumoban.evidence.matching.months import SETTLED_AFTER, bounds, is_month, trail_days
from kumoban.evidence.matching.reading import first_month
from kumoban.evidence.matching.visible import ASKED, unexplained_gaps, unexplained_sessions
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["MOST_TOGETHER", "digest_of", "explain", "not_yet", "sign", "sum_up"]

MOST_TOGETHER = 200
#: a day is over, and its files are there
_DELIVERED = timedelta(hours=2)


def sum_up(month: str) -> Month:
    """The figures and gaps of a month that is not signed, as they are now; a signed one stays as it was signed."""
    row, _ = Month.objects.get_or_create(month=month)
    if row.signed_at is not None:
        return row
    now = database_now()
    _gaps(month, now)
    figures = _figures(month, now)
    with writing():
        Month.objects.filter(month=month, signed_at=None).update(figures=figures, computed_at=now)
    row.refresh_from_db()
    return row


def _figures(month: str, now: datetime) -> dict[str, Any]:
    days = trail_days(month, organisation_zone(), now + timedelta(days=1))
    trail = TrailDay.objects.filter(day__in=days)
    sums = trail.aggregate(files=Sum("n_files"), records=Sum("n_records"), duplicates=Sum("n_duplicates"))
    counted: Counter[str] = Counter()
    unreadable = 0
    for classes, broken in trail.values_list("counted", "unreadable").iterator(2000):
        counted.update(classes)
        unreadable += len(broken)
    sessions = Session.objects.filter(month=month, after_signature=False)
    events = sessions.aggregate(reading=Sum("reading"), changing=Sum("changing"), refused=Sum("refused"))
    return {
        "days": [days[0].isoformat(), days[-1].isoformat()] if days else [],
        **{name: value or 0 for name, value in sums.items()},
        "unreadable": unreadable,
        "no_session": dict(sorted(counted.items())),
        "accounts": trail.values("account").distinct().count(),
        "sessions": _by(sessions, "outcome"),
        "kinds": _by(sessions, "kind"),
        "events": {name: value or 0 for name, value in events.items()},
        "gaps": Gap.objects.filter(month=month).count(),
    }


def _by(sessions: Any, name: str) -> dict[str, int]:
    return dict(sessions.values_list(name).annotate(Count("id")).order_by(name))


# --- what the trail does not tell


def _gaps(month: str, now: datetime) -> None:
    """By account: days without a log file, and files that could not be read. Silence is no innocence."""
    days = trail_days(month, organisation_zone(), now - _DELIVERED)
    there: dict[str, set[date]] = {}
    broken: dict[str, list[list[str]]] = {}
    rows = TrailDay.objects.filter(day__in=days).order_by("account", "region", "day")
    told = rows.values_list("account", "region", "day", "n_files", "unreadable", "counted")
    for account, region, day, files, bad, counted in told.iterator(2000):
        there.setdefault(account, set())
        if files:
            there[account].add(day)
        broken.setdefault(account, []).extend([region, name, why] for name, why in sorted(bad.items()))
        if strange := counted.get("not_understood"):
            broken[account].append([region, day.isoformat(), f"not_understood {strange}"])
    for account, error in TrailAccount.objects.exclude(error="").values_list("account", "error"):
        broken.setdefault(account, []).append(["", "", error])
    accounts = set(Account.objects.filter(absent_since=None, status="ACTIVE").values_list("id", flat=True)) | set(there)
    found = {
        account: ([day.isoformat() for day in days if day not in there.get(account, ())], broken.get(account, []))
        for account in accounts
    }
    with writing():
        if Month.objects.filter(month=month).exclude(signed_at=None).exists():
            return
        _keep_gaps(month, {account: gap for account, gap in found.items() if gap[0] or gap[1]})


def _keep_gaps(month: str, found: dict[str, tuple[list[str], list[list[str]]]]) -> None:
    there = {row.account: row for row in Gap.objects.filter(month=month)}
    Gap.objects.filter(month=month).exclude(account__in=found).delete()
    for account, (days, unreadable) in found.items():
        row = there.get(account) or Gap(month=month, account=account)
        digest = hashlib.sha256(json.dumps([days, unreadable]).encode()).hexdigest()
        if row.digest != digest:
            row.days, row.unreadable, row.digest = days, unreadable, digest
            row.save()


# --- what people write about it


def explain(actor: Actor, sessions: Sequence[int], gaps: Sequence[int], comment: str) -> int:
    """One explanation for some sessions and gaps, all or none; for operations, and never about oneself.

    Raises Refused.
    """
    actor.needs("approve")
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    if not 0 < len(sessions) + len(gaps) <= MOST_TOGETHER:
        raise Refused(Reason("too_many_together", {"most": MOST_TOGETHER}))
    text, now = required_text(comment), database_now()
    with writing():
        rows: list[Session | Gap] = []
        rows += Session.objects.select_for_update().filter(pk__in=sessions, outcome__in=ASKED)
        rows += Gap.objects.select_for_update().filter(pk__in=gaps)
        if len(rows) != len(set(sessions)) + len(set(gaps)):
            raise Refused(Reason("no_such_session"))
        signed = set(Month.objects.exclude(signed_at=None).values_list("month", flat=True))
        for row in rows:
            if isinstance(row, Session) and row.person and row.person in actor.accounts:
                raise Refused(Reason("session_about_you"), attempt=True)
            if row.month in signed and not getattr(row, "after_signature", False):
                raise Refused(Reason("month_signed", {"month": row.month}))
            row.said, row.explained_by, row.explained_at = text, actor.person, now
            row.explained_digest = row.digest
            row.save()
            facts = {"month": row.month, "digest": row.digest, "account": row.account}
            record("matching.explained", actor=actor.id, subject=row.subject, facts=facts, texts={"comment": text})
    return len(rows)


# --- the signature


def not_yet(month: str) -> list[Reason]:
    """Why this month cannot be signed now; empty where it can."""
    if not is_month(month) or month < first_month():
        return [Reason("no_such_month", {"month": month[:10]})]
    row = Month.objects.filter(month=month).first()
    if row is not None and row.signed_at is not None:
        return [Reason("month_signed", {"month": month})]
    found = []
    zone = organisation_zone()
    settled, now = bounds(month, zone)[1] + SETTLED_AFTER, database_now()
    if now < settled:
        return [Reason("month_not_over", {"month": month, "hours": int(SETTLED_AFTER.total_seconds() // 3600)})]
    swept = TrailAccount.objects.aggregate(first=Min("swept_at"))["first"]
    behind = TrailAccount.objects.filter(swept_at=None).exists() or TrailAccount.objects.filter(unread=True).exists()
    if swept is None or behind or swept < settled or row is None or row.computed_at is None or row.computed_at < swept:
        found.append(Reason("month_not_read", {"month": month}))
    if sessions := unexplained_sessions(month).filter(after_signature=False).count():
        found.append(Reason("sessions_unexplained", {"n": sessions}))
    if gaps := unexplained_gaps(month).count():
        found.append(Reason("gaps_unexplained", {"n": gaps}))
    return found


def sign(actor: Actor, month: str, digest: str, comment: str = "") -> Month:
    """Freeze the month as it was seen: ``digest`` is that of the page. Raises Refused."""
    actor.needs("approve")
    if not actor.ops_lead:
        raise Refused(Reason("ops_lead_only"), attempt=True)
    needs_recent_proof(actor)
    text = checked_text(comment)
    with writing():
        row = Month.objects.select_for_update().filter(month=month[:7]).first()
        if reasons := not_yet(month[:10]):
            raise Refused(*reasons)
        assert row is not None
        row.digest = digest_of(month)
        if row.digest != digest:
            raise Refused(Reason("month_changed"))
        row.signed_at, row.signed_by, row.comment = database_now(), actor.person, text
        row.save()
        facts = {"digest": row.digest, **_told(row.figures)}
        record(
            "matching.signed", actor=actor.id, subject=row.subject, facts=facts, texts={"comment": text} if text else {}
        )
    return row


def _told(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("files", "records", "unreadable", "sessions", "gaps") if name in figures}


def digest_of(month: str) -> str:
    """SHA-256 over every line of the month's population, its gaps, the files it was read from, and the exclusions."""
    held = hashlib.sha256()
    sessions = Session.objects.filter(month=month, after_signature=False).order_by("first", "key")
    for one in sessions.iterator(1000):
        _hold(held, "session", one.first.isoformat(), one.last.isoformat(), one.key, one.digest, one.explained_digest,
              one.said if one.explained else "", one.request)  # fmt: skip
    for gap in Gap.objects.filter(month=month).order_by("account"):
        _hold(held, "gap", gap.account, gap.digest, gap.explained_digest, gap.said if gap.explained else "")
    row = Month.objects.filter(month=month).first()
    _hold(held, "figures", row.figures if row else {})
    for exclusion in Exclusion.objects.order_by("id"):
        if row is None or row.signed_at is None or exclusion.made_at <= row.signed_at:
            _hold(held, "exclusion", exclusion.pk, exclusion.pattern, exclusion.valid_from, exclusion.valid_until)
    return held.hexdigest()


def _hold(held: Any, *parts: Any) -> None:
    held.update(json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n")
