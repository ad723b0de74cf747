"""The evidence of controls: each looks at everything of a period, counts it, and names what is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from kumoban.desk.models import Approval, Hold, Request
from kumoban.desk.people import accounts_of_the_same
from kumoban.desk.states import IN_FORCE, HoldState, Ratification
from kumoban.estate.models import Assignment, IamUser, Person
from kumoban.evidence.audit import conflicts as found_conflicts
from kumoban.evidence.audit.population import population
from kumoban.evidence.audit.room import Period
from kumoban.evidence.matching.models import Session
from kumoban.evidence.matching.visible import ASKED
from kumoban.evidence.models import SessionLog
from kumoban.findings.models import Finding, FindingState
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry

__all__ = ["QUERIES", "Looked"]

#: an end is proven within this time; the scan and AWS take some of it
_PROVEN_WITHIN = timedelta(minutes=15)
_DORMANT = timedelta(days=90)
_HALF_A_YEAR = timedelta(days=184)
_LOOKED_INTO = timedelta(days=7)


@dataclass(frozen=True)
class Looked:
    """How many were looked at, and the keys of the exceptions."""

    count: int
    exceptions: tuple[str, ...]


def approved_before_use(period: Period) -> Looked:
    """Every grant that became active had been approved, by people or by a rule that asks for nobody."""
    active = list(_entries("grant.active", period))
    numbers = {entry.subject for entry in active}
    decided = Entry.objects.filter(kind="request.approved", subject__in=numbers).order_by("-seq")
    first = dict(decided.values_list("subject", "seq"))
    return Looked(
        len(active),
        tuple(_grant(entry) for entry in active if first.get(entry.subject, entry.seq) >= entry.seq),
    )


def nobody_approves_their_own(period: Period) -> Looked:
    """No signature is of the requester or a worker, under whichever of their accounts."""
    seals = Approval.objects.filter(at__gte=period.since, at__lt=period.until).select_related("plan__request")
    wrong = [
        f"{seal.plan.request.number} {seal.person_id}"
        for seal in seals.prefetch_related("plan__request__workers")
        if seal.person_id in accounts_of_the_same(seal.plan.request.people)
    ]
    return Looked(len(seals), tuple(wrong))


def ends_are_proven(period: Period) -> Looked:
    """Every grant whose end came within the period was seen to end, within 15 minutes."""
    now = database_now()
    due = Hold.objects.filter(was_active=True, ends_at__gte=period.since, ends_at__lt=min(period.until, now))
    late = due.exclude(state=HoldState.ENDED) | due.filter(Q(ended_by="") | Q(ended_at=None))
    slow = [hold for hold in due.filter(state=HoldState.ENDED).exclude(ended_at=None) if _slow(hold)]
    wrong = {*late.filter(ends_at__lt=now - _PROVEN_WITHIN).select_related("request"), *slow}
    return Looked(due.count(), tuple(sorted(f"{hold.request.number} {hold.key}" for hold in wrong)))


def _slow(hold: Hold) -> bool:
    return bool(hold.ended_at and hold.ends_at and hold.ended_at > hold.ends_at + _PROVEN_WITHIN)


def emergencies_are_ratified(period: Period) -> Looked:
    """Every emergency was approved or rejected afterwards, or its time is not over."""
    asked = Request.objects.filter(emergency=True, created_at__gte=period.since, created_at__lt=period.until)
    due = Q(ratification=Ratification.DUE, lapses_at__lt=database_now())
    wrong = asked.filter(due | Q(ratification=Ratification.REJECTED))
    return Looked(asked.count(), tuple(wrong.order_by("pk").values_list("number", flat=True)))


def permanent_access_has_an_owner(_period: Period) -> Looked:
    """Every grant without end has an owner who is here, and a day of review that is not past (as it is now)."""
    standing = Hold.objects.filter(ends_at=None, state__in=IN_FORCE, was_active=True)
    gone = Q(owner=None) | Q(owner__enabled=False) | Q(owner__absent_since__isnull=False)
    wrong = standing.filter(gone | Q(review_on=None) | Q(review_on__lt=database_now().date()))
    keys = wrong.order_by("pk").values_list("request__number", "key")
    return Looked(standing.count(), tuple(f"{number} {key}" for number, key in keys))


def access_was_reviewed(period: Period) -> Looked:
    """A review of permanent access was closed within the half year before the period's end."""
    closed = Entry.objects.filter(kind="campaign.closed", at__lt=period.until, at__gte=period.until - _HALF_A_YEAR)
    return Looked(closed.count(), () if closed.exists() else ("no_review_closed",))


def rules_change_through_the_desk(period: Period) -> Looked:
    """Every change of a rule has its entry, and every rule is as its last entry says."""
    found = population("rule_changes", period)
    proof = found.proof
    return Looked(len(found.items), (*proof.rows_differ, *proof.rows_unrecorded, *proof.rows_missing))


