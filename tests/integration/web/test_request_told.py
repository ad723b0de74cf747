"""What a request's page tells: its real end, freezes, who stands in, what was corrected."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone, translation

from kumoban.core.reason import Reason
from kumoban.desk import requests
from kumoban.desk.models import Absence, FreezePeriod, Hold, Request
from kumoban.ledger.clock import database_now
from kumoban.web.templatetags import kumoban as shown
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def ask(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


def page_of(client: Client, made: Request) -> str:
    return client.get(f"/requests/{made.number}").content.decode()


def local(at: datetime) -> str:
    """As the page says it in English."""
    with timezone.override(ZoneInfo("Asia/Tokyo")), translation.override("en"):
        return shown.local(at)


def section(page: str, title: str) -> str:
    start = page.index(f"<h2>{title}</h2>")
    return page[start : page.index("</section>", start)]


def ended(office: Office, *, early: timedelta) -> Request:
    """Ended that long before its planned end."""
    made = ask(office, workers=["u-sato"])
    requests.approve(office.actor("suzuki"), made.number, plan_digest=str(made.plan and made.plan.digest))
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    hold = Hold.objects.filter(request=made).order_by("-ended_at")[0]
    assert hold.ended_at
    Request.objects.filter(pk=made.pk).update(ends_at=hold.ended_at + early)
    made.refresh_from_db()
    assert made.state == "ended"
    return made


def test_a_sentence_says_its_instants_in_the_readers_zone() -> None:
    until = "2026-11-27T15:00:00+00:00"
    with timezone.override(ZoneInfo("Asia/Tokyo")), translation.override("ja"):
        told = shown.said(Reason("frozen", {"freeze": "年末", "until": until}))
        assert shown.local(datetime.fromisoformat(until)) in told
    assert "T15:00" not in told
    never = "2026-99-99T00:00:00Z"
    assert never in shown.said(Reason("frozen", {"freeze": never, "until": "soon"}))


def test_after_an_early_end_every_part_says_the_real_end(office: Office) -> None:
    made = ended(office, early=timedelta(minutes=30))
    real = Hold.objects.filter(request=made).order_by("-ended_at")[0].ended_at
    assert real
    assert made.ends_at
    page = page_of(signed_in(office, "sato"), made)
    plan, asked = section(page, "Plan: what changes"), section(page, "What was asked")
    assert f"{local(real)}</time>" in plan
    assert re.search(rf"<s><time[^>]*>{re.escape(local(made.ends_at))}</time></s>", plan)
    assert "work until <time" in plan
    assert local(real + timedelta(hours=1)) in plan
    assert local(made.ends_at + timedelta(hours=1)) not in page
    assert "as planned" in asked
    assert local(real) in asked
    track = page[page.index('<ol class="track">') : page.index("</ol>")]
    assert local(made.ends_at) not in track


def test_an_end_as_planned_strikes_nothing(office: Office) -> None:
    page = page_of(signed_in(office, "sato"), ended(office, early=timedelta(seconds=5)))
    assert "<s>" not in page
    assert "as planned" not in page


def freeze(**changed: object) -> FreezePeriod:
    now = database_now()
    values = {"reason": "年末年始の凍結", "starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=2)}
    return FreezePeriod.objects.create(**{**values, **changed})


@pytest.mark.parametrize("address", ["/inbox", "/requests/{number}"])
@pytest.mark.parametrize(
    ("group", "told"), [("g-ops", "an exception approver is needed"), ("", "Nothing may start during the freeze")]
)
def test_the_approver_sees_a_freeze_before_deciding(office: Office, address: str, group: str, told: str) -> None:
    made = ask(office)
    visitor = signed_in(office, "suzuki")
    assert told not in visitor.get(address.format(number=made.number)).content.decode()
    freeze(exception_group=group)
    page = visitor.get(address.format(number=made.number)).content.decode()
    assert page.index(told) < page.index("Approve this plan")
    assert "T00:" not in page[page.index(told) : page.index(told) + 200]


def test_the_preview_says_that_an_exception_is_needed(office: Office) -> None:
    freeze(exception_group="g-ops")
    form = {**office.form(), "workers": ["u-sato"]}
    answer = signed_in(office, "sato").post("/ask/temporary-access/preview", form, headers={"hx-request": "true"})
    assert "an exception approver is needed" in answer.content.decode()


def away(person: str, delegate: str) -> None:
    now = database_now()
    Absence.objects.create(
        person_id=f"u-{person}",
        delegate_id=f"u-{delegate}",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=8),
    )


def test_who_stands_in_is_told_beside_who_is_away(office: Office) -> None:
    made, visitor = ask(office), signed_in(office, "sato")
    assert "Delegate:" not in page_of(visitor, made)
    away("suzuki", "kim")
    away("tanaka", "sato")  # who asked stands in for nobody here
    page = page_of(visitor, made)
    assert "Delegate: Daniel Kim (for 鈴木 花子)" in page
    assert "Delegate: 佐藤" not in page
    form = {**office.form(), "workers": ["u-sato"]}
    preview = visitor.post("/ask/temporary-access/preview", form, headers={"hx-request": "true"}).content.decode()
    assert "Delegate: Daniel Kim (for 鈴木 花子)" in preview
    assert "Delegate: 佐藤" not in preview


def test_a_returned_request_says_until_when_and_its_correction_is_told(office: Office) -> None:
    made, visitor = ask(office), signed_in(office, "sato")
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="理由を詳しく")
    made.refresh_from_db()
    assert made.lapses_at
    page = page_of(visitor, made)
    assert "It can be corrected and asked again until <time" in page
    assert local(made.lapses_at) in page
    assert "corrected it and asked again" not in page
    requests.resubmit(office.actor("sato"), made.number, office.form(reason="決済エラーの調査(障害番号 42)"))
    assert "<b>佐藤 美咲</b> corrected it and asked again" in page_of(visitor, made)
