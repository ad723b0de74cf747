"""What is decided elsewhere: a number a rule asks for, another team's consent, another system's signed call."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Approval, ExtraField, Request, Rule
from kumoban.desk.rule_book import RuleForm, save_rule
from kumoban.desk.shapes import read
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.conftest import Office

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
OTHER = "whsec_" + "WllYV1ZVVFNSUVBPTk1MS0pJSEdGRURDQkE="


def rule(**changed: object) -> Rule:
    ordinary = Rule.objects.get()
    values = {
        "name": "本番",
        "routine": "temporary-access",
        "who": ordinary.who,
        "dimensions": ordinary.dimensions,
        "limits": ordinary.limits,
        "approvers": ordinary.approvers,
        **changed,
    }
    return save_rule(None, read(RuleForm, values).stored(), ordinary)


def ask(office: Office, **given: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(), **given)  # type: ignore[arg-type]


# --- 決裁番号


@pytest.fixture
def number(office: Office) -> None:
    ExtraField.objects.create(
        routine="temporary-access",
        key="ringi",
        label_ja="決裁番号",
        label_en="Decision number",
        pattern=r"K-\d{6}",
        link="https://ringi.example.jp/{value}",
    )
    rule(fields=["ringi"])


@pytest.mark.usefixtures("number")
def test_a_rule_asks_for_the_number_under_which_it_was_decided_elsewhere(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        ask(office)
    reason = refused.value.reasons[0]
    assert (reason.code, reason.params["field"]) == ("field_required_by_rule", "決裁番号 (Decision number)")
    assert ask(office, extra={"ringi": "K-202611"}).state == "waiting"


@pytest.mark.usefixtures("number")
def test_a_number_that_a_rule_has_begun_to_ask_for_is_missing_at_the_approval_too(office: Office) -> None:
    rule(fields=[])
    made = ask(office)
    rule(fields=["ringi"])
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    assert refused.value.reasons[0].code == "field_required_by_rule"


# --- 合議


def test_another_team_s_consent_is_needed_beside_the_approval(office: Office) -> None:
    rule(approvers=[{"group": "g-leads"}, {"group": "g-ops", "concurrence": True}])
    made = ask(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.state == "waiting"
    requests.approve(office.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.state == "approved"
    assert [slot.get("concurrence", False) for slot in made.plan.authority["slots"]] == [False, True]


def test_one_person_in_both_groups_does_not_consent_to_their_own_approval(office: Office) -> None:
    Membership.objects.create(person_id="u-takahashi", group_id="g-leads", seen_at=database_now())
    rule(approvers=[{"group": "g-leads"}, {"group": "g-ops", "concurrence": True}])
    made = ask(office)
    requests.approve(office.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.state == "waiting"


# --- 外部承認

Call = Callable[..., Request]


@pytest.fixture
def call(office: Office, settings: Any) -> Call:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": SECRET, "jira": OTHER}
    rule(approvers=[{"group": "g-leads", "via": "x-point"}])
    Person.objects.filter(pk="u-suzuki").update(external_id="E-0042")

    def call(
        made: Request,
        *,
        secret: str = SECRET,
        system: str = "x-point",
        call_id: str = "msg_1",
        off_by: timedelta = timedelta(),
        **changed: object,
    ) -> Request:
        said = {
            "request": made.number,
            "plan": made.plan.digest,
            "person": "E-0042",
            "decision": "approve",
            "reference": "K-202611",
            **changed,
        }
        body, at = json.dumps(said), datetime.now(UTC) + off_by
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(call_id, at, body),
        }
        return requests.decide_outside(system, body.encode(), headers)

    return call


def test_a_signed_call_seals_the_plan_for_the_person_it_names(office: Office, call: Call) -> None:
    made = ask(office)
    assert call(made).state == "approved"
    seal = Approval.objects.get(plan=made.plan)
    assert (seal.person_id, seal.via, seal.reference) == ("u-suzuki", "x-point", "K-202611")
    assert search(subjects=[made.number], kind="request.sealed")[0].facts["via"] == "x-point"
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


def test_what_is_decided_elsewhere_is_not_decided_here(office: Office, call: Call) -> None:
    made = ask(office)
    assert not rules.inbox(office.actor("suzuki")).exists()
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    assert refused.value.reasons[0].code == "decided_elsewhere"


def test_what_is_decided_here_is_not_decided_elsewhere(office: Office, call: Call) -> None:
    rule(approvers=[{"group": "g-leads"}])
    with pytest.raises(Refused) as refused:
        call(ask(office))
    assert refused.value.reasons[0].code == "decided_elsewhere"


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": OTHER},
        {"system": "jira"},
        {"system": "nobody"},
        {"off_by": timedelta(minutes=-10)},
        {"off_by": timedelta(minutes=10)},
    ],
)
def test_a_forged_or_an_old_call_is_refused(office: Office, call: Call, changed: dict[str, object]) -> None:
    made = ask(office)
    with pytest.raises(Refused) as refused:
        call(made, **changed)
    assert refused.value.reasons[0].code == "signature_not_valid"
    assert not Approval.objects.exists()


def test_the_same_call_again_changes_nothing(office: Office, call: Call) -> None:
    made = ask(office)
    call(made)
    assert call(made).state == "approved"
    assert Approval.objects.count() == 1


def test_a_call_recorded_for_one_plan_does_not_seal_the_next(office: Office, call: Call) -> None:
    first = ask(office)
    digest = first.plan.digest
    call(first, decision="return", comment="直して")
    again = requests.resubmit(office.actor("sato"), first.number, office.form(until="20m"))
    with pytest.raises(Refused) as refused:
        call(again, call_id="msg_2", plan=digest)
    assert refused.value.reasons[0].code == "plan_changed"


def test_somebody_who_may_not_approve_may_not_elsewhere_either(office: Office, call: Call) -> None:
    made = ask(office)
    with pytest.raises(Refused) as refused:
        call(made, person="u-takahashi")
    assert refused.value.reasons[0].code == "not_an_approver"
    with pytest.raises(Refused) as own:
        call(made, person="u-sato")
    assert own.value.reasons[0].code == "not_own_request"


def test_a_denial_elsewhere_denies_here(office: Office, call: Call) -> None:
    made = call(ask(office), decision="deny", comment="時期が悪い")
    assert made.state == "denied"


def test_an_id_that_two_people_have_means_nobody(office: Office, call: Call) -> None:
    Person.objects.filter(pk="u-takahashi").update(external_id="E-0042")
    with pytest.raises(Refused) as refused:
        call(ask(office))
    assert refused.value.reasons[0].code == "unknown_person"
