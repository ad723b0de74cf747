"""History from elsewhere: taken once, told by its line where it is not understood, held against today's rules."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.desk.duties import DUTIES
from kumoban.desk.models import PastAccess, Request, Rule
from kumoban.desk.past import judge_past, past_access, summary, take_csv
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.cli.test_machine import run
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

HEAD = "person,account,permission set,start,end\n"
LINE = "sato,payments-prod,ProdReadOnly,2026-10-01 10:00,2026-10-01 11:00\n"
LONG = "sato,410122300002,ProdReadOnly,2026/10/01 10:00,2026-10-01T20:00+09:00\n"
ENDLESS = "suzuki,4101-2230-0001,ProdReadOnly,2026-10-01,\n"
KIM = "idc_kim,payments-prod,ProdReadOnly,2026-10-01 10:00,2026-10-01 11:00\n"
STRANGER = "nobody,nowhere,Nothing,2026-10-01 10:00,2026-10-01 11:00\n"


def outcomes() -> list[str]:
    return list(PastAccess.objects.order_by("id").values_list("outcome", flat=True))


def judged(*lines: str) -> list[str]:
    take_csv(HEAD + "".join(lines))
    judge_past()
    return outcomes()


def test_today_s_rules_decide_about_each_line(office: Office) -> None:
    assert judged(LINE, LONG, ENDLESS, KIM, STRANGER) == ["approval", "refused", "refused", "refused", "unknown"]
    codes = [one.code for one in PastAccess.objects.order_by("id")]
    assert codes == ["", "longer_than_rule", "longer_than_rule", "no_rule_allows", "unknown_person"]
    assert PastAccess.objects.earliest("id").slots[0]["refs"] == ["g-leads"]
    assert not Request.objects.exists()


def test_a_rule_that_changes_is_held_against_everything_again(office: Office) -> None:
    assert judged(LINE) == ["approval"]
    assert judge_past() == 0
    Rule.objects.update(approvers=[], changed_at=database_now() + timedelta(seconds=1))
    assert judge_past(most=1) == 1
    assert outcomes() == ["allowed"]
    Rule.objects.update(effect="deny", changed_at=database_now())
    PastAccess.objects.update(judged_at=database_now() - timedelta(days=2))
    judge_past()
    assert PastAccess.objects.get().code == "denied_by_rule"


def test_the_desk_judges_by_itself(office: Office) -> None:
    take_csv(HEAD + LINE)
    next(duty for duty in DUTIES if duty.name == "judge_past").do()
    assert outcomes() == ["approval"]


def test_a_list_taken_again_adds_only_what_is_new_and_is_recorded(office: Office) -> None:
    assert take_csv(HEAD + LINE).new == 1
    assert take_csv(HEAD + LINE + LONG).new == 1
    assert PastAccess.objects.count() == 2
    assert Entry.objects.filter(kind="history.imported").count() == 2


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("who,what\na,b\n", 1, "past_no_column"),
        ("", 1, "past_no_column"),
        (HEAD + LINE + "sato,,ProdReadOnly,2026-10-01,\n", 3, "past_nothing_named"),
        (HEAD + "sato,payments-prod,ProdReadOnly,yesterday,\n", 2, "past_no_time"),
        (HEAD + "sato,payments-prod,ProdReadOnly,,\n", 2, "past_no_time"),
        (HEAD + "sato,payments-prod,ProdReadOnly,2026-10-01,soon\n", 2, "past_no_time"),
        (HEAD + "sato,payments-prod,ProdReadOnly,2026-10-02,2026-10-01\n", 2, "past_end_before_start"),
    ],
)
def test_what_is_not_understood_is_told_by_its_line(office: Office, text: str, line: int, code: str) -> None:
    assert [(at, why.code) for at, why in take_csv(text).refused] == [(line, code)]


def test_japanese_headings_and_empty_lines_are_understood(office: Office) -> None:
    taken = take_csv("作業者,アカウント,許可セット,開始,終了\n\n" + LINE)
    assert (taken.rows, taken.refused) == (1, [])


def test_a_team_sees_its_accounts_and_oneself(office: Office) -> None:
    judged(LINE, KIM, STRANGER)
    assert past_access(office.actor("takahashi")).count() == 3
    assert past_access(office.actor("sato")).count() == 2
    assert [one.person_name for one in past_access(office.actor("kim"))] == ["idc_kim"]
    assert summary(office.actor("kim")).rows == 1


def test_the_page_counts_by_outcome_and_rule_and_needs_no_more_queries_for_more_lines(office: Office) -> None:
    client, asked = signed_in(office, "takahashi", "ja"), []
    for lines in ([LINE, LONG, KIM, STRANGER], [LINE.replace("10:00", f"09:{n}") for n in range(10, 50)]):
        judged(*lines)
        client.get("/access/past")
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/access/past").content.decode()
        asked.append(len(queries))
    assert asked[0] == asked[1]
    for text in ("承認を経て許可", "本番・読み取り", "許可する申請ルールがない", "team-payments-leads", "履歴 44 件"):
        assert text in page
    refused = client.get("/access/past", {"outcome": "refused", "text": "KIM"}).content.decode()
    assert "idc_kim" in refused
    assert "<td>佐藤" not in refused
    table = b"".join(client.get("/access/past", {"format": "csv"}).streaming_content).decode()
    assert table.count("\n") == 45


def test_the_api_tells_the_same(office: Office) -> None:
    judged(LINE, KIM)
    caller = Caller(office, "takahashi")
    rows = caller.get("past-access", outcome="approval").json()
    assert [(one["person"], one["slots"][0]["refs"]) for one in rows] == [("sato", ["g-leads"])]
    assert caller.get("past-access", before=rows[0]["id"]).json() == []
    told = caller.get("past-access/summary").json()
    assert told["outcomes"] == {"allowed": 0, "approval": 1, "refused": 1, "unknown": 0}
    assert told["rules"] == [{"name": "本番・読み取り", "rows": 1}]
    assert told["refusals"] == [{"name": "no_rule_allows", "rows": 1}]
    assert b"".join(caller.get("past-access/export").streaming_content).count(b"\n") == 3


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_command_takes_a_file_and_tells_it(office: Office, tmp_path: Path, live_server: Any, encoding: str) -> None:
    file = tmp_path / "履歴.csv"
    file.write_text("人,アカウント,許可セット,開始,終了\n" + LINE + "鈴木,,,,\n", encoding=encoding)
    answer = run("import", "history", str(file), language="ja")
    assert "3 行目:人・アカウント・許可セットが必要です" in answer.output
    assert answer.exit_code == 1
    terminal = Terminal(live_server.url, office, "takahashi")
    assert "allowed with approval: 1" in terminal.run("past").output
    assert len(terminal.json("past", "--all")["rows"]) == 1
