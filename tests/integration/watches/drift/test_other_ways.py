"""Entitlements and IAM users that nobody asked for: findings like assignments, adopted in the same plan."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kumoban.desk import requests
from kumoban.estate.models import Entitlement, IamUser, Membership
from kumoban.findings.models import Finding
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.watches.drift.test_drift import PROD, watched


def entitlement(appeared: datetime | None) -> Entitlement:
    now = database_now()
    return Entitlement.objects.create(
        id="e-1",
        application_arn="arn:aws:account-access:ap-northeast-1:410122300009:application/a",
        principal_type="USER",
        principal_id="u-sato",
        account_id=PROD,
        role_arn=f"arn:aws:iam::{PROD}:role/VendorSupport",
        role_name="VendorSupport",
        created_at=now,
        seen_at=now,
        appeared_at=appeared,
    )


def iam_user(name: str, appeared: datetime | None, **changed: object) -> IamUser:
    now = database_now()
    values = {
        "arn": f"arn:aws:iam::{PROD}:user/{name}",
        "account_id": PROD,
        "name": name,
        "created_at": now,
        "keys": [
            {"id": "AKIAEXAMPLE", "active": True, "created_at": now.isoformat(), "last_used_at": None, "service": ""}
        ],
        "active_keys": 1,
        "seen_at": now,
        "appeared_at": appeared,
        **changed,
    }
    return IamUser.objects.create(**values)


def test_each_that_appeared_is_a_finding_with_its_evidence(office: Office) -> None:
    entitlement(database_now())
    iam_user("intruder", database_now(), last_used_at=database_now() - timedelta(hours=1))
    watched()
    found = {one.title["code"]: one for one in Finding.objects.all()}
    assert set(found) == {"drift_entitlement", "drift_iam_user"}
    assert found["drift_entitlement"].about == "u-sato"
    assert found["drift_entitlement"].evidence["role_arn"].endswith("role/VendorSupport")
    user = found["drift_iam_user"]
    assert (user.severity_code, user.team, user.evidence["active_keys"]) == ("high", "payments", "AKIAEXAMPLE")
    assert user.evidence["last_used_at"]


def test_a_user_that_cannot_sign_in_is_none(office: Office) -> None:
    iam_user("notebook", database_now(), active_keys=0, keys=[])
    watched()
    assert not Finding.objects.exists()


def test_those_of_before_are_counted_with_the_account_and_adopted_with_it(office: Office) -> None:
    now = database_now()
    Membership.objects.create(person_id="u-kim", group_id="g-ops", seen_at=now)
    office.aws.members.setdefault("g-ops", set()).add("u-kim")
    entitlement(None)
    iam_user("deploy-legacy", None)
    watched()
    assert Finding.objects.get().evidence["users"] == 1
    form = {"accounts": [PROD], "owner": [], "reason": "11/24 に一覧を確認した"}
    made = requests.ask(office.actor("takahashi"), "adopt", form)
    assert made.plan is not None
    assert made.plan.value.steps[0].title.params["users"] == 1
    requests.approve(office.actor("kim"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    assert IamUser.objects.get().adopted_request == Entitlement.objects.get().adopted_request == made.number
    assert IamUser.objects.get().owner_team == "payments"
    assert watched().resolved == 1


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_removal_says_what_is_to_be_removed(office: Office, language: str) -> None:
    from django.utils import translation

    from kumoban.findings.triage import proposed

    iam_user("intruder", database_now())
    watched()
    with translation.override(language):
        form = proposed(office.actor("takahashi"), Finding.objects.get().pk, "other-request")
    assert "intruder" in form["what"]
    assert "payments-prod" in form["what"]
