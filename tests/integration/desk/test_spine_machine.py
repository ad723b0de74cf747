"""The spine under everything at once: people, two nodes, a clock that moves, an AWS that misbehaves, outsiders.

Hypothesis draws what happens; after every step what must always be true is true, and when all is quiet again AWS
holds what it held before.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kumoban.aws import door as door_module
from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.duties import lapse
from kumoban.desk.models import Approval, DemoClock, Hold, Lock, Request, Step, Thing
from kumoban.desk.runner import Runner
from kumoban.desk.states import EDGES, IN_FORCE
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Head
from kumoban.ledger.verify import verify
from kumoban.services.identity_center import assignment_thing
from tests.integration.conftest import ARN, Office
from tests.integration.desk.slow_aws import Key, SlowAws

ACCOUNTS = ("410122300001", "410122300002")
WORKERS = ("u-sato", "u-ren")
KEYS: list[Key] = [(account, ARN, person) for account in ACCOUNTS for person in WORKERS]
#: children first; the foreign keys are checked at the commit
TABLES = (
    *("desk_lock", "desk_step", "desk_hold", "desk_thing", "desk_approval", "desk_requirement", "desk_remark"),
    *("desk_request_workers", "desk_plan", "desk_request", "desk_democlock", "aws_bucket"),
)
ENDED_BY = {"seen_absent", "held_by_others", "was_there_before", "target_gone"}
OUTCOMES = ("aws.accepted", "aws.refused", "aws.answer_lost")
MUTATIONS = ("create_account_assignment", "delete_account_assignment")
CALLS = (
    *MUTATIONS,
    "list_account_assignments",
    "list_account_assignment_creation_status",
    "list_account_assignment_deletion_status",
    "describe_account_assignment_creation_status",
    "describe_account_assignment_deletion_status",
    "list_group_memberships_for_member",
)

numbers = st.integers(0, 5)
nodes = st.sampled_from([0, 1])


def thing_of(key: Key) -> str:
    account, arn, person = key
    return assignment_thing(person, account, arn)


class Node(Runner):
    """One thread, and every tick waits until it has nothing left to do, so that a run can be repeated."""

    def __init__(self, name: str) -> None:
        super().__init__(name, threads=1)

    def step(self) -> bool:
        worked = self.tick()
        self._pool.submit(lambda: None).result()
        return worked

    def busy(self) -> bool:
        return self._in_hand > 0


def forget_everything() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


class Spine(RuleBasedStateMachine):
    office: Office

    def __init__(self) -> None:
        super().__init__()
        forget_everything()
        self.aws = SlowAws()
        self.aws.sets, self.aws.members = self.office.aws.sets, self.office.aws.members
        door_module.door()._transport = self.aws
        self.since = Head.objects.get(pk=1).seq
        #: what other people have made on AWS and not taken away again
        self.theirs: set[Key] = set()
        #: what other people have ever taken away
        self.removed: set[Key] = set()
        self.named = 0
        self.nodes = [self._node(), self._node()]

    def _node(self) -> Node:
        self.named += 1
        return Node(f"node-{self.named}")

    def _request(self, index: int) -> Request | None:
        found = list(Request.objects.order_by("-id")[:6])
        return found[index % len(found)] if found else None

    def _people_may(self, function: Any, name: str, index: int, **said: Any) -> None:
        request = self._request(index)
        if request is not None:
            with suppress(Refused):
                function(self.office.actor(name), request.number, **said)

    # --- people

    @initialize(others=st.sets(st.sampled_from(KEYS), max_size=2))
    def there_before(self, others: set[Key]) -> None:
        self.theirs = set(others)
        self.aws.assigned = set(others)
        self.ask({ACCOUNTS[0]}, set(WORKERS), 5, None, True)

    @rule(
        accounts=st.sampled_from([{ACCOUNTS[0]}, {ACCOUNTS[0]}, set(ACCOUNTS)]),
        workers=st.sampled_from([{WORKERS[0]}, {WORKERS[0]}, set(WORKERS)]),
        minutes=st.sampled_from([2, 5, 15]),
        start=st.sampled_from([None, None, 0, 2, 5]),
        at_once=st.sampled_from([True, True, False]),
    )
    def ask(self, accounts: set[str], workers: set[str], minutes: int, start: int | None, at_once: bool) -> None:
        if Hold.objects.count() > 8:
            return
        form = self.office.form(accounts=sorted(accounts), workers=sorted(workers), until=f"{minutes}m")
        if start is not None:
            form["start"] = (clock.now() + timedelta(minutes=start)).isoformat()
        made = requests.ask(self.office.actor("sato"), "temporary-access", form)
        if at_once:
            requests.approve(self.office.actor("suzuki"), made.number, plan_digest=made.plan.digest)

    @rule(index=numbers, who=st.sampled_from(["suzuki", "tanaka", "sato", "kim"]))
    def approve(self, index: int, who: str) -> None:
        request = self._request(index)
        if request is not None:
            self._people_may(requests.approve, who, index, plan_digest=request.plan.digest)

    @rule(index=numbers, against=st.sampled_from([requests.return_for_correction, requests.deny]))
    def decide_against(self, index: int, against: Any) -> None:
        self._people_may(against, "suzuki", index, comment="もう一度")

    @rule(index=numbers, minutes=st.sampled_from([2, 15]))
    def correct(self, index: int, minutes: int) -> None:
        request = self._request(index)
        if request is not None and request.state == "returned":
            again = self.office.form(accounts=[ACCOUNTS[0]], workers=["u-sato"], until=f"{minutes}m")
            requests.resubmit(self.office.actor("sato"), request.number, again)

    @rule(index=numbers, what=st.sampled_from([requests.withdraw, requests.end_early]))
    def take_back(self, index: int, what: Any) -> None:
        self._people_may(what, "sato", index)

    @rule(index=numbers, what=st.sampled_from([requests.resume, requests.give_up]))
    def mend(self, index: int, what: Any) -> None:
        self._people_may(what, "takahashi", index)

    # --- the machines

    @rule(node=nodes, times=st.integers(0, 6))
    def work(self, node: int, times: int) -> None:
        for _ in range(times):
            if not self.nodes[node].step():
                break

    @rule(times=st.integers(1, 8))
    def both_work(self, times: int) -> None:
        for _ in range(times):
            for node in self.nodes:
                node.step()

    @rule(minutes=st.integers(1, 6))
    def minutes_go_by(self, minutes: int) -> None:
        """With nodes at work, so that what is due is done when it is due."""
        for _ in range(minutes):
            self._work_until_quiet()
            self.time_passes(60)
        self._work_until_quiet()

    @rule(node=nodes, after=st.integers(0, 5))
    def die(self, node: int, after: int) -> None:
        """kill -9: what came back was never written; the leases run out and another node starts."""
        self.work(node, after)
        Step.objects.filter(lease_by=self.nodes[node].name).update(lease_until=database_now() - timedelta(seconds=1))
        self.nodes[node]._pool.shutdown()
        self.nodes[node] = self._node()

    @rule(node=nodes, after=st.integers(0, 5))
    def stall(self, node: int, after: int) -> None:
        """The node goes on later with what it has in hand, after its leases ran out."""
        self.work(node, after)
        Step.objects.filter(lease_by=self.nodes[node].name).update(lease_until=database_now() - timedelta(seconds=1))

    @rule(seconds=st.sampled_from([2, 61, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.aws.settle()
        clock.advance(timedelta(seconds=seconds), actor="u-sato")
        lapse()

    # --- AWS and its other users

    @rule(call=st.sampled_from(CALLS), fault=st.sampled_from(["throttle", "refused_5xx", "lost"]))
    def misbehave(self, call: str, fault: str) -> None:
        self.aws.faults.setdefault(call, []).append(fault)

    @rule(polls=st.integers(1, 3), failing=st.integers(0, 1))
    def be_slow(self, polls: int, failing: int) -> None:
        self.aws.polls, self.aws.failing = polls, failing

    @rule(account=st.sampled_from(ACCOUNTS))
    def somebody_is_at_work_there(self, account: str) -> None:
        self.aws.busy.add(account)

    @rule(key=st.sampled_from(KEYS[:3]))
    def somebody_removes_it(self, key: Key) -> None:
        self.aws.assigned.discard(key)
        self.theirs.discard(key)
        self.removed.add(key)

    @rule(key=st.sampled_from(KEYS[:3]))
    def somebody_makes_it(self, key: Key) -> None:
        """Only where nothing of ours is, was in doubt or is on its way: else nobody could say whose it is."""
        thing = thing_of(key)
        ours = Thing.objects.filter(key=thing, closed_at=None).exists()
        doubt = Step.objects.filter(hold__key=thing).exclude(kind="second_look")
        if ours or doubt.filter(taken_over=True).exists() or doubt.filter(answer_lost=True).exists():
            return
        if any(found.key == key and found.status == "IN_PROGRESS" for found in self.aws.operations.values()):
            return
        if key not in self.aws.assigned:
            self.aws.assigned.add(key)
            self.theirs.add(key)

    # --- what is always true

    @invariant()
    def requests_take_legal_edges_only(self) -> None:
        at: dict[str, str] = {}
        for entry in Entry.objects.filter(seq__gt=self.since, kind__startswith="request.").order_by("seq"):
            facts = json.loads(entry.body)["facts"]
            if "from" not in facts:
                continue
            to = entry.kind.removeprefix("request.")
            assert facts["from"] == at.get(entry.subject, "drafted"), entry.body
            assert to in EDGES[facts["from"]], entry.body
            at[entry.subject] = to
        assert at == dict(Request.objects.values_list("number", "state"))

    @invariant()
    def active_means_seen(self) -> None:
        for hold in Hold.objects.filter(was_active=True):
            assert hold.evidence["active"]["by"] == "ListAccountAssignments"
            assert (hold.account_id, ARN, hold.person_id) in self.aws.seen

    @invariant()
    def ended_means_one_of_four_proven_ways(self) -> None:
        for hold in Hold.objects.filter(state="ended"):
            sent = Entry.objects.filter(seq__gt=self.since, subject=hold.request.number, kind="aws.intent")
            if hold.ended_by == "never_made":
                assert hold.thing is None
                assert not [entry for entry in sent if json.loads(entry.body)["facts"]["thing"] == hold.key]
                continue
            assert hold.ended_by in ENDED_BY
            assert "ended" in hold.evidence
            assert hold.ended_at is not None

    @invariant()
    def nothing_in_force_is_without_its_end(self) -> None:
        for hold in Hold.objects.filter(state__in=IN_FORCE):
            ends = Step.objects.filter(hold=hold, kind="end", done_at=None)
            assert ends.count() == 1, (hold.key, hold.state)
            assert ends.get().due is not None
            assert hold.ends_at is not None

    @invariant()
    def a_thing_has_one_open_episode(self) -> None:
        keys = Counter(Thing.objects.filter(closed_at=None).values_list("key", flat=True))
        assert all(count == 1 for count in keys.values())

    @invariant()
    def what_is_active_is_on_aws_unless_somebody_took_it_away(self) -> None:
        for hold in Hold.objects.filter(state="active"):
            key = (hold.account_id, ARN, hold.person_id)
            assert key in self.aws.assigned or key in self.removed or self._due_to_end(hold), hold.key

    def _due_to_end(self, hold: Hold) -> bool:
        """Another grant of the same thing may just have ended under a clock that jumped over this one's end."""
        return hold.ends_at is not None and hold.ends_at <= clock.now()

    @invariant()
    def what_others_made_is_left_alone(self) -> None:
        assert self.theirs <= self.aws.assigned

    @invariant()
    def nothing_is_in_force_without_complete_approval(self) -> None:
        for request in Request.objects.exclude(starts_at=None):
            assert Approval.objects.filter(plan=request.plan, void_at=None).exists()
            assert not Approval.objects.filter(plan=request.plan, person__in=WORKERS).exists()

    @invariant()
    def no_more_calls_than_intents(self) -> None:
        called = Counter(thing_of(key) for _kind, key in self.aws.arrived)
        intended = self._things_of("aws.intent")
        assert all(intended[thing] >= count for thing, count in called.items())

    def _things_of(self, *kinds: str) -> Counter[str]:
        entries = Entry.objects.filter(seq__gt=self.since, kind__in=kinds)
        return Counter(json.loads(entry.body)["facts"]["thing"] for entry in entries)

    # --- the end of it all

    def teardown(self) -> None:
        self.aws.forget_faults()
        for _ in range(60):
            self._work_until_quiet()
            if not self._unfinished():
                break
            self.time_passes(130)
        assert not self._unfinished(), list(Step.objects.filter(due__isnull=False).values())
        for name in ("requests_take_legal_edges_only", "ended_means_one_of_four_proven_ways", "active_means_seen"):
            getattr(self, name)()
        self.nothing_of_ours_is_left()
        self.every_call_has_its_outcome()
        assert not Lock.objects.exists()
        assert not Thing.objects.filter(closed_at=None).exists()
        verdict = verify()
        assert verdict.whole, verdict.faults
        for by in Hold.objects.values_list("ended_by", flat=True):
            event(f"a grant ended by {by}")
        for node in self.nodes:
            node._pool.shutdown()

    def _work_until_quiet(self) -> None:
        for _ in range(200):
            if not any([node.step() or node.busy() for node in self.nodes]):  # noqa: C419  (each has its turn)
                return
        raise AssertionError("the nodes never rest")

    def _unfinished(self) -> bool:
        open_holds = Hold.objects.filter(state__in=[*IN_FORCE, "approved"]).exists()
        return open_holds or Step.objects.filter(due__isnull=False).exists()

    def nothing_of_ours_is_left(self) -> None:
        assert self.aws.assigned == self.theirs

    def every_call_has_its_outcome(self) -> None:
        called = Counter(thing_of(key) for _kind, key in self.aws.arrived)
        outcomes = self._things_of(*OUTCOMES)
        assert all(outcomes[thing] >= count for thing, count in called.items()), (called, outcomes)


@pytest.mark.slow
def test_the_spine_holds_whatever_happens(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings as django_settings

    monkeypatch.setattr(django_settings, "KUMOBAN_DEMO", True)
    machine = type("SpineOfThisOffice", (Spine,), {"office": office})
    chosen = settings(
        max_examples=int(os.environ.get("KUMOBAN_TEST_SPINE_EXAMPLES", "15")),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    finally:
        forget_everything()
        DemoClock.objects.all().delete()
