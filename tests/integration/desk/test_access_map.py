"""The access map: entitlements and IAM users beside assignments; each line managed, adopted or out of band."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.access import access_csv, counted, unread, who_has_access
from kumoban.estate.access import Wanted
from kumoban.estate.models import Account, Assignment, Entitlement, IamUser, Organization, Person, searchable
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office
from tests.integration.desk.test_access import DATA, PROD, assigned
from tests.integration.watches.drift.test_other_ways import entitlement, iam_user
from tests.integration.web.visitor import signed_in


@pytest.fixture
def estate(office: Office) -> Office:
    """sato directly, her team in the other account, an entitlement of hers, and an IAM user."""
    for account in Account.objects.all():
        Account.objects.filter(pk=account.pk).update(search=searchable(account.id, account.name))
    for person in Person.objects.all():
        Person.objects.filter(pk=person.pk).update(search=searchable(person.user_name, person.display_name))
    assigned("u-sato")
    assigned("g-pay", DATA, "GROUP")
    entitlement(None)
    Entitlement.objects.update(search=searchable("VendorSupport", "payments-prod"))
    used = database_now() - timedelta(days=400)
    iam_user("deploy-legacy", None, last_used_at=used, search=searchable("deploy-legacy", "payments-prod", PROD))
    return office


def lines(office: Office, name: str = "takahashi", **wanted: str) -> list[tuple[str, str, str]]:
    """(who, path, standing)"""
    found = who_has_access(office.actor(name), Wanted(**wanted)).rows
    return [(row.line.user_name or row.line.person, row.line.path, row.standing) for row in found]


def test_every_way_in_is_a_line_with_its_path(estate: Office) -> None:
    assert lines(estate) == [
        ("sato", "direct", "out_of_band"),
        ("ren", "group", "out_of_band"),
        ("sato", "group", "out_of_band"),
        ("suzuki", "group", "out_of_band"),
        ("sato", "entitlement", "out_of_band"),
        ("deploy-legacy", "iam_user", "out_of_band"),
    ]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"path": "entitlement"}, ["sato"]),
        ({"path": "iam_user"}, ["deploy-legacy"]),
        ({"path": "direct"}, ["sato"]),
        ({"text": "vendor"}, ["sato"]),
        ({"text": "legacy"}, ["deploy-legacy"]),
        ({"text": "美咲"}, ["sato", "sato", "sato"]),
        ({"person": "sato"}, ["sato", "sato", "sato"]),
        ({"person": "deploy-legacy"}, ["deploy-legacy"]),
        ({"permission_set": "VendorSupport"}, ["sato"]),
        ({"account": "payments-prod"}, ["sato", "sato", "deploy-legacy"]),
        ({"environment": "dev"}, []),
    ],
)
def test_lines_of_every_kind_are_narrowed_down(estate: Office, wanted: dict[str, str], there: list[str]) -> None:
    assert [who for who, _path, _standing in lines(estate, **wanted)] == there
    assert counted(estate.actor("takahashi"), Wanted(**wanted)) == len(there)


def test_pages_go_over_from_one_kind_to_the_next(estate: Office) -> None:
    ops, seen, after = estate.actor("takahashi"), [], ""
    for _ in range(10):
        found = who_has_access(ops, Wanted(), after, limit=1)
        seen += [row.line.position for row in found.rows]
        after = found.next
        if not after:
            break
    assert len(seen) == len(set(seen)) == 6


def test_what_a_grant_holds_is_managed_what_was_adopted_is_adopted_the_rest_is_out_of_band(estate: Office) -> None:
    office = estate
    form = office.form(accounts=[PROD], workers=["u-ren"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    office.aws.assigned.add((PROD, office.form()["permission_set"], "u-sato"))  # type: ignore[arg-type]
    office.scan(PROD, minutes_later=1)
    Assignment.objects.filter(principal_id="g-pay").update(adopted_request="R-1", owner_team="payments")
    IamUser.objects.update(adopted_request="R-1")
    assert lines(office, standing="managed") == [("ren", "direct", "managed")]
    assert {who for who, _path, _standing in lines(office, standing="adopted")} == {
        "ren",
        "sato",
        "suzuki",
        "deploy-legacy",
    }
    assert lines(office, standing="out_of_band") == [
        ("sato", "direct", "out_of_band"),
        ("sato", "entitlement", "out_of_band"),
    ]
    assert counted(office.actor("takahashi"), Wanted(standing="out_of_band")) == 2


def test_a_team_sees_the_iam_users_of_its_accounts_and_a_stranger_none(estate: Office) -> None:
    assert ("deploy-legacy", "iam_user", "out_of_band") in lines(estate, "ren")
    assert lines(estate, "kim") == []


def test_an_iam_user_that_cannot_sign_in_is_no_access(estate: Office) -> None:
    IamUser.objects.update(active_keys=0)
    assert lines(estate, path="iam_user") == []


def test_what_could_not_be_read_is_said_to_those_who_can_do_something(estate: Office) -> None:
    assert unread(estate.actor("takahashi")).accounts == 2
    assert unread(estate.actor("ren")).accounts == 0
    page = signed_in(estate, "takahashi").get("/access").content.decode()
    assert "The IAM users of 2 accounts could not be read" in page
    assert "Account access manager could not be read" in page
    Account.objects.update(users_seen_at=database_now())
    Organization.objects.update(entitlements_seen_at=database_now())
    assert "could not be read" not in signed_in(estate, "takahashi").get("/access").content.decode()


def test_page_csv_api_and_command_line_say_how_an_iam_user_signs_in(estate: Office, live_server: Any) -> None:
    IamUser.objects.update(console=True)
    page = signed_in(estate, "takahashi", "ja").get("/access?path=iam_user").content.decode()
    for text in ("deploy-legacy", "IAM ユーザー", "MFA なし", "申請外", "アクセスキー 1 件"):
        assert text in page, text
    table = "".join(access_csv(estate.actor("takahashi"), Wanted(path="iam_user")))
    assert "iam_user,out_of_band,yes,no,1," in table
    line = Caller(estate, "takahashi").get("access", path="iam_user", standing="out_of_band").json()["lines"][0]
    assert (line["person"], line["path"], line["sign_in"]["active_keys"]) == ("deploy-legacy", "iam_user", 1)
    assert line["sign_in"]["last_used_at"]
    terminal = Terminal(live_server.url, estate, "takahashi")
    assert "IAM user (" in terminal.run("access", "--path", "iam_user").output
    assert len(terminal.json("access", "--standing", "out_of_band", "--all")) == 6
