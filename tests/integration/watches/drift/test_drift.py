"""申請外の変更: what the desk did not grant and nobody adopted becomes a finding within one scan, and nothing else."""

from __future__ import annotations

import pytest

from kumoban.desk import requests
from kumoban.estate.models import Account, Assignment, Membership
from kumoban.findings.keeping import Kept, run
from kumoban.findings.models import Finding
from kumoban.findings.telling import offered
from kumoban.findings.triage import proposed
from kumoban.ledger.clock import database_now
from kumoban.watches.drift.watch import WATCH
from tests.integration.conftest import ARN, Office

PROD, DATA = "410122300001", "410122300002"


def watched() -> Kept:
    from dataclasses import replace

    return run(replace(WATCH, look_closer=None))


def out_of_band(office: Office, person: str = "u-sato", account: str = PROD) -> None:
    """Somebody assigns it in the console, and the account is scanned."""
    office.aws.assigned.add((account, ARN, person))
    office.scan(account, minutes_later=0)


@pytest.fixture
def looked_at(office: Office) -> Office:
    """Both accounts were looked at before, when nothing was there."""
    office.scan(PROD, minutes_later=0)
    office.scan(DATA, minutes_later=0)
    return office


def test_an_assignment_that_nobody_asked_for_is_a_finding_of_the_accounts_team_within_one_scan(
    looked_at: Office,
) -> None:
    out_of_band(looked_at)
    assert watched().opened == 1
    found = Finding.objects.get()
    assert (found.severity_code, found.team, found.account, found.about) == ("high", "payments", PROD, "u-sato")
    assert found.evidence["permission_set"] == "ProdReadOnly"
    assert found.evidence["user_name"] == "sato"
    assert watched() == Kept()


def test_outside_production_a_set_without_power_is_less_grave(looked_at: Office) -> None:
    Account.objects.filter(pk=PROD).update(environment="dev")
    out_of_band(looked_at)
    watched()
    assert Finding.objects.get().severity_code == "medium"


def test_it_is_resolved_once_a_newer_scan_does_not_see_it(looked_at: Office) -> None:
    out_of_band(looked_at)
    watched()
    looked_at.aws.assigned.clear()
    assert watched() == Kept()  # nobody has looked since
    looked_at.scan(PROD, minutes_later=0)
    assert watched().resolved == 1


def test_it_is_resolved_at_once_when_it_was_adopted(looked_at: Office) -> None:
    out_of_band(looked_at)
    watched()
    Assignment.objects.update(adopted_request="R-7")
    assert watched().resolved == 1


def test_the_desks_own_grant_is_none_while_it_lasts_nor_after_its_end(looked_at: Office) -> None:
    office = looked_at
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=[PROD], workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    office.scan(PROD, minutes_later=0)
    assert Assignment.objects.filter(absent_since=None).exists()
    assert watched() == Kept()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    assert not office.has(PROD, "u-sato")
    assert watched() == Kept()  # the row is older than the end: it tells nothing
    office.scan(PROD, minutes_later=0)
    assert watched() == Kept()


def test_what_comes_back_after_the_desk_ended_it_is_a_finding(looked_at: Office) -> None:
    office = looked_at
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=[PROD], workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    out_of_band(office)
    assert watched().opened == 1


def test_what_was_there_at_the_first_look_is_one_finding_of_the_account(office: Office) -> None:
    office.aws.assigned |= {(PROD, ARN, "u-sato"), (PROD, ARN, "u-ren"), (DATA, ARN, "u-kim")}
    office.scan(PROD, minutes_later=0)
    office.scan(DATA, minutes_later=0)
    watched()
    found = {one.account: (one.severity_code, one.title["params"]["n"]) for one in Finding.objects.all()}
    assert found == {PROD: ("low", 2), DATA: ("low", 1)}
    out_of_band(office, "u-suzuki")
    watched()
    assert Finding.objects.filter(severity=3).count() == 1


def test_an_account_without_a_team_belongs_to_operations(looked_at: Office) -> None:
    Account.objects.filter(pk=PROD).update(team="nobody-s")
    out_of_band(looked_at)
    watched()
    assert Finding.objects.get().team == ""


def test_it_proposes_to_adopt_or_to_have_it_removed_in_the_readers_words(looked_at: Office) -> None:
    from django.utils import translation

    out_of_band(looked_at)
    watched()
    ops, pk = looked_at.actor("takahashi"), Finding.objects.get().pk
    assert proposed(ops, pk, "adopt") == {"accounts": [PROD]}
    with translation.override("ja"):
        form = proposed(ops, pk, "other-request")
    assert "ProdReadOnly" in form["what"]
    assert "payments-prod" in form["subject"]
    assert PROD in form["where"]
    assert proposed(looked_at.actor("kim"), pk, "adopt") == {}


def test_operations_take_an_assignment_away_by_routine_and_a_team_asks_for_it(looked_at: Office) -> None:
    out_of_band(looked_at)
    watched()
    found = Finding.objects.get()
    routines = {
        name: [one.routine.name for one in offered(looked_at.actor(name), found)] for name in ("takahashi", "ren")
    }
    assert routines == {"takahashi": ["permanent-access", "adopt"], "ren": ["other-request"]}
    ops = looked_at.actor("takahashi")
    Membership.objects.create(person_id="u-tanaka", group_id="g-ops", seen_at=database_now())  # a second one decides
    made = requests.ask(ops, "permanent-access", dict(proposed(ops, found.pk, "permanent-access")))
    assert made.state == "waiting"
    assert made.plan is not None
    assert [step.action for step in made.plan.value.steps] == ["identity_center.unassign/1"]


def test_the_proposed_removal_is_a_request_that_can_be_asked(looked_at: Office) -> None:
    out_of_band(looked_at)
    watched()
    sato = looked_at.actor("ren")
    form = dict(proposed(sato, Finding.objects.get().pk, "other-request"))
    assert requests.ask(sato, "other-request", form).routine == "other-request"


def test_in_observe_mode_it_is_noticed_too(looked_at: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    out_of_band(looked_at)
    assert watched().opened == 1


def test_of_a_group_it_says_how_many_people_are_in_it(looked_at: Office) -> None:
    Assignment.objects.create(
        principal_type="GROUP",
        principal_id="g-pay",
        account_id=PROD,
        permission_set_arn=ARN,
        seen_at=database_now(),
        appeared_at=database_now(),
    )
    watched()
    found = Finding.objects.get()
    assert found.title["code"] == "drift_group"
    assert found.evidence["members"] == Membership.objects.filter(group_id="g-pay", absent_since=None).count()
