"""Who has access: each line with its path; one query for a page, whatever the organisation's size."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.desk import requests
from kumoban.desk.access import access_csv, counted, who_has_access
from kumoban.estate.access import Wanted
from kumoban.estate.models import Account, Assignment, Group, Membership, PermissionSet, Person, searchable
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import ARN, Office
from tests.integration.web.visitor import signed_in

PROD, DATA = "410122300001", "410122300002"


def assigned(principal: str, account: str = PROD, kind: str = "USER") -> Assignment:
    return Assignment.objects.create(
        principal_type=kind,
        principal_id=principal,
        account_id=account,
        permission_set_arn=ARN,
        seen_at=database_now(),
    )


def lines(office: Office, name: str = "takahashi", **wanted: str) -> set[tuple[str, str, str]]:
    """(user name, account, group)"""
    found = who_has_access(office.actor(name), Wanted(**wanted)).rows
    return {(row.line.user_name, row.line.account, row.line.group) for row in found}


@pytest.fixture
def estate(office: Office) -> Office:
    """sato directly and through her team; kim in an account of nobody's."""
    Account.objects.create(
        id="410122300077",
        name="sandbox",
        email="s@example.jp",
        status="ACTIVE",
        environment="dev",
        seen_at=database_now(),
    )
    for account in Account.objects.all():
        Account.objects.filter(pk=account.pk).update(search=searchable(account.id, account.name))
    for person in Person.objects.all():
        Person.objects.filter(pk=person.pk).update(search=searchable(person.user_name, person.display_name))
    assigned("u-sato")
    assigned("g-pay", DATA, "GROUP")
    assigned("u-kim", "410122300077")
    return office


def test_each_line_has_its_path(estate: Office) -> None:
    assert lines(estate) == {
        ("sato", "payments-prod", ""),
        ("sato", "payments-data-prod", "team-payments"),
        ("ren", "payments-data-prod", "team-payments"),
        ("suzuki", "payments-data-prod", "team-payments"),
        ("kim", "sandbox", ""),
    }


def test_a_team_sees_its_accounts_and_everybody_themselves(estate: Office) -> None:
    assert ("kim", "sandbox", "") not in lines(estate, "sato")
    assert ("suzuki", "payments-data-prod", "team-payments") in lines(estate, "sato")
    assert lines(estate, "tanaka") == lines(estate, "sato")  # a lead who is no member
    assert lines(estate, "kim") == {("kim", "sandbox", "")}


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"text": "ＳＡＴＯ"}, {"payments-prod", "payments-data-prod"}),
        ({"text": "美咲"}, {"payments-prod", "payments-data-prod"}),
        ({"text": "sandbox"}, {"sandbox"}),
        ({"text": "100%"}, set()),
        ({"text": "_"}, set()),
        ({"person": "sato", "path": "direct"}, {"payments-prod"}),
        ({"path": "group"}, {"payments-data-prod"}),
        ({"account": "payments-prod"}, {"payments-prod"}),
        ({"account": DATA}, {"payments-data-prod"}),
        ({"environment": "dev"}, {"sandbox"}),
        ({"permission_set": "ProdReadOnly", "environment": "dev"}, {"sandbox"}),
        ({"person": "nobody"}, set()),
    ],
)
def test_lines_are_narrowed_down(estate: Office, wanted: dict[str, str], there: set[str]) -> None:
    assert {account for _person, account, _group in lines(estate, **wanted)} == there


def test_what_is_gone_is_no_access_and_a_leftover_of_somebody_gone_is_told(estate: Office) -> None:
    Membership.objects.filter(person_id="u-ren").update(absent_since=database_now())
    Assignment.objects.filter(principal_id="u-kim").update(absent_since=database_now())
    assigned("u-deleted-long-ago")
    Person.objects.filter(pk="u-sato").update(enabled=False)
    found = {(row.line.person, row.line.usable) for row in who_has_access(estate.actor("takahashi"), Wanted()).rows}
    assert found == {("佐藤 美咲", False), ("鈴木 花子", True), ("u-deleted-long-ago", False)}


