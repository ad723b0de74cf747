"""The OpenAPI document: whole, and honest about what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.test import Client

from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def described() -> dict[str, Any]:
    document: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (operation for method, operation in item.items() if method != "parameters")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_operation_says_how_it_refuses(office: Office) -> None:
    for operation in operations(described()):
        assert {"401", "403", "404", "409", "422"} <= operation["responses"].keys(), operation["operationId"]


def test_every_reference_leads_somewhere(office: Office) -> None:
    document = described()
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_operation_ids_are_unique_and_every_operation_has_a_summary(office: Office) -> None:
    all_of_them = list(operations(described()))
    assert len({operation["operationId"] for operation in all_of_them}) == len(all_of_them)
    assert all(operation["summary"] for operation in all_of_them)


def test_what_is_no_json_and_what_has_no_token_are_problems_too(office: Office) -> None:
    caller = Caller(office, "sato")
    broken = caller.client.post("/api/v1/requests", "{", content_type="application/json", headers=caller.headers)
    for answer, status in ((broken, 400), (Client().get("/api/v1/me"), 401), (caller.post("requests", {}), 422)):
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"][0]["detail"]
