"""The HR department's table and one person's page."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kumoban.desk.sign_in import make_token
from kumoban.estate.models import Employment, Person
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

TABLE = "社員番号,発効日,所属,最終日\n1001,2027-04-01,決済部,2027-09-30\n9999,2027-04-01,,\n"


def uploaded() -> SimpleUploadedFile:
    return SimpleUploadedFile("staff.csv", TABLE.encode("cp932"))


def test_a_file_is_previewed_and_then_taken(office: Office) -> None:
    Person.objects.filter(user_name="sato").update(employee_number="1001")
    client = signed_in(office, "takahashi", "ja")
    page = client.post("/staff", {"file": uploaded()}).content.decode()
    assert "2027-09-30 まで在籍" in page
    assert "社員番号 9999" in page
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert digest
    done = client.post("/staff", {"digest": digest[1]}, follow=True).content.decode()
    assert "1 行を取り込みました" in done
    assert Employment.objects.get().department == "決済部"
    assert client.post("/staff", {"digest": digest[1]}).status_code == 422  # nothing is kept after it


def test_a_person_s_page_shows_what_is_theirs_and_leaving_is_one_click(office: Office) -> None:
    client = signed_in(office, "takahashi", "ja")
    page = client.get("/people/u-sato").content.decode()
    assert "佐藤 美咲" in page
    assert "team-payments" in page
    left = client.post("/people/u-sato/leave")
    assert left["Location"].startswith("/requests/R-")
    assert "/leave" not in signed_in(office, "sato").get("/people/u-sato").content.decode()
    assert signed_in(office, "sato").get("/people/u-ren").status_code == 404


def test_the_same_through_the_api(office: Office) -> None:
    Person.objects.filter(user_name="sato").update(employee_number="1001")
    token = make_token(office.actor("takahashi").user, "t", ["read", "rules"])
    headers = {"Authorization": f"Bearer {token}"}
    seen = Client().post("/api/v1/staff/preview", {"file": uploaded()}, headers=headers).json()
    assert (seen["rows"], [line["employee_number"] for line in seen["lines"] if line["refused"]]) == (1, ["9999"])
    body = {"file": uploaded(), "digest": seen["digest"]}
    assert Client().post("/api/v1/staff", body, headers=headers).json() == {"rows": 1}
    sheet = Client().get("/api/v1/people/sato", headers=headers).json()
    assert sheet["groups"] == ["team-payments"]
