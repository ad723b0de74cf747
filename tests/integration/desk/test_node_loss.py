"""A node dies between any two calls, also between AWS's acceptance and the checkpoint: another goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.in_process_door import NodeDied
from kumoban.desk import requests
from kumoban.desk.models import Hold, Lock, Request, Step
from kumoban.desk.runner import Runner
from kumoban.ledger.clock import database_now
from kumoban.ledger.verify import verify
from tests.integration.conftest import Office

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class DyingNode(Runner):
    """Loses what was in hand when it dies, as a process does."""

    dead = False

    def _work(self, turn: object) -> None:
        try:
            super()._work(turn)  # type: ignore[arg-type]
        except NodeDied:
            self.dead = True

    def _settle_all(self) -> int:
        return 0 if self.dead else super()._settle_all()

    def _claim(self, limit: int) -> object:  # type: ignore[override]
        return (0, []) if self.dead else super()._claim(limit)


def run_until_dead(office: Office) -> bool:
    node = DyingNode("node-dying", threads=1)
    for _ in range(400):
        node.tick()
        node._pool.submit(lambda: None).result()
        if node.dead:
            break
    office.aws.dead_from = None
    return node.dead


def take_over(office: Office) -> None:
    """The leases run out, and another node finds the rows."""
    Step.objects.filter(lease_until__isnull=False).update(lease_until=database_now() - timedelta(seconds=1))
    successor = Runner("node-successor", threads=2)
    for _ in range(6):
        waiting = Step.objects.filter(due__isnull=False)
        waiting.filter(hold__state="applying", kind="apply").update(due=database_now())
        waiting.filter(hold__state="ending", kind="end").update(due=database_now())
        successor.drain()


def approved(office: Office) -> Request:
    form = office.form(accounts=["410122300001"], workers=["u-sato"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    return requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)


@pytest.mark.parametrize("call", range(1, 14))
def test_a_node_that_dies_while_granting_leaves_one_grant_that_ends(office: Office, call: int) -> None:
    made = approved(office)
    office.aws.calls.clear()
    office.aws.dead_from = call
    run_until_dead(office)
    take_over(office)
    made.refresh_from_db()
    assert made.state == "active"
    assert office.has("410122300001", "u-sato")
    assert Hold.objects.get().thing.existed_before is False
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == set()
    assert not Lock.objects.exists()
    assert verify().whole


@pytest.mark.parametrize("call", range(1, 5))
def test_a_node_that_dies_while_ending_leaves_nothing_behind(office: Office, call: int) -> None:
    made = approved(office)
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.aws.calls.clear()
    office.aws.dead_from = call
    run_until_dead(office)
    take_over(office)
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == set()
    assert Hold.objects.get().ended_by == "seen_absent"
    assert not Lock.objects.exists()


def test_what_a_paused_node_brought_back_is_ended_by_the_second_look(office: Office) -> None:
    made = approved(office)
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    hold = Hold.objects.get()
    Step.objects.filter(hold=hold, kind="apply").update(taken_over=True)
    office.aws.assigned.add(("410122300001", hold.steps.first().params["permission_set"], "u-sato"))
    office.pass_time(timedelta(seconds=961))
    office.runner.drain()
    made.refresh_from_db()
    assert office.aws.assigned == set()
    assert made.state == "ended"


def test_what_somebody_else_made_after_the_end_is_reported_and_left(office: Office) -> None:
    made = approved(office)
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    office.aws.assigned.add(("410122300001", Hold.objects.get().steps.first().params["permission_set"], "u-sato"))
    office.pass_time(timedelta(seconds=961))
    office.runner.drain()
    assert office.has("410122300001", "u-sato")
