"""A round of a watch: opened once, refreshed, resolved when sure, taken up again when its time has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from kumoban.core.reason import Reason
from kumoban.desk import duties
from kumoban.desk.models import Event
from kumoban.findings.keeping import Kept, reconcile
from kumoban.findings.models import Finding, Severity
from kumoban.findings.watch import Noticed, Round, Watch, register
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office


def noticed(key: str = "a", severity: Severity = Severity.MEDIUM, **more: object) -> Noticed:
    return Noticed(key, Reason("drift_adopt", {"account": key}), severity, database_now(), team="payments", **more)  # type: ignore[arg-type]


def round_of(*found: Noticed, unsure: Sequence[str] = ()) -> Kept:
    watch = Watch("test", "Test", "", timedelta(minutes=1), lambda: Round(()))
    return reconcile(watch, Round(found, frozenset(unsure)))


def kinds() -> list[str]:
    return list(Entry.objects.filter(kind__startswith="finding.").order_by("seq").values_list("kind", flat=True))


def test_what_is_noticed_again_is_one_finding_and_one_record(office: Office) -> None:
    assert round_of(noticed()).opened == 1
    assert round_of(noticed()).opened == 0
    assert Finding.objects.count() == 1
    assert kinds() == ["finding.opened"]


def test_the_same_answer_twice_changes_nothing(office: Office) -> None:
    same = noticed()
    round_of(same)
    assert round_of(same) == Kept()


def test_what_is_gone_is_resolved_and_what_comes_back_is_another_finding(office: Office) -> None:
    round_of(noticed())
    assert round_of().resolved == 1
    first = Finding.objects.get()
    assert (first.state, first.resolved_at is not None) == ("resolved", True)
    assert round_of(noticed()).opened == 1
    assert Finding.objects.count() == 2
    assert kinds() == ["finding.opened", "finding.resolved", "finding.opened"]


def test_what_only_a_newer_look_can_tell_is_left_as_it_is(office: Office) -> None:
    round_of(noticed())
    assert round_of(unsure=["a"]) == Kept()
    assert Finding.objects.get().state == "open"


def test_what_aws_told_further_stays_when_it_is_noticed_again(office: Office) -> None:
    round_of(noticed(evidence={"n": 1}))
    Finding.objects.update(evidence={"n": 1, "made_by": "arn:aws:iam::410122300000:user/x"})
    round_of(noticed(evidence={"n": 2}))
    assert Finding.objects.get().evidence == {"n": 2, "made_by": "arn:aws:iam::410122300000:user/x"}


def test_suppressed_stays_so_while_it_is_noticed_and_is_open_again_when_its_time_is_over(office: Office) -> None:
    round_of(noticed())
    Finding.objects.update(state="suppressed", until=database_now() + timedelta(days=1))
    round_of(noticed())
    assert Finding.objects.get().state == "suppressed"
    Finding.objects.update(until=database_now() - timedelta(seconds=1))
    assert round_of(noticed()).woken == 1
    assert Finding.objects.get().state == "open"
    assert kinds()[-1] == "finding.reopened"


def test_a_round_that_broke_off_half_way_is_completed_by_the_next_without_a_finding_twice(office: Office) -> None:
    all_of_them = [noticed(f"k{n}") for n in range(250)]
    with pytest.raises(TypeError):
        round_of(*all_of_them[:249], noticed("k249", evidence={"not": object()}))
    assert Finding.objects.count() == 200  # what was committed before it broke off stands
    assert round_of(*all_of_them).opened == 50
    assert Finding.objects.count() == 250
    assert kinds().count("finding.opened") == 250


def test_one_of_another_watch_is_left_alone(office: Office) -> None:
    round_of(noticed())
    Finding.objects.update(watch="another")
    assert round_of() == Kept()


@pytest.fixture
def mail(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    return office


def events() -> list[tuple[str, str, int | None]]:
    return [(one.kind, one.params["team"], one.params.get("n")) for one in Event.objects.order_by("id")]


def test_a_grave_one_is_told_as_such_and_a_finding_that_became_grave_again(mail: Office) -> None:
    round_of(noticed(), noticed("b", Severity.HIGH))
    round_of(noticed(severity=Severity.HIGH), noticed("b", Severity.HIGH))
    assert events() == [
        ("finding", "payments", None),
        ("finding_high", "payments", None),
        ("finding_high", "payments", None),
    ]


def test_a_first_day_with_very_many_is_told_as_a_number(mail: Office) -> None:
    round_of(*(noticed(f"k{n}") for n in range(30)))
    assert Finding.objects.count() == 30
    assert sorted(events()) == [("findings", "", 30), ("findings", "payments", 30)]


def test_among_very_many_the_grave_ones_are_told_one_by_one_and_too_many_of_them_at_once(mail: Office) -> None:
    round_of(noticed("grave", Severity.HIGH), *(noticed(f"k{n}") for n in range(30)))
    assert sorted(events()) == [("finding_high", "payments", None), ("findings", "", 30), ("findings", "payments", 30)]
    Event.objects.all().delete()
    grave = [noticed(f"g{n}", Severity.HIGH) for n in range(15)]
    round_of(noticed("grave", Severity.HIGH), *(noticed(f"k{n}") for n in range(30)), *grave)
    told = [kind for kind, _team, _n in events()]
    assert told.count("finding_high") == 10
    assert [(team, n) for kind, team, n in events() if kind == "findings_high"] == [("", 5), ("payments", 5)]


def test_a_watch_enters_its_duty_and_no_name_twice() -> None:
    assert any(duty.name == "watch_drift" for duty in duties.DUTIES)
    with pytest.raises(ValueError, match="registered twice"):
        register(Watch("drift", "Drift", "", timedelta(minutes=1), lambda: Round(())))
