"""観察モード: everything can be read, planned and previewed; nothing reaches AWS that would change it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from kumoban.api.main import api
from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.duties import DUTIES, run_due_duties
from kumoban.desk.models import Duty, Request
from kumoban.desk.sign_in import make_token
from tests.integration.conftest import Office
from tests.integration.desk.practice import Practice, practice_desk
from tests.integration.web.visitor import signed_in

READING = ("Describe", "Get", "List", "Lookup", "AssumeRole")


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


def observe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")


def refused(attempt: Any) -> set[str]:
    with pytest.raises(Refused) as caught:
        attempt()
    return {reason.code for reason in caught.value.reasons}


def test_nobody_asks_approves_confirms_or_resumes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sato, suzuki, ops = office.actor("sato"), office.actor("suzuki"), office.actor("takahashi")
    waiting = requests.ask(sato, "temporary-access", office.form())
    digest = waiting.plan.digest if waiting.plan else ""
    observe(monkeypatch)
    attempts = (
        lambda: requests.ask(sato, "temporary-access", office.form()),
        lambda: requests.resubmit(sato, waiting.number, office.form()),
        lambda: requests.approve(suzuki, waiting.number, plan_digest=digest),
        lambda: requests.confirm_plan(sato, waiting.number, plan_digest=digest),
        lambda: requests.resume(ops, waiting.number),
    )
    assert [refused(attempt) for attempt in attempts] == [{"observe_mode"}] * len(attempts)
    assert Request.objects.count() == 1
    assert requests.withdraw(sato, waiting.number).state == "withdrawn"


def test_previews_and_rules_work_and_a_banner_says_what_this_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe(monkeypatch)
    sato = signed_in(office, "sato", "ja")
    for page in (
        "/",
        "/ask",
        "/mine",
        "/inbox",
        "/grants",
        "/rules",
        "/office",
        "/me",
        "/ledger",
        "/ask/temporary-access",
    ):
        shown = sato.get(page)
        assert shown.status_code == 200
        assert "観察モード" in shown.content.decode()
    assert "観察モード" in Client().get("/sign-in", headers={"Accept-Language": "ja"}).content.decode()
    seen = sato.post("/ask/temporary-access/preview", {**office.form(), "until": "15m"})
    assert "payments-prod" in seen.content.decode()
    assert signed_in(office, "takahashi").get("/rules/new").status_code == 200


def test_asking_says_why_nobody_can(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    observe(monkeypatch)
    answer = signed_in(office, "sato").post("/ask/temporary-access", office.form())
    assert "only observes" in answer.content.decode()


def test_through_the_whole_api_nothing_reaches_aws_that_would_change_it(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = desk.granted("sato")
    waiting = desk.ask("ren")
    approved = requests.approve(
        desk.actor("suzuki"), desk.ask("ren").number, plan_digest=Request.objects.latest("id").plan.digest
    )
    observe(monkeypatch)
    assumed_before = _operator_sessions(desk)
    desk.aws.admin.clear_calls()
    numbers = [one.number for one in (active, waiting, approved)]
    for name in ("sato", "suzuki", "takahashi"):
        _use_everything(desk, name, numbers)
    clock.advance(timedelta(hours=5), actor="test")  # the grant's end is long overdue
    desk.runner.drain(5)
    Duty.objects.all().delete()
    for long in (False, True):
        for _ in DUTIES:
            run_due_duties("node-test", long=long)
    called = {line["operation"] for line in desk.aws.admin.calls()["calls"]}
    assert called
    assert [operation for operation in called if not operation.startswith(READING)] == []
    assert _operator_sessions(desk) == assumed_before


def _operator_sessions(desk: Practice) -> int:
    return sum(event.name == "AssumeRole" and "KumobanOperator" in event.text for event in desk.aws.engine.trail)


def _use_everything(desk: Practice, name: str, numbers: list[str]) -> None:
    """Every operation that the API describes, on every request there is."""
    token = make_token(desk.actor(name).user, "test", ["read", "ask", "approve", "rules"])
    client, headers = Client(), {"Authorization": f"Bearer {token}"}
    body = {
        "routine": "temporary-access",
        "form": {},
        "comment": "理由",
        "plan": "",
        "text": "x",
        "assignee": "takahashi",
    }
    for number in numbers:
        plan = Request.objects.get(number=number).plan
        body["plan"] = plan.digest if plan else ""
        for path, item in api.get_openapi_schema()["paths"].items():
            address = (
                path.replace("{number}", number).replace("{name}", "temporary-access").replace("{source}", "kinds")
            )
            for method in item:
                if method in ("get", "post", "put", "delete") and "{" not in address:
                    answer = getattr(client, method)(
                        address, body if method != "get" else None, **_json(method), headers=headers
                    )
                    assert answer.status_code < 500, (method, address, answer.content)


def _json(method: str) -> dict[str, str]:
    return {} if method == "get" else {"content_type": "application/json"}
