"""Taking back, ending, mending: being ended is never gated by a rule."""

from __future__ import annotations

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.changes import open_next
from kumoban.desk.models import Approval, Hold, Request, Step
from kumoban.desk.people import Actor
from kumoban.desk.requests.closing import cancel_approved, end_holds
from kumoban.desk.requests.deciding import approvals_complete, still_allowed
from kumoban.desk.requests.guards import may_operate, ops_only, own
from kumoban.desk.requests.stages import asking_people
from kumoban.desk.states import HoldState, Phase, RequestState, StepKind
from kumoban.desk.transition import derive, locked, move
from kumoban.ledger.record import record, writing

__all__ = ["end_early", "give_up", "may_end", "resume", "withdraw"]

S = RequestState


def withdraw(actor: Actor, number: str) -> Request:
    """取下げ, by the requester: before anything was granted it ends the request, afterwards it ends the grants."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        own(actor, request)
        now = clock.now()
        if request.state in (S.APPLYING, S.ACTIVE, S.FAILED):
            end_holds(request, actor.id, now)
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
        end_holds(request, actor.id, clock.now())
        return request


def give_up(actor: Actor, number: str) -> Request:
    """Ops ends what failed instead of trying again."""
    ops_only(actor)
    return end_early(actor, number)


def resume(actor: Actor, number: str) -> Request:
    """Ops tries what failed of the *same* plan again. Refused after the grants' end."""
    ops_only(actor)
    may_operate()
    with writing():
        request = locked(number)
        now = clock.now()
        failed = list(request.holds.filter(state=HoldState.FAILED))
        changes = request.steps.filter(kind=StepKind.CHANGE, phase=Phase.FAILED)
        if not failed and not changes.exists():
            raise Refused(Reason("nothing_failed"))
        if request.ends_at and now >= request.ends_at:
            raise Refused(Reason("already_past_end"))
        if request.plan is not None:
            still_allowed(request, request.plan)
            if not approvals_complete(request, request.plan):
                raise Refused(Reason("approver_no_longer_entitled"))
        Hold.objects.filter(pk__in=[hold.pk for hold in failed]).update(state=HoldState.APPLYING)
        facts = {"grants": len(failed), "changes": changes.count()}
        changes.filter(answered_at=None).update(phase=Phase.LOOK, needs_a_person=False)  # its turn had not come
        for steps in (Step.objects.filter(hold__in=failed, kind=StepKind.APPLY), changes):
            steps.update(
                phase=Phase.RECOVER,
                due=now,
                needs_a_person=False,
                stopped=False,
                attempts=0,
                setbacks=0,
                done_at=None,
            )
        open_next(request, now)
        record("request.resumed", actor=actor.id, subject=number, facts=facts)
        derive(request, actor=actor.id, at=now)
        return request


def may_end(actor: Actor, request: Request) -> bool:
    signed = Approval.objects.filter(plan__request=request, person=actor.person).exists()
    return actor.ops or signed or actor.person.id in asking_people(request)