def leavers_have_nothing(_period: Period) -> Looked:
    """Nobody who has left or is disabled holds a grant or an assignment (as it is now)."""
    left = Person.objects.filter(Q(enabled=False) | Q(absent_since__isnull=False))
    held = Hold.objects.filter(person__in=left, state=HoldState.ACTIVE).values_list("person_id", "key")
    assigned = Assignment.objects.filter(
        absent_since=None, principal_type="USER", principal_id__in=left.values("pk")
    ).values_list("principal_id", "account_id")
    return Looked(left.count(), tuple(sorted({f"{person} {thing}" for person, thing in (*held, *assigned)})))


def ledger_is_whole(period: Period) -> Looked:
    """The entries of the period have no gap and are as they were chained, and the newest seal is in the chain."""
    proof = population("requests", period).proof
    unsealed = () if proof.sealed else ("seal_missing",)
    return Looked(proof.entries, (*(f"{code} #{seq}" for seq, code in proof.chain), *unsealed))


def changes_have_a_request(period: Period) -> Looked:
    """Every call that changed AWS was made for a request that had been approved, or to end what one had given."""
    calls = list(_entries("aws.intent", period))
    numbers = {entry.subject for entry in calls if entry.subject.startswith("R-")}
    decided = Entry.objects.filter(kind="request.approved", subject__in=numbers).order_by("-seq")
    first = dict(decided.values_list("subject", "seq"))
    wrong = [entry for entry in calls if entry.subject in numbers and first.get(entry.subject, entry.seq) >= entry.seq]
    return Looked(len(calls), tuple(f"{entry.subject} #{entry.seq}" for entry in wrong))


def sessions_are_kept(period: Period) -> Looked:
    """Of every grant to a person that ended in the period there is whole session evidence."""
    ended = Hold.objects.filter(
        was_active=True, state=HoldState.ENDED, ended_at__gte=period.since, ended_at__lt=period.until
    ).exclude(person=None)
    whole = SessionLog.objects.filter(hold=OuterRef("pk"), complete=True)
    keys = ended.filter(~Exists(whole)).order_by("pk").values_list("request__number", "key")
    return Looked(ended.count(), tuple(f"{number} {key}" for number, key in keys))


def access_outside_is_looked_into(_period: Period) -> Looked:
    """Nothing that was found stands for more than a week without anybody having taken it up (as it is now)."""
    standing = Finding.objects.filter(resolved_at=None)
    old = standing.filter(state=FindingState.OPEN, first_seen_at__lt=database_now() - _LOOKED_INTO)
    return Looked(standing.count(), tuple(f"{one.watch} {one.key}" for one in old.order_by("pk")))


def sessions_have_a_request(period: Period) -> Looked:
    """Every privileged session in CloudTrail that began in the period matches a request, or was explained."""
    begun = Session.objects.filter(first__gte=period.since, first__lt=period.until)
    asked = begun.filter(outcome__in=ASKED).exclude(explained_digest=F("digest")).order_by("pk")
    keys = asked.values_list("account", "principal", "first")
    return Looked(begun.count(), tuple(f"{account} {who} {first.isoformat()}" for account, who, first in keys))


def keys_are_used(_period: Period) -> Looked:
    """No user of IAM that can sign in was unused for 90 days (as it is now)."""
    able = IamUser.objects.filter(absent_since=None).filter(Q(console=True) | Q(active_keys__gt=0))
    since = database_now() - _DORMANT
    dormant = able.filter(Q(last_used_at__lt=since) | Q(last_used_at=None, created_at__lt=since))
    return Looked(able.count(), tuple(dormant.order_by("arn").values_list("arn", flat=True)))


def roles_do_not_meet(period: Period) -> Looked:
    """Nobody approves for their manager, no two people always sign for each other, nobody rules for themselves."""
    sealed = Approval.objects.filter(at__gte=period.since, at__lt=period.until, void_at=None).count()
    return Looked(sealed, tuple(one.key for one in found_conflicts.conflicts(period)))


def _entries(kind: str, period: Period) -> Iterator[Entry]:
    yield from Entry.objects.filter(kind=kind, at__gte=period.since, at__lt=period.until).order_by("seq")


def _grant(entry: Entry) -> str:
    return f"{entry.subject} {json.loads(entry.body)['facts'].get('thing', '')}"


#: by the name that the list of controls uses
QUERIES: dict[str, Callable[[Period], Looked]] = {
    query.__name__: query
    for query in (
        approved_before_use,
        nobody_approves_their_own,
        ends_are_proven,
        emergencies_are_ratified,
        permanent_access_has_an_owner,
        access_was_reviewed,
        rules_change_through_the_desk,
        leavers_have_nothing,
        ledger_is_whole,
        changes_have_a_request,
        sessions_are_kept,
        access_outside_is_looked_into,
        sessions_have_a_request,
        keys_are_used,
        roles_do_not_meet,
    )
}
