"""The API says of a request what its page says an approver should notice."""

from __future__ import annotations

from django.test import Client

from kumoban.desk import requests
from kumoban.desk.sign_in import make_token
from tests.integration.conftest import Office


def test_one_request_tells_what_is_unusual_in_the_readers_language(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    token = make_token(office.actor("suzuki").user, "test", ["read"])
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    answer = Client().get(f"/api/v1/requests/{made.number}", headers=headers)
    unusual = {said["code"]: said["detail"] for said in answer.json()["unusual"]}
    assert unusual["unusual_first_here"] == "佐藤 美咲 has not had access here before."


def test_grants_are_shown_with_their_person_account_and_permission_set(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    token = make_token(office.actor("sato").user, "test", ["read"])
    answer = Client().get(f"/api/v1/requests/{made.number}", headers={"Authorization": f"Bearer {token}"})
    grant = answer.json()["grants"][0]
    assert (grant["person"], grant["account"], grant["permission_set"]) == (
        "佐藤 美咲",
        "payments-prod",
        "ProdReadOnly",
    )
