"""Runbooks by the API: read, said to have been read, exercises confirmed."""

from __future__ import annotations

from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def test_a_runbook_is_read_and_said_to_have_been_read(office: Office) -> None:
    sato = Caller(office, "sato")
    found = sato.get("runbooks/temporary-access").json()
    assert found["text"].startswith("# ")
    assert found["read_at"] is None
    assert sato.post("runbooks/temporary-access/read", {"digest": found["digest"]}).status_code == 204
    line = next(one for one in sato.get("runbooks").json() if one["routine"] == "temporary-access")
    assert line["read_digest"] == found["digest"]


def test_another_version_is_refused(office: Office) -> None:
    answer = Caller(office, "sato").post("runbooks/temporary-access/read", {"digest": "0" * 64})
    assert answer.json()["errors"][0]["code"] == "runbook_changed"


def test_operations_confirm_and_everyone_sees_their_own(office: Office) -> None:
    body = {"person": "sato", "reference": "R-12"}
    assert Caller(office, "sato").post("runbooks/temporary-access/exercises", body).status_code == 403
    made = Caller(office, "takahashi").post("runbooks/temporary-access/exercises", body)
    assert (made.status_code, made.json()["confirmed_by"]) == (201, "takahashi")
    assert len(Caller(office, "sato").get("runbooks/temporary-access/exercises").json()) == 1
    assert Caller(office, "ren").get("runbooks/temporary-access/exercises").json() == []


def test_what_is_wrong_is_told_at_its_field(office: Office) -> None:
    ops = Caller(office, "takahashi")
    nobody = ops.post("runbooks/temporary-access/exercises", {"person": "nobody", "reference": "R-1"})
    blank = ops.post("runbooks/temporary-access/exercises", {"person": "sato", "reference": " "})
    assert nobody.json()["errors"][0]["field"] == "person"
    assert blank.json()["errors"][0]["field"] == "reference"
