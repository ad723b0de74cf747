"""Answering: keep, change or remove, each line by who owns it; nobody answers about their own access."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import checked_text, required_text
from kumoban.desk.speech import said as spoken
from kumoban.ledger.record import record, writing
from kumoban.reviews.kind import Carried, Kind, kind_of
from kumoban.reviews.models import Line, LineState
from kumoban.reviews.visible import lines, why_not

__all__ = ["MOST_TOGETHER", "Answer", "answer", "line_seen", "proposed"]

Answer = Literal["keep", "change", "drop"]
#: lines answered with one word
MOST_TOGETHER = 200

_STATES = {"keep": LineState.KEPT, "change": LineState.CHANGED, "drop": LineState.DROPPED}


def line_seen(actor: Actor, pk: int) -> Line:
    """Raises Refused where there is none that this person may see."""
    found = lines(actor).select_related("campaign", "answered_by").filter(pk=pk).first()
    if found is None:
        raise Refused(Reason("no_such_line"))
    return found


def answer(actor: Actor, pks: Sequence[int], word: Answer, comment: str = "") -> list[Line]:
    """The same answer for some lines, all or none. ``change`` says what; an answer may be changed while it is open.

    Raises Refused: not this person's, about themselves, closed, carried out already.
    """
    actor.needs("approve")
    if not pks or len(pks) > MOST_TOGETHER:
        raise Refused(Reason("too_many_together", {"most": MOST_TOGETHER}))
    text = required_text(comment) if word == "change" else checked_text(comment)
    with writing():
        rows = Line.objects.select_for_update(of=("self",)).select_related("campaign").filter(pk__in=pks).order_by("pk")
        found = list(rows)
        if len(found) != len(set(pks)):
            raise Refused(Reason("no_such_line"))
        for line in found:
            _answer(actor, line, word, text)
    return found


def _answer(actor: Actor, line: Line, word: Answer, text: str) -> None:
    if why := why_not(actor, line):
        raise Refused(why, attempt=True)
    ended = line.state == LineState.DROPPED and not line.proposals  # the answer itself has ended it
    done = line.settled_at and line.state != LineState.KEPT
    if line.campaign.closed_at or done or ended or line.state not in (LineState.OPEN, *_STATES.values()):
        raise Refused(Reason("line_settled"))
    kind, now = kind_of(line.campaign.kind), clock.now()
    if kind is None:
        raise Refused(Reason("no_such_campaign_kind", {"kind": line.campaign.kind}))
    before = line.state
    line.state, line.said, line.answered_by, line.answered_at = _STATES[word], text, actor.person, now
    carried = _carried(kind, line, word, actor.id)
    line.proposals = [proposal.stored() for proposal in carried.proposals]
    line.settled_at = now if carried.settled else None
    line.save()
    facts = {"campaign": line.campaign_id, "key": line.key, "answer": word, "before": before}
    texts = {"comment": text} if text else None
    record("review.answered", actor=actor.id, subject=line.campaign.subject, facts=facts, texts=texts)


def _carried(kind: Kind, line: Line, word: Answer, by: str) -> Carried:
    now = clock.now()
    if word == "keep":
        return kind.keep(line, now)
    return kind.change(line, now) if word == "change" else kind.drop(line, by, now)


def proposed(actor: Actor, pk: int, routine: str) -> dict[str, Any]:
    """The form of the request that carries this line's answer out; empty where there is none for this routine."""
    line = lines(actor).filter(pk=pk).first()
    for proposal in line.proposals if line else ():
        if proposal["routine"] == routine:
            reason = Reason("review_reason", {"title": spoken(line.title), "said": line.said[:500]}) if line else None
            return {**proposal["form"], **({"reason": spoken(reason)} if reason else {})}
    return {}
