"""The API's page: from this server alone, under the strict policy, complete."""

from __future__ import annotations

import re

from django.test import Client

from tests.integration.conftest import Office


def test_every_operation_of_the_document_is_on_the_page(office: Office) -> None:
    page = Client().get("/api/v1/docs").content.decode()
    for path in Client().get("/api/v1/openapi.json").json()["paths"]:
        assert f">{path}<" in page


def test_every_schema_that_is_linked_is_there(office: Office) -> None:
    page = Client().get("/api/v1/docs").content.decode()
    for name in set(re.findall(r'href="#schema-(\w+)"', page)):
        assert f'id="schema-{name}"' in page


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(office: Office) -> None:
    answer = Client().get("/api/v1/docs")
    page = answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r'(?:src|href)="https?://', page)
    assert not re.search(r"<script(?![^>]*src=)", page)
