"""Sessions that no request speaks of are findings until somebody explains them, or they turn out to be matched."""

from __future__ import annotations

import pytest
from django.utils import translation

from kumoban.evidence.matching.models import Month, Session
from kumoban.evidence.matching.signing import explain
from kumoban.findings.keeping import run
from kumoban.findings.models import Finding, Severity
from kumoban.findings.telling import evidence_of, offered
from kumoban.findings.triage import proposed
from kumoban.ledger.clock import database_now
from kumoban.watches.unrequested.watch import WATCH
from tests.integration.conftest import Office
from tests.integration.evidence.months import month_row, session_row

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_session_without_a_request_is_a_grave_finding_of_the_accounts_team(office: Office) -> None:
    month_row()
    session_row()
    assert run(WATCH).opened == 1
    assert run(WATCH).opened == 0
    found = Finding.objects.get()
    assert (found.team, found.account, found.severity) == ("payments", "410122300001", Severity.HIGH)
    with translation.override("en"):
        told = dict(evidence_of(found))
    assert (told["Principal"], told["Changing calls"]) == ("arn:aws:iam::410122300001:user/batch", "2")


def test_it_is_about_the_person_and_only_reading_is_less_grave(office: Office) -> None:
    session_row(kind="identity_center", person="u-sato", changing=0, outcome="out_of_time", request="R-9")
    run(WATCH)
    found = Finding.objects.get()
    assert (found.about, found.severity, found.title["code"]) == ("u-sato", Severity.MEDIUM, "unrequested_out_of_time")


def test_it_proposes_a_request_for_approval_afterwards(office: Office) -> None:
    session_row()
    run(WATCH)
    found = Finding.objects.get()
    actor = office.actor("takahashi")
    assert [(offer.routine.name, offer.address) for offer in offered(actor, found)] == [
        ("other-request", f"/ask/other-request?finding={found.pk}")
    ]
    form = proposed(actor, found.pk, "other-request")
    assert "batch" in form["subject"]
    assert "2" in form["what"]
    assert form["where"] == "payments-prod (410122300001)"


@pytest.mark.parametrize("how", ["explained", "matched", "signed"])
def test_it_is_resolved_by_an_explanation_a_match_or_the_signature(office: Office, how: str) -> None:
    row, session = month_row(), session_row()
    run(WATCH)
    if how == "explained":
        explain(office.actor("takahashi"), [session.pk], [], "変更管理票 C-31")
    elif how == "matched":
        Session.objects.update(outcome="matched")
    else:
        Month.objects.filter(pk=row.pk).update(signed_at=database_now(), signed_by_id="u-takahashi")
    assert run(WATCH).resolved == 1
    session_row(key="late", name="late", after_signature=True)
    assert run(WATCH).opened == 1
