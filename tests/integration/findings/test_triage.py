"""Who sees a finding, who decides about it, and what the record keeps of that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import clock
from kumoban.desk.office_calendar import organisation_zone
from kumoban.estate.models import Group, Membership
from kumoban.findings import triage
from kumoban.findings.models import Finding
from kumoban.findings.visible import Wanted, counts, listed, visible
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from tests.integration.conftest import Office
from tests.integration.findings.noticing import opened


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def days(n: int) -> object:
    return clock.now().astimezone(organisation_zone()).date() + timedelta(days=n)


def test_operations_and_auditors_see_all_a_team_its_own_and_a_person_what_is_about_them(office: Office) -> None:
    Group.objects.create(id="g-audit", name="auditors", seen_at=database_now())
    Membership.objects.create(person_id="u-kim", group_id="g-audit", seen_at=database_now())
    opened("a"), opened("b", team="search"), opened("c", team="search", about="u-sato")
    seen = {name: set(visible(office.actor(name)).values_list("key", flat=True)) for name in ("sato", "tanaka")}
    assert seen == {"sato": {"a", "c"}, "tanaka": {"a"}}
    assert visible(office.actor("takahashi")).count() == visible(office.actor("kim")).count() == 3


def test_the_team_decides_and_the_record_keeps_who_and_why(office: Office) -> None:
    one = opened()
    triage.acknowledge(office.actor("ren"), one.pk)
    triage.suppress(office.actor("suzuki"), one.pk, days(30), "移行が終わるまで残す")  # type: ignore[arg-type]
    one.refresh_from_db()
    assert (one.state, one.said) == ("suppressed", "移行が終わるまで残す")
    entries = Entry.objects.filter(subject=one.subject).order_by("seq")
    assert [(entry.kind, entry.actor) for entry in entries] == [
        ("finding.acknowledged", "u-ren"),
        ("finding.suppressed", "u-suzuki"),
    ]
    assert EntryText.objects.filter(entry=entries[1].pk).values_list("text", flat=True).get() == one.said


def test_suppressing_needs_a_reason_and_an_end_within_a_year(office: Office) -> None:
    ops, one = office.actor("takahashi"), opened()
    for until, why, code in (
        (days(30), " ", "say_why"),
        (days(0), "x", "finding_until"),
        (days(400), "x", "finding_until"),
    ):
        with pytest.raises(Refused) as refused:
            triage.suppress(ops, one.pk, until, why)  # type: ignore[arg-type]
        assert codes(refused) == {code}
    with pytest.raises(Refused):
        triage.snooze(ops, one.pk, days(91))  # type: ignore[arg-type]
    assert Finding.objects.get().state == "open"


def test_nobody_decides_about_their_own_access_and_strangers_do_not_know_of_it(office: Office) -> None:
    one = opened(about="u-sato")
    with pytest.raises(Refused) as refused:
        triage.suppress(office.actor("sato"), one.pk, days(3), "私の権限です")  # type: ignore[arg-type]
    assert codes(refused) == {"finding_about_you"}
    with pytest.raises(Refused) as refused:
        triage.acknowledge(office.actor("kim"), one.pk)
    assert codes(refused) == {"no_such_finding"}


def test_auditors_read_and_do_not_decide(office: Office) -> None:
    Group.objects.create(id="g-audit", name="auditors", seen_at=database_now())
    Membership.objects.create(person_id="u-kim", group_id="g-audit", seen_at=database_now())
    with pytest.raises(Refused) as refused:
        triage.acknowledge(office.actor("kim"), opened().pk)
    assert codes(refused) == {"finding_not_yours"}


def test_a_token_needs_the_scope_of_deciding(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        triage.acknowledge(office.actor("takahashi", frozenset({"read", "ask"})), opened().pk)
    assert codes(refused) == {"scope_missing"}


def test_what_is_resolved_is_decided_no_more(office: Office) -> None:
    one = opened(state="resolved", resolved_at=database_now())
    with pytest.raises(Refused) as refused:
        triage.reopen(office.actor("takahashi"), one.pk)
    assert codes(refused) == {"finding_resolved"}


def test_the_list_has_the_gravest_first_and_leaves_out_what_was_put_off(office: Office) -> None:
    ops = office.actor("takahashi")
    opened("low", severity=1), opened("high", severity=3), opened("off", state="snoozed")
    assert list(listed(ops, Wanted()).values_list("key", flat=True)) == ["high", "low"]
    assert list(listed(ops, Wanted(severity="high")).values_list("key", flat=True)) == ["high"]
    assert list(listed(ops, Wanted(severity="nonsense")).values_list("key", flat=True)) == []
    assert listed(ops, Wanted(state="all")).count() == 3
    assert (counts(ops).standing, counts(ops).high, counts(ops).new) == (2, 1, 2)
