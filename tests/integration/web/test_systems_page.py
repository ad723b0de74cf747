"""The page of the systems outside: a token is made, shown once, and revoked."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban.desk.models import Token
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


@pytest.fixture
def declared(office: Office, settings: Any) -> Office:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    return office


def test_a_token_is_made_shown_once_and_revoked(declared: Office) -> None:
    visitor = signed_in(declared, "takahashi")
    assert "kmb_" in visitor.post("/office/systems", {"system": "x-point", "days": ""}).content.decode()
    again = visitor.get("/office/systems").content.decode()
    assert "kmb_" not in again
    assert "x-point" in again
    token = Token.objects.get(user__machine=True)
    visitor.post(f"/office/systems/tokens/{token.pk}/revoke")
    assert "No system has a token." in visitor.get("/office/systems").content.decode()


def test_what_is_not_understood_stands_at_its_field(declared: Office) -> None:
    answer = signed_in(declared, "takahashi").post("/office/systems", {"system": "x-point", "days": "1000"})
    assert answer.status_code == 422
    assert "At most 365." in answer.content.decode()
    assert not Token.objects.filter(user__machine=True).exists()


def test_only_the_operations_team_sees_it(declared: Office) -> None:
    assert signed_in(declared, "sato").get("/office/systems").status_code == 409
    assert "/office/systems" not in signed_in(declared, "sato").get("/office").content.decode()
