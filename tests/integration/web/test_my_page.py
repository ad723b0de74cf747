"""One's own settings: language, zone, absences, tokens."""

from __future__ import annotations

import re

from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import Absence, Token, User
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def test_the_chosen_language_is_the_one_the_pages_speak(office: Office) -> None:
    client = signed_in(office, "sato", "ja")
    client.post("/me", {"form": "settings", "language": "en", "zone": ""})
    assert '<html lang="en">' in client.get("/").content.decode()
    client.get("/language/ja")
    assert '<html lang="ja">' in client.get("/").content.decode()
    assert User.objects.get(person_id="u-sato").language == "ja"


def test_times_are_shown_in_the_chosen_zone(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    client = signed_in(office, "sato")
    type(made).objects.filter(pk=made.pk).update(created_at="2026-06-01T00:30:00Z")
    assert "Mon 1 Jun 09:30" in client.get(f"/requests/{made.number}").content.decode()
    client.post("/me", {"form": "settings", "language": "en", "zone": "America/New_York"})
    assert "Sun 31 May 20:30" in client.get(f"/requests/{made.number}").content.decode()


def test_a_zone_that_does_not_exist_is_shown_again(office: Office) -> None:
    answer = signed_in(office, "sato").post("/me", {"form": "settings", "zone": "Asia/Edo"})
    assert answer.status_code == 422
    assert 'value="Asia/Edo"' in answer.content.decode()
    assert User.objects.get(person_id="u-sato").zone == ""


def absence(**changed: str) -> dict[str, str]:
    return {
        "form": "absences",
        "delegate": "kim",
        "starts_at": "2999-01-01T00:00",
        "ends_at": "2999-01-05T00:00",
        **changed,
    }


def test_an_absence_is_added_and_taken_back(office: Office) -> None:
    client = signed_in(office, "tanaka")
    assert client.post("/me", absence()).status_code == 302
    assert "Daniel Kim" in client.get("/me").content.decode()
    client.post(f"/me/absences/{Absence.objects.get().pk}/cancel")
    assert not Absence.objects.exists()
    assert Entry.objects.filter(kind="absence.cancelled").exists()


def test_an_absence_without_a_delegate_that_exists_is_shown_again(office: Office) -> None:
    answer = signed_in(office, "tanaka").post("/me", absence(delegate="nobody"))
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.content.decode()
    assert 'value="2999-01-01T00:00"' in answer.content.decode()


def test_a_token_is_shown_once_and_works(office: Office) -> None:
    client = signed_in(office, "sato")
    page = client.post("/me", {"form": "tokens", "name": "ci", "scopes": ["read"], "days": "7"}).content.decode()
    secret = re.search(r"kmb_[\w-]+", page)
    assert secret is not None
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret[0]}"})
    assert answer.json()["person"] == "sato"
    assert secret[0] not in client.get("/me").content.decode()
    assert Entry.objects.filter(kind="token.made", actor="u-sato").exists()


def test_a_token_without_a_scope_is_refused(office: Office) -> None:
    answer = signed_in(office, "sato").post("/me", {"form": "tokens", "name": "ci"})
    assert answer.status_code == 422
    assert not Token.objects.exists()


def test_a_token_is_revoked_by_its_owner_only(office: Office) -> None:
    client = signed_in(office, "sato")
    client.post("/me", {"form": "tokens", "name": "ci", "scopes": ["read"]})
    token = Token.objects.get()
    signed_in(office, "kim").post(f"/me/tokens/{token.pk}/revoke")
    token.refresh_from_db()
    assert token.revoked_at is None
    client.post(f"/me/tokens/{token.pk}/revoke")
    token.refresh_from_db()
    assert token.revoked_at is not None
