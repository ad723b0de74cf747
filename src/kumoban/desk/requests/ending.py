"""Taking back, ending, mending: being ended is never gated by a rule."""

from __future__ import annotations

from datetime import datetime

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Approval, Hold, Request, Step
from kumoban.desk.people import Actor
from kumoban.desk.requests.deciding import approvals_complete, asking_people, still_allowed
from kumoban.desk.requests.guards import may_operate, ops_only, own
from kumoban.desk.states import RANK, HoldState, Phase, RequestState, StepKind
from kumoban.desk.transition import derive, locked, move
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["cancel_approved", "end_early", "give_up", "may_end", "release_kept", "reopen_end", "resume", "withdraw"]

S = RequestState


def withdraw(actor: Actor, number: str) -> Request:
    """取下げ, by the requester: before anything was granted it ends the request, afterwards it ends the grants."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        own(actor, request)
        now = clock.now()
        if request.state in (S.APPLYING, S.ACTIVE, S.FAILED):
            _end_holds(request, actor.id, now)
            return request
        move(request, S.WITHDRAWN, actor=actor.id, at=now)
        cancel_approved(request, now)
        return request


def end_early(actor: Actor, number: str) -> Request:
    """早期終了, by requester, worker, an approver or ops. Being ended is never gated by a rule."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        if not may_end(actor, request):
            raise Refused(Reason("may_not_end"), attempt=True)
        if request.state not in (S.APPLYING, S.ACTIVE, S.FAILED):
            raise Refused(Reason("nothing_to_end", {"state": request.state}))
        _end_holds(request, actor.id, clock.now())
        return request


def give_up(actor: Actor, number: str) -> Request:
    """Ops ends what failed instead of trying again."""
    ops_only(actor)
    return end_early(actor, number)


def resume(actor: Actor, number: str) -> Request:
    """Ops tries the failed grants of the *same* plan again. Refused after their end."""
    ops_only(actor)
    may_operate()
    with writing():
        request = locked(number)
        now = clock.now()
        failed = list(request.holds.filter(state=HoldState.FAILED))
        if not failed:
            raise Refused(Reason("nothing_failed"))
        if request.ends_at and now >= request.ends_at:
            raise Refused(Reason("already_past_end"))
        if request.plan is not None:
            still_allowed(request, request.plan)
            if not approvals_complete(request, request.plan):
                raise Refused(Reason("approver_no_longer_entitled"))
        Hold.objects.filter(pk__in=[hold.pk for hold in failed]).update(state=HoldState.APPLYING)
        Step.objects.filter(hold__in=failed, kind=StepKind.APPLY).update(
            phase=Phase.RECOVER, due=now, needs_a_person=False, attempts=0, done_at=None
        )
        record("request.resumed", actor=actor.id, subject=number, facts={"grants": len(failed)})
        derive(request, actor=actor.id, at=now)
        return request


def may_end(actor: Actor, request: Request) -> bool:
    signed = Approval.objects.filter(plan__request=request, person=actor.person).exists()
    return actor.ops or signed or actor.person.id in asking_people(request)


def _end_holds(request: Request, by: str, now: datetime) -> None:
    holds = list(request.holds.filter(state__in=[HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED]))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=HoldState.ENDING)
    Step.objects.filter(hold__in=holds, kind=StepKind.END, done_at=None).update(due=now)
    request.steps.filter(kind=StepKind.MANUAL, done_at=None).update(phase=Phase.CANCELLED, done_at=now)
    record("request.end_asked", actor=by, subject=request.number, facts={"grants": len(holds)})
    derive(request, actor=by, at=now)


def cancel_approved(request: Request, now: datetime) -> None:
    """Holds that never came into force are cancelled; what was kept for them ends at once."""
    holds = list(request.holds.filter(state=HoldState.APPROVED))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=HoldState.CANCELLED, ended_at=now)
    Step.objects.filter(request=request, done_at=None).update(phase=Phase.CANCELLED, due=None, done_at=now)
    for hold in holds:
        release_kept(hold.key, now)


def release_kept(key: str, now: datetime) -> None:
    """If an ended grant left the thing standing for a hold that is now gone, its undo is due at once."""
    kept = (
        Hold.objects.filter(key=key, state=HoldState.ENDED, ended_by="held_by_others", thing__closed_at=None)
        .order_by("-ended_at")
        .first()
    )
    in_force = (HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)
    if kept is None or Hold.objects.filter(key=key, state__in=in_force).exists():
        return
    reopen_end(kept, now)


def reopen_end(hold: Hold, now: datetime) -> None:
    """An ended grant whose thing still stands goes back to ending, with a step to end it."""
    last = Step.objects.filter(hold=hold, kind=StepKind.END).latest("id")
    Step.objects.create(
        request_id=hold.request_id,
        hold=hold,
        kind=StepKind.END,
        position=last.position,
        action=last.action,
        params=last.params,
        lock_key=last.lock_key,
        phase=Phase.LOOK,
        rank=RANK[StepKind.END],
        due=now,
    )
    hold.state, hold.ended_by, hold.ended_at = HoldState.ENDING, "", None
    hold.save(update_fields=["state", "ended_by", "ended_at"])
    request = Request.objects.select_for_update().get(pk=hold.request_id)
    derive(request, actor=SYSTEM, at=now)
