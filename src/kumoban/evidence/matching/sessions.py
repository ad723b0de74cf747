"""The sessions of a month, and how each of them stands: 一致, 申請なし, 時間外 or 対象外, always with what it rests on.

They are made anew from the hours every time, whatever order the log files came in. What somebody wrote about a session
stands while it is the same session with the same outcome.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kumoban.core.reason import Reason
from kumoban.desk.office_calendar import organisation_zone
from kumoban.evidence.matching.allowed import Allowed, begun_by_entries
from kumoban.evidence.matching.exclusions import exclusion_of
from kumoban.evidence.matching.models import Activity, Exclusion, Month, Outcome, PrincipalKind, Session
from kumoban.evidence.matching.windows import Seen, Window, judged, spans
from kumoban.ledger.record import writing

__all__ = ["match_month"]

_KEPT_ADDRESSES = 20
_AT_ONCE = 500
#: what matching writes of a session; what people wrote about it is theirs
_FIELDS = [
    *("month", "after_signature", "key", "kind", "principal", "account", "role", "origin", "name", "person"),
    *("first", "last", "reading", "changing", "refused", "addresses", "outcome", "why", "request", "content", "digest"),
]


def match_month(month: str) -> int:
    """Bring the rows in step; of a signed month only what came after the signature. How many sessions changed."""
    signed = Month.objects.filter(month=month).exclude(signed_at=None).exists()
    return (0 if signed else _match(month, late=False)) + _match(month, late=True)


def _match(month: str, *, late: bool) -> int:
    doing = list(Activity.objects.filter(month=month, late=late).defer("events").order_by("key", "hour"))
    begun_by_entries(doing)
    allowed = Allowed(doing)
    exclusions = list(Exclusion.objects.order_by("id"))
    zone = organisation_zone()
    there: dict[str, list[Session]] = {}
    for row in Session.objects.filter(month=month, after_signature=late).order_by("first", "id"):
        there.setdefault(row.key, []).append(row)
    changed: list[Session] = []
    gone: list[int] = []
    for key, of_key in groupby(doing, key=lambda one: one.key):
        hours = list(of_key)
        before = there.pop(key, [])
        for span in spans([_seen(one) for one in hours]):
            parts = [hours[position] for position in span]
            same = [row for row in before if row.first <= parts[-1].last and parts[0].first <= row.last]
            row, others = _kept(same)
            gone += [other.pk for other in others]
            stood = _how(parts, allowed, exclusions, zone)
            if _fill(row, parts, stood, month, late=late):
                changed.append(row)
    _store(month, changed, gone)
    return len(changed)


def _store(month: str, changed: Sequence[Session], gone: Sequence[int]) -> None:
    for start in range(0, len(changed), _AT_ONCE):
        with writing():
            if Month.objects.filter(month=month).exclude(signed_at=None).exists():
                changed = [row for row in changed if row.after_signature]  # signed meanwhile: nothing of it moves
            part = changed[start : start + _AT_ONCE]
            new, known = [row for row in part if not row.pk], [row for row in part if row.pk]
            Session.objects.bulk_create(new, batch_size=200)
            Session.objects.bulk_update(known, _FIELDS, batch_size=100)
    if gone:
        with writing():
            Session.objects.filter(pk__in=gone).delete()


def _kept(same: Sequence[Session]) -> tuple[Session, Sequence[Session]]:
    """Of rows that turned out to be one session, the one with something written on it."""
    if not same:
        return Session(), ()
    ordered = sorted(same, key=lambda row: (not row.said, row.pk))
    return ordered[0], ordered[1:]


# --- how it stands


@dataclass(frozen=True)
class _Stands:
    outcome: str
    why: Reason
    request: str = ""


def _how(parts: Sequence[Activity], allowed: Allowed, exclusions: Sequence[Exclusion], zone: Any) -> _Stands:
    one = parts[0]
    if one.kind == PrincipalKind.DESK:
        return _Stands(Outcome.EXCLUDED, Reason("session_of_desk"))
    windows = allowed.windows(one)
    found, whole = judged(windows, [_seen(part) for part in parts])
    if found is not None and whole:
        return _Stands(Outcome.MATCHED, Reason(f"session_by_{found.by}", {"request": found.request}), found.request)
    if (used := _emergency(parts, allowed)) is not None:
        return used
    excluded = [exclusion_of(part, exclusions, zone) for part in parts]
    if all(excluded) and excluded[0] is not None:
        return _Stands(Outcome.EXCLUDED, Reason("session_by_exclusion", {"n": excluded[0].pk}))
    return _not_allowed(parts, windows, found)


def _emergency(parts: Iterable[Activity], allowed: Allowed) -> _Stands | None:
    for part in parts:
        if (used := allowed.emergency(part)) is not None:
            code = "session_emergency_rejected" if used.rejected else "session_by_emergency"
            outcome = Outcome.NO_REQUEST if used.rejected else Outcome.MATCHED
            return _Stands(outcome, Reason(code, {"request": used.number}), used.number)
    return None


def _not_allowed(parts: Sequence[Activity], windows: Sequence[Window], found: Window | None) -> _Stands:
    one = parts[0]
    grants = [window for window in windows if window.by != "adopted"]
    near = found or _nearest(grants, parts)
    if near is not None:
        return _Stands(Outcome.OUT_OF_TIME, Reason("session_out_of_time", {"request": near.request}), near.request)
    if windows:
        return _Stands(Outcome.NO_REQUEST, Reason("session_adopted_later", {"request": windows[0].request}))
    code = {
        PrincipalKind.IDENTITY_CENTER: "session_no_grant" if one.person else "session_no_person",
        PrincipalKind.IAM_USER: "session_user_unknown",
        PrincipalKind.ROOT: "session_root",
        PrincipalKind.OUTSIDE: "session_outside",
        PrincipalKind.CHAINED: "session_chained",
        PrincipalKind.EMERGENCY: "session_emergency_untold",
    }.get(PrincipalKind(one.kind), "session_not_understood")
    return _Stands(Outcome.NO_REQUEST, Reason(code, _about(one)))


def _about(one: Activity) -> Mapping[str, str]:
    match one.kind:
        case PrincipalKind.OUTSIDE:
            return {"origin": one.origin[:200]}
        case PrincipalKind.CHAINED:
            return {"name": str(one.caller.get("name", ""))[:120], "account": str(one.caller.get("account", ""))}
        case _:
            return {}


def _nearest(windows: Sequence[Window], parts: Sequence[Activity]) -> Window | None:
    """The last that had begun when it ended, else the next to come."""
    begun = [window for window in windows if window.start <= parts[-1].last]
    return (begun[-1] if begun else windows[0]) if windows else None


# --- what a row holds


def _seen(one: Activity) -> Seen:
    return Seen(one.first, one.last, one.issued)


def _fill(row: Session, parts: Sequence[Activity], stood: _Stands, month: str, *, late: bool) -> bool:
    """Whether anything of it is new. A match by adopted access is not withdrawn because the access went since."""
    one = parts[0]
    content = _digest(one.key, *((part.hour.isoformat(), part.digest) for part in parts))
    adopted = row.pk and row.outcome == Outcome.MATCHED and row.why.get("code") == "session_by_adopted"
    if adopted and row.content == content:
        stood = _Stands(row.outcome, Reason.from_stored(row.why), row.request)
    values: dict[str, Any] = {
        "month": month,
        "after_signature": late,
        **{name: getattr(one, name) for name in ("key", "kind", "principal", "account", "role", "origin")},
        "name": parts[-1].name,
        "person": parts[-1].person or str(parts[-1].caller.get("person", "")),
        "first": min(part.first for part in parts),
        "last": max(part.last for part in parts),
        **{name: sum(getattr(part, name) for part in parts) for name in ("reading", "changing", "refused")},
        "addresses": sorted({address for part in parts for address in part.addresses})[:_KEPT_ADDRESSES],
        "outcome": stood.outcome,
        "why": stood.why.stored(),
        "request": stood.request,
        "content": content,
        "digest": _digest(content, stood.outcome, stood.why.stored()),
    }
    if row.pk and all(getattr(row, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
