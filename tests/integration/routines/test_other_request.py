"""その他の依頼 from asking to done: triaged, assigned, worked, closed, with lead time and minutes."""

from __future__ import annotations

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Request, WorkEntry
from kumoban.estate.models import Person
from tests.integration.conftest import Office

FORM = {"subject": "DNSの相談", "what": "どのゾーンに置くべきか相談したい"}


@pytest.fixture
def asked(office: Office) -> Request:
    return requests.ask(office.actor("kim"), "other-request", FORM)


def test_anyone_may_ask_and_it_is_in_work_at_once_with_a_target_in_business_time(asked: Request) -> None:
    assert asked.state == "applying"
    assert asked.target_at is not None
    assert asked.target_at > asked.created_at


def test_ops_takes_works_and_closes_it(office: Office, asked: Request) -> None:
    ops = office.actor("takahashi")
    requests.assign(ops, asked.number, assignee=ops.person.id)
    requests.work(
        ops, asked.number, text="公開ゾーンを案内しました", evidence="https://wiki.example.jp/dns", minutes=25
    )
    requests.close_manual(ops, asked.number)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert asked.assignee == Person.objects.get(user_name="takahashi")
    assert asked.closed_at is not None
    assert sum(entry.minutes for entry in WorkEntry.objects.all()) == 25


def test_it_is_handed_to_members_of_the_operations_team_only(office: Office, asked: Request) -> None:
    with pytest.raises(Refused) as refusal:
        requests.assign(office.actor("takahashi"), asked.number, assignee="sato")
    assert refusal.value.reasons[0].code == "not_in_operations"
    requests.assign(office.actor("takahashi"), asked.number, assignee="takahashi")
    asked.refresh_from_db()
    assert asked.assignee == Person.objects.get(user_name="takahashi")


def test_it_is_not_closed_before_anything_was_done(office: Office, asked: Request) -> None:
    with pytest.raises(Refused) as refusal:
        requests.close_manual(office.actor("takahashi"), asked.number)
    assert refusal.value.reasons[0].code == "nothing_worked_yet"


@pytest.mark.parametrize("who", ["kim", "suzuki"])
def test_only_ops_works_on_it(office: Office, asked: Request, who: str) -> None:
    for act in (
        lambda actor: requests.assign(actor, asked.number, assignee=actor.person.id),
        lambda actor: requests.work(actor, asked.number, text="やりました"),
        lambda actor: requests.close_manual(actor, asked.number),
    ):
        with pytest.raises(Refused) as refusal:
            act(office.actor(who))
        assert refusal.value.reasons[0].code == "ops_only"


def test_the_asker_takes_it_back_and_nobody_can_close_it_any_more(office: Office, asked: Request) -> None:
    requests.withdraw(office.actor("kim"), asked.number)
    asked.refresh_from_db()
    assert asked.state == "undone"
    with pytest.raises(Refused):
        requests.close_manual(office.actor("takahashi"), asked.number)


def test_it_is_seen_by_asker_assignee_and_ops_only(office: Office, asked: Request) -> None:
    sees = {who for who in ("kim", "takahashi", "sato") if rules.visible(office.actor(who)).exists()}
    assert sees == {"kim", "takahashi"}
