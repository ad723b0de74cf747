"""Oneself through the API: preferences, absences, tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.desk.models import Absence, Token, User
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def test_language_and_zone_are_ones_own(office: Office) -> None:
    assert Caller(office, "sato").put("me", {"language": "en", "zone": "Europe/Berlin"}).status_code == 200
    user = User.objects.get(person_id="u-sato")
    assert (user.language, user.zone) == ("en", "Europe/Berlin")
    assert Caller(office, "sato").get("me").json()["zone"] == "Europe/Berlin"


@pytest.mark.parametrize("wrong", [{"zone": "Asia/Edo"}, {"language": "fr"}])
def test_a_zone_or_language_that_does_not_exist_is_refused(office: Office, wrong: dict[str, str]) -> None:
    assert Caller(office, "sato").put("me", wrong).status_code == 422


def away(days: int = 0) -> dict[str, str]:
    start = database_now() + timedelta(days=days, seconds=-1)
    return {
        "delegate": "kim",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(days=2)).isoformat(),
    }


def test_an_absence_is_set_listed_and_cancelled(office: Office) -> None:
    caller = Caller(office, "tanaka")
    made = caller.post("absences", away()).json()
    assert [one["delegate"] for one in caller.get("absences").json()] == ["kim"]
    assert caller.delete(f"absences/{made['id']}").status_code == 204
    assert Absence.objects.get().ends_at <= database_now()
    assert Entry.objects.filter(kind="absence.cancelled", actor="u-tanaka").exists()


def test_somebody_elses_absence_is_not_found(office: Office) -> None:
    made = Caller(office, "tanaka").post("absences", away()).json()
    assert Caller(office, "kim").delete(f"absences/{made['id']}").status_code == 404
    assert Absence.objects.get().ends_at > database_now()


def test_a_token_makes_a_token_with_no_more_scopes_than_its_own(office: Office) -> None:
    caller = Caller(office, "sato", "read", "ask")
    made = caller.post("tokens", {"name": "ci", "scopes": ["read"], "days": 30})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("kmb_")
    refused = caller.post("tokens", {"name": "more", "scopes": ["read", "approve"]})
    assert refused.status_code == 403
    assert Token.objects.count() == 2


def test_a_token_made_by_a_token_lives_no_longer(office: Office) -> None:
    caller = Caller(office, "sato", "read")
    Token.objects.update(expires_at=database_now() + timedelta(days=1))
    caller.post("tokens", {"name": "longer", "scopes": ["read"], "days": 365})
    assert Token.objects.latest("id").expires_at == Token.objects.earliest("id").expires_at


def test_a_list_of_tokens_never_shows_a_secret(office: Office) -> None:
    answer = Caller(office, "sato").get("tokens")
    assert [one["name"] for one in answer.json()] == ["test"]
    assert "secret" not in answer.content.decode()
    assert Token.objects.get().digest not in answer.content.decode()


def test_a_revoked_token_opens_nothing(office: Office) -> None:
    caller, other = Caller(office, "sato"), Caller(office, "sato")
    assert other.delete(f"tokens/{Token.objects.latest('id').pk}").status_code == 204
    assert other.get("me").status_code == 401
    assert caller.get("me").status_code == 200
    assert Entry.objects.filter(kind="token.revoked", actor="u-sato").exists()


def test_a_token_revokes_no_sister(office: Office) -> None:
    Caller(office, "sato")
    sister = Token.objects.latest("id").pk
    assert Caller(office, "sato").delete(f"tokens/{sister}").status_code == 404
    assert Token.objects.get(pk=sister).revoked_at is None


def test_what_a_token_made_goes_with_it(office: Office) -> None:
    caller = Caller(office, "sato")
    parent = Token.objects.latest("id").pk
    child = caller.post("tokens", {"name": "child", "scopes": ["read"], "days": 1}).json()["secret"]
    assert caller.client.get("/api/v1/me", headers={"Authorization": f"Bearer {child}"}).status_code == 200
    caller.delete(f"tokens/{parent}")
    assert caller.client.get("/api/v1/me", headers={"Authorization": f"Bearer {child}"}).status_code == 401


def test_a_token_that_only_reads_makes_no_token(office: Office) -> None:
    caller = Caller(office, "sato", "read")
    assert caller.post("tokens", {"name": "sister", "scopes": ["read"], "days": 1}).status_code == 403


def test_nobody_revokes_somebody_elses_token(office: Office) -> None:
    Caller(office, "kim")
    assert Caller(office, "sato").delete(f"tokens/{Token.objects.earliest('id').pk}").status_code == 404
    assert not Token.objects.exclude(revoked_at=None).exists()


def test_a_token_remembers_when_it_was_last_used(office: Office) -> None:
    caller = Caller(office, "sato")
    assert Token.objects.get().last_used_at is None
    caller.get("me")
    used = Token.objects.get().last_used_at
    assert used is not None
    caller.get("me")
    assert Token.objects.get().last_used_at == used
