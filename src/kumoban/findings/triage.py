"""What people make of a finding: seen, put off, suppressed with a reason and an end, taken up again.

The team it belongs to and the operations team decide; auditors read. Nobody decides about their own access.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import checked_text, required_text
from kumoban.desk.speech import said
from kumoban.findings.models import Finding, FindingState
from kumoban.findings.visible import teams_of, visible
from kumoban.ledger.record import record, writing

__all__ = ["acknowledge", "found", "may_decide", "proposed", "reopen", "snooze", "suppress"]

#: days ahead
_SNOOZED_AT_MOST, _SUPPRESSED_AT_MOST = 90, 366


def found(actor: Actor, pk: int) -> Finding:
    """Raises Refused where there is none that this person may see."""
    one = visible(actor).select_related("decided_by").filter(pk=pk).first()
    if one is None:
        raise Refused(Reason("no_such_finding"))
    return one


def may_decide(actor: Actor, finding: Finding) -> Reason | None:
    """Why this person does not decide about it; None where they do."""
    if finding.about and finding.about in actor.accounts:
        return Reason("finding_about_you")
    mine = finding.person in actor.accounts if finding.person else False
    if actor.ops or mine or (finding.team and finding.team in teams_of(actor)):
        return None
    return Reason("finding_not_yours")


def acknowledge(actor: Actor, pk: int, comment: str = "") -> Finding:
    """Somebody looks after it; it stays in the list."""
    return _decide(actor, pk, FindingState.ACKNOWLEDGED, None, checked_text(comment))


def snooze(actor: Actor, pk: int, until: date, comment: str = "") -> Finding:
    """Put off to a day: from its morning on it is open again."""
    return _decide(actor, pk, FindingState.SNOOZED, _morning(until, _SNOOZED_AT_MOST), checked_text(comment))


def suppress(actor: Actor, pk: int, until: date, reason: str) -> Finding:
    """It is meant to be so, for a written reason, and is asked again after a year at the latest."""
    return _decide(actor, pk, FindingState.SUPPRESSED, _morning(until, _SUPPRESSED_AT_MOST), required_text(reason))


def reopen(actor: Actor, pk: int, comment: str = "") -> Finding:
    """Take back what was decided."""
    return _decide(actor, pk, FindingState.OPEN, None, checked_text(comment))


_RECORDED = {
    FindingState.ACKNOWLEDGED: "finding.acknowledged",
    FindingState.SNOOZED: "finding.snoozed",
    FindingState.SUPPRESSED: "finding.suppressed",
    FindingState.OPEN: "finding.reopened",
}


def _decide(actor: Actor, pk: int, state: FindingState, until: datetime | None, text: str) -> Finding:
    actor.needs("approve")
    with writing():
        one = found(actor, pk)
        if why := may_decide(actor, one):
            raise Refused(why, attempt=True)
        values = {
            "state": state,
            "until": until,
            "said": text,
            "decided_by": actor.person,
            "decided_at": clock.now(),
        }
        if not Finding.objects.filter(pk=pk, resolved_at=None).update(**values):
            raise Refused(Reason("finding_resolved"))
        facts = {"was": one.state, "watch": one.watch, "key": one.key, "until": until.isoformat() if until else ""}
        texts = {"comment": text} if text else {}
        record(_RECORDED[state], actor=actor.id, subject=one.subject, facts=facts, texts=texts)
    return found(actor, pk)


def _morning(day: date, at_most: int) -> datetime:
    """The beginning of a day in the company's zone."""
    today = clock.now().astimezone(organisation_zone()).date()
    if not today < day <= today + timedelta(days=at_most):
        raise Refused(Reason("finding_until", {"days": at_most}), field="until")
    return datetime.combine(day, time(), organisation_zone())


def proposed(actor: Actor, pk: int, routine: str) -> Mapping[str, Any]:
    """The form of the request that a finding proposes for this routine, its texts said in the active language.

    Empty where it proposes none. What is asked with it is decided like anything else.
    """
    one = visible(actor).filter(pk=pk, resolved_at=None).first()
    for proposal in one.proposals if one else ():
        if proposal["routine"] == routine:
            texts = {name: said(reason) for name, reason in proposal["texts"].items()}
            return {**proposal["form"], **texts}
    return {}
