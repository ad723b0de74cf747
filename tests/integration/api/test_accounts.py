"""The account register by API, under the rules of the pages."""

from __future__ import annotations

import io

from openpyxl import load_workbook

from kumoban.estate.models import RegisterEntry
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office

PAY = "410122300001"


def test_an_account_is_written_read_and_confirmed(office: Office) -> None:
    ops = Caller(office, "takahashi", "read", "ask", "rules")
    made = ops.put(f"accounts/{PAY}", {"version": 0, "values": {"owner": "sato", "budget": "100"}})
    assert made.status_code == 200
    assert made.json()["values"]["currency"] == "JPY"
    again = ops.put(f"accounts/{PAY}", {"version": 0, "values": {"owner": "ren"}})
    assert (again.status_code, again.json()["title"]) == (409, "register_changed_meanwhile")
    owner = Caller(office, "sato")
    assert owner.post(f"accounts/{PAY}/confirm", {"version": 1}).json()["confirmed_by"] == "sato"
    kinds = [one["kind"] for one in owner.get(f"accounts/{PAY}/history").json()]
    assert kinds == ["register.confirmed", "register.changed"]


def test_what_is_wrong_comes_back_by_field(office: Office) -> None:
    ops = Caller(office, "takahashi", "read", "rules")
    answer = ops.put(f"accounts/{PAY}", {"version": 0, "values": {"owner": "nobody", "x": "y"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "x"


def test_strangers_find_nothing(office: Office) -> None:
    stranger = Caller(office, "kim")
    assert stranger.get("accounts").json() == []
    assert stranger.get(f"accounts/{PAY}").status_code == 404
    assert stranger.get(f"accounts/{PAY}/history").status_code == 404
    assert stranger.put(f"accounts/{PAY}", {"version": 0, "values": {}}).status_code == 404
    assert Caller(office, "ren").put(f"accounts/{PAY}", {"version": 0, "values": {"note": "x"}}).status_code == 403


def test_a_table_is_previewed_and_written(office: Office) -> None:
    ops = Caller(office, "takahashi", "read", "rules")
    table = {"csv": "account,number\n410122300001,A-1\n1,A-2\n"}
    seen = ops.post("accounts/import/preview", table).json()
    assert [len(line["refused"]) for line in seen["lines"]] == [0, 1]
    assert ops.post("accounts/import", {**table, "digest": "x"}).status_code == 409
    assert ops.post("accounts/import", {**table, "digest": seen["digest"]}).status_code == 200
    assert RegisterEntry.objects.get().number == "A-1"
    assert Caller(office, "sato", "read", "rules").post("accounts/import/preview", table).status_code == 403


def test_lists_files_gaps_and_columns(office: Office) -> None:
    ops = Caller(office, "takahashi", "read", "rules")
    assert [one["id"] for one in ops.get("accounts", gap="no_owner", q="payments").json()] == []
    assert len(ops.get("accounts").json()) == 2
    assert ops.get("accounts", offset=2).json() == []
    assert ops.get("accounts/gaps").json()["no_owner"] == 2
    assert ops.get("accounts/export.csv").content.startswith(b"\xef\xbb\xbf")
    assert load_workbook(io.BytesIO(ops.get("accounts/export.xlsx").content)).active is not None
    column = {"key": "rank", "label_ja": "重要度", "label_en": "Rank"}
    assert ops.post("register-columns", column).status_code == 201
    assert [one["key"] for one in ops.get("register-columns").json()] == ["rank"]
    assert ops.get("accounts/fields").json()[-1]["name"] == "own.rank"
    assert ops.delete("register-columns/rank").status_code == 204
    assert ops.delete("register-columns/rank").status_code == 404
