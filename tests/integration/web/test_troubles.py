"""Where there is no page, there is one that says so and what to do next; odd addresses break nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from kumoban.web import lists, troubles
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


@pytest.mark.parametrize(("language", "title"), [("ja", "このページはありません"), ("en", "There is no such page")])
def test_an_unknown_address_has_a_page(office: Office, language: str, title: str) -> None:
    for visitor in (signed_in(office, "sato", language), Client(headers={"accept-language": language})):
        answer = visitor.get("/no/such/page")
        page = answer.content.decode()
        assert answer.status_code == 404
        assert f"<h1>{title}</h1>" in page
        assert 'href="/"' in page


def test_a_form_without_its_proof_is_answered_by_a_page(office: Office) -> None:
    visitor = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    visitor.force_login(office.actor("sato").user)
    answer = visitor.post("/ask/temporary-access", {})
    assert answer.status_code == 403
    assert "<h1>This form is no longer valid</h1>" in answer.content.decode()


@pytest.mark.parametrize(("language", "title"), [("ja", "失敗しました"), ("en", "Something failed here")])
def test_a_failure_is_told_without_the_database(language: str, title: str) -> None:
    request = RequestFactory().get("/", headers={"accept-language": language})
    answer = troubles.server_error(request)  # a test without the database: any query would fail
    assert answer.status_code == 500
    assert title in answer.content.decode()


ODD = ("%C2%B2", "%D9%A3", "9" * 19, "9" * 5000, "-1", "1e3")


@pytest.mark.parametrize("page", ["/mine", "/ledger"])
@pytest.mark.parametrize("before", ODD)
def test_no_odd_number_breaks_a_list(office: Office, page: str, before: str) -> None:
    assert signed_in(office, "takahashi").get(f"{page}?before={before}").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/requests/%00",
        "/ledger?subject=%00",
        "/mine?q=a%00b",
        "/grants?q=%00",
        "/rules/explain?person=%00",
        "/ask/temporary-access?like=%00",
        "/mine?%00=1",
    ],
)
def test_an_address_with_nul_is_answered(office: Office, address: str) -> None:
    answer = signed_in(office, "takahashi").get(address)
    assert answer.status_code == 400
    assert "<h1>This could not be read</h1>" in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/office", {"form": "freezes", "reason": "a\0b"}),
        ("/me", {"form": "token", "name": "\0"}),
        ("/requests/R-1/approve", {"digest": "\0"}),
        ("/ask/temporary-access", {"reason\0": "x"}),
    ],
)
def test_a_form_with_nul_is_answered(office: Office, address: str, form: dict[str, str]) -> None:
    before = len(connection.queries)
    assert signed_in(office, "takahashi").post(address, form).status_code == 400
    assert len(connection.queries) == before


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_very_long_address_is_answered(office: Office, verb: str) -> None:
    visitor = signed_in(office, "sato")
    answer = getattr(visitor, verb)(f"/requests/{'R' * 9000}/approve")
    assert answer.status_code in (302, 404, 409)


@pytest.mark.parametrize("address", ["/rules/{n}", "/rules/{n}/history", "/requests/R-{n}", "/requests/R-{n}/plans"])
@pytest.mark.parametrize("digits", [20, 400])
def test_a_number_larger_than_any_is_not_found(office: Office, address: str, digits: int) -> None:
    assert signed_in(office, "takahashi").get(address.format(n="9" * digits)).status_code == 404


@pytest.mark.parametrize("half", ["\ud800", "a\udfffb"])
def test_half_a_character_is_answered(office: Office, half: str) -> None:
    request = RequestFactory().get("/mine")
    request.user = office.actor("sato").user
    request.session = {}  # type: ignore[assignment]
    request.GET = request.GET.copy()
    request.GET["q"] = half
    assert lists.mine(request).status_code == 400