def test_the_desk_s_own_grant_stands_on_its_line(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=[PROD], workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    office.scan(PROD, minutes_later=1)
    row = next(row for row in who_has_access(office.actor("takahashi"), Wanted()).rows)
    assert row.hold is not None
    assert (row.hold.request.number, row.readable) == (made.number, True)
    # a member of the team sees that there is one, and cannot open another's request
    seen = who_has_access(office.actor("ren"), Wanted()).rows[0]
    assert seen.hold is not None
    assert seen.readable is False


def crowd(people: int) -> None:
    now = database_now()
    Person.objects.bulk_create(
        Person(id=f"x-{n:05}", user_name=f"x{n:05}", display_name=f"x{n:05}", seen_at=now) for n in range(people)
    )
    Membership.objects.bulk_create(
        Membership(person_id=f"x-{n:05}", group_id="g-pay", seen_at=now) for n in range(people)
    )


def test_pages_follow_each_other_without_a_gap_or_a_line_twice(estate: Office) -> None:
    crowd(250)
    ops, after, seen = estate.actor("takahashi"), "", []
    while True:
        page = who_has_access(ops, Wanted(), after)
        seen += [row.line.position for row in page.rows]
        after = page.next
        if not after:
            break
    assert len(seen) == len(set(seen)) == counted(ops, Wanted()) == 255
    assert seen == sorted(seen)
    assert sum(1 for _ in access_csv(ops, Wanted())) == 256


def test_a_page_needs_no_more_queries_however_much_there_is(estate: Office) -> None:
    client, asked = signed_in(estate, "takahashi"), []
    for more in (0, 300):
        crowd(more)
        client.get("/access")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/access").status_code == 200
        asked.append(len(queries))
    assert asked[1] <= asked[0]


def test_the_page_shows_people_paths_and_gives_a_csv(estate: Office) -> None:
    client = signed_in(estate, "takahashi", "ja")
    shown = client.get("/access").content.decode()
    for text in ("佐藤 美咲", "payments-data-prod", "team-payments", "直接の割り当て", "5 件"):
        assert text in shown
    table = b"".join(client.get("/access", {"format": "csv", "person": "sato"}).streaming_content).decode()
    assert table.count("\n") == 3
    assert "該当するものはありません" in client.get("/access", {"text": "nowhere"}).content.decode()


def test_the_api_pages_narrows_and_exports(estate: Office) -> None:
    crowd(120)
    caller = Caller(estate, "takahashi")
    first = caller.get("access").json()
    assert len(first["lines"]) == 100
    rest = caller.get("access", after=first["next"]).json()
    assert (len(rest["lines"]), rest["next"]) == (25, None)
    mine = caller.get("access", person="sato", path="direct").json()["lines"]
    assert [(one["account"], one["group"], one["usable"]) for one in mine] == [("payments-prod", None, True)]
    assert Caller(estate, "kim").get("access").json()["lines"][0]["account"] == "sandbox"
    export = b"".join(caller.get("access/export", path="group").streaming_content).decode()
    assert export.count("team-payments") == 123


def test_the_command_line_lists_it(estate: Office, live_server: Any) -> None:
    terminal = Terminal(live_server.url, estate, "takahashi")
    assert "payments-prod" in terminal.run("access", "--person", "sato", "--path", "direct").output
    assert len(terminal.json("access", "--all")) == 5


def test_a_permission_set_or_group_never_read_is_shown_by_its_id(estate: Office) -> None:
    PermissionSet.objects.all().delete()
    Group.objects.filter(pk="g-pay").delete()
    found = {
        (row.line.permission_set, row.line.group) for row in who_has_access(estate.actor("takahashi"), Wanted()).rows
    }
    assert found == {(ARN, ""), (ARN, "g-pay")}
