"""How often the database is asked for a page: as often for many rows as for a few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.desk import register, requests, shift_notes
from kumoban.estate.models import Account
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def fill(office: Office, first: int, last: int) -> None:
    ops, now = office.actor("takahashi"), database_now().replace(microsecond=0)
    for n in range(first, last):
        pk = f"5{n:011}"
        Account.objects.create(
            id=pk, name=f"a-{n:03}", email="a@example.jp", status="ACTIVE", team="payments", seen_at=now
        )
        register.change(ops, pk, {"owner": "sato", "deputy": "ren", "confirmed_on": "2020-01-01"}, version=0)
        start = now + timedelta(minutes=10 + n)
        form = office.form(start=start.isoformat(), until=(start + timedelta(hours=1)).isoformat())
        requests.ask(office.actor("sato"), "temporary-access", form)
        requests.ask(office.actor("ren"), "other-request", {"subject": f"依頼 {n}", "what": "お願いします。"})
        shift_notes.leave(ops, f"申し送り {n}")
    register.ask_owners()


@pytest.mark.parametrize("path", ["/accounts", "/today", "/calendar", "/accounts/export.csv"])
def test_a_page_of_many_rows_asks_no_more_often(office: Office, path: str) -> None:
    client = signed_in(office, "takahashi")
    counts = []
    for first, last in ((0, 2), (2, 10)):
        fill(office, first, last)
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.get(path)
            list(answer.streaming_content) if answer.streaming else None  # type: ignore[attr-defined]
        counts.append(len(asked))
    assert counts[1] <= counts[0], counts
    assert counts[1] < 40


def test_home_asks_no_more_often_for_more_to_confirm(office: Office) -> None:
    client = signed_in(office, "sato")
    counts = []
    for first, last in ((0, 2), (2, 8)):
        fill(office, first, last)
        client.get("/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/")
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1, counts
