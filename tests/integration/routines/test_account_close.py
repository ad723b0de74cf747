"""Closing an account: people say that it is empty, then it is closed once; what is in use is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        management = opened.aws.engine.world.organization.management
        monkeypatch.setattr(settings, "KUMOBAN_MANAGEMENT_ROLE", f"arn:aws:iam::{management}:role/KumobanManagement")
        yield opened


def ask(desk: Practice, name: str = "payments-data-prod", **changed: object) -> Request:
    form = {"account": desk.account(name), "name": name, "reason": "移行が終わり、データは payments-prod に移した"}
    return requests.ask(desk.actor("takahashi"), "account-close", {**form, **changed})


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_it_is_closed_only_after_somebody_said_that_it_is_empty(desk: Practice) -> None:
    request = ask(desk)
    desk.approve(request, "kim")
    desk.later(request)
    account = desk.aws.engine.world.organization.accounts[desk.account("payments-data-prod")]
    assert (request.state, account.status) == ("applying", "ACTIVE")
    requests.work(desk.actor("takahashi"), request.number, text="リソースなしを確認した", evidence="チケット 123")
    requests.close_manual(desk.actor("takahashi"), request.number)
    desk.until(request, "done")
    assert account.status in ("PENDING_CLOSURE", "SUSPENDED")
    assert desk.aws.admin.count("organizations", "CloseAccount", "ok") == 1


def test_an_account_that_somebody_uses_or_that_must_stay_is_not_closed(desk: Practice) -> None:
    desk.granted("sato")
    with pytest.raises(Refused) as refused:
        ask(desk, "payments-prod")
    assert codes(refused) == {"access_there"}
    with pytest.raises(Refused) as refused:
        ask(desk, "example-management")
    assert codes(refused) == {"never_closed"}
    with pytest.raises(Refused) as refused:
        ask(desk, "payments-data-prod", account=desk.account("audit"))
    assert codes(refused) == {"other_name"}


def test_access_granted_after_the_approval_stops_it(desk: Practice) -> None:
    request = ask(desk)
    desk.approve(request, "kim")
    desk.granted("sato", accounts=("payments-data-prod",))
    requests.work(desk.actor("takahashi"), request.number, text="リソースなしを確認した")
    requests.close_manual(desk.actor("takahashi"), request.number)
    desk.until(request, "failed")
    assert desk.aws.admin.count("organizations", "CloseAccount", "ok") == 0
