"""An emergency on pages: asked for with one tick, shown as what it is, approved afterwards from the inbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from standardwebhooks import Webhook

from kumoban.desk.models import ExtraField, Request, Rule
from tests.integration.conftest import Office
from tests.integration.desk.test_afterwards import emergency_rule
from tests.integration.desk.test_decisions_elsewhere import SECRET, ask, rule
from tests.integration.web.test_pages import filled
from tests.integration.web.visitor import signed_in


@pytest.fixture
def granted(office: Office) -> Request:
    emergency_rule()
    client = signed_in(office, "sato", "ja")
    made = client.post("/ask/temporary-access", filled(emergency="1"))
    office.runner.drain()
    return Request.objects.get(number=made["Location"].rsplit("/", 1)[1])


def test_the_tick_is_there_only_for_whom_a_rule_is_made(office: Office) -> None:
    client = signed_in(office, "sato")
    assert 'name="emergency"' not in client.get("/ask/temporary-access").content.decode()
    emergency_rule()
    assert 'name="emergency"' in client.get("/ask/temporary-access").content.decode()
    assert 'name="emergency"' not in signed_in(office, "takahashi").get("/ask/temporary-access").content.decode()


def test_the_preview_says_that_it_is_approved_afterwards(office: Office) -> None:
    emergency_rule()
    client = signed_in(office, "sato")
    shown = client.post("/ask/temporary-access/preview", filled(emergency="1"), HTTP_HX_REQUEST="true")
    assert "approved within 2 business days" in shown.content.decode()


def test_its_page_and_the_lists_say_that_approval_is_due(office: Office, granted: Request) -> None:
    client = signed_in(office, "sato", "ja")
    assert "事後承認が必要です" in client.get(f"/requests/{granted.number}").content.decode()
    assert "事後承認待ち" in client.get("/mine").content.decode()
    assert "緊急は事後" in client.get("/rules").content.decode()


def test_it_is_approved_afterwards_from_the_inbox(office: Office, granted: Request) -> None:
    client = signed_in(office, "suzuki", "ja")
    page = client.get("/inbox").content.decode()
    assert "事後承認する" in page
    assert "差戻し" not in page.split("<main", 1)[1]
    client.post(f"/requests/{granted.number}/approve", {"digest": granted.plan.digest})
    granted.refresh_from_db()
    assert granted.ratification == "ratified"
    assert "事後承認済み" in client.get(f"/requests/{granted.number}").content.decode()


def test_a_rule_is_made_for_emergencies_and_for_another_system_on_its_page(office: Office, settings: object) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": SECRET}  # type: ignore[attr-defined]
    ExtraField.objects.create(routine="temporary-access", key="ringi", label_ja="決裁番号", label_en="Decision number")
    client = signed_in(office, "takahashi")
    page = client.get("/rules/new?template=emergency").content.decode()
    assert 'name="afterwards_days" inputmode="numeric" value="2"' in page
    given = {
        "name": "緊急",
        "routine": "temporary-access",
        "effect": "allow",
        "groups": ["g-pay"],
        "dimension.account": ["own-team"],
        "dimension.environment": "prod",
        "dimension.permission_set": ["*"],
        "max_minutes": "60",
        "afterwards_days": "3",
        "fields": ["ringi"],
        "manager": "on",
        "approver.manager.via": "x-point",
        "approver.0.group": "g-ops",
        "approver.0.concurrence": "on",
        "enabled": "on",
    }
    made = client.post("/rules/new", given)
    assert made.status_code == 302, made.content.decode()
    saved = Rule.objects.get(name="緊急")
    assert saved.limits == {"max_minutes": 60, "afterwards_days": 3}
    assert saved.fields == ["ringi"]
    assert saved.approvers == [
        {"manager": True, "count": 1, "via": "x-point"},
        {"group": "g-ops", "count": 1, "concurrence": True},
    ]
    again = client.get(f"/rules/{saved.pk}").content.decode()
    assert '<option value="x-point" selected>' in again
    assert "Concurrence: ops" in client.get("/rules").content.decode()


def test_the_number_of_a_decision_leads_to_where_it_was_taken(office: Office) -> None:
    ExtraField.objects.create(
        routine="temporary-access",
        key="ringi",
        label_ja="決裁番号",
        label_en="Decision number",
        link="https://ringi.example.jp/?no={value}",
    )
    made = ask(office, extra={"ringi": "K-2026/11"})
    page = signed_in(office, "sato").get(f"/requests/{made.number}").content.decode()
    assert 'href="https://ringi.example.jp/?no=K-2026%2F11"' in page


def test_a_signed_call_decides_through_the_api_without_a_token(office: Office, settings: object) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": SECRET}  # type: ignore[attr-defined]
    rule(approvers=[{"group": "g-leads", "via": "x-point"}])
    made = ask(office)
    said = {"request": made.number, "plan": made.plan.digest, "person": "u-suzuki", "decision": "approve"}
    body, now = json.dumps(said), datetime.now(UTC)
    signed = {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": str(int(now.timestamp())),
        "HTTP_WEBHOOK_SIGNATURE": Webhook(SECRET).sign("msg_1", now, body),
    }
    path = "/api/v1/outside/x-point/decisions"
    unsigned = Client().post(path, body, content_type="application/json")
    assert (unsigned.status_code, unsigned.json()["title"]) == (401, "signature_not_valid")
    answer = Client().post(path, body, content_type="application/json", **signed)
    assert answer.json() == {"number": made.number, "state": "approved", "ratification": ""}
    assert "x-point" in signed_in(office, "sato").get(f"/requests/{made.number}").content.decode()
