"""A population that proves itself complete, and a sample that anybody draws again without the desk."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request, Rule
from kumoban.evidence.audit.models import Sample
from kumoban.evidence.audit.population import Item, Proof, digest_of, population
from kumoban.evidence.audit.room import Period
from kumoban.evidence.audit.sampling import draw, draws_before, population_of, ranked, sample_of, samples
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from kumoban.ledger.record import record, writing
from tests.integration.conftest import Office, lift_protection
from tests.integration.evidence.audit.auditors import WEEK, auditor, form, guest, rules_recorded


def ask(office: Office, times: int) -> list[str]:
    body = {"subject": "依頼です", "what": "お願いします。"}
    return [requests.ask(office.actor("sato"), "other-request", body).number for _ in range(times)]


def drawn(office: Office, **changed: object) -> Sample:
    return draw(office.actor(auditor(office)), form(**changed))


def of(kind: str = "requests") -> Proof:
    now = database_now()
    return population(kind, Period(now - WEEK, now + WEEK)).proof


def test_the_sample_is_drawn_again_with_nothing_but_the_list_and_the_seed(office: Office) -> None:
    asked = ask(office, 12)
    made = drawn(office, size=5)
    by_hand = sorted(asked, key=lambda number: hashlib.sha256(f"{made.seed}\n{number}".encode()).hexdigest())
    assert [item["key"] for item in made.chosen] == by_hand[:5]
    assert made.digest == hashlib.sha256("".join(f"{number}\n" for number in asked).encode()).hexdigest()
    assert made.count == 12


def test_the_same_seed_draws_the_same_and_another_one_differs(office: Office) -> None:
    ask(office, 12)
    first, again = (drawn(office, size=6, seed="dice4216") for _ in range(2))
    assert first.chosen == again.chosen
    assert first.chosen != drawn(office, size=6, seed="dice4217").chosen


def test_who_draws_until_they_like_it_is_seen(office: Office) -> None:
    ask(office, 3)
    now = database_now()
    asked = form(since=now - WEEK, until=now + WEEK)
    made = [draw(office.actor(auditor(office)), asked) for _ in range(3)]
    assert [draws_before(sample) for sample in made] == [0, 1, 2]
    entries = Entry.objects.filter(kind="audit.sample_drawn").order_by("seq")
    told = [json.loads(entry.body)["facts"] for entry in entries]
    assert [facts["seed"] for facts in told] == [sample.seed for sample in made]
    assert {facts["digest"] for facts in told} == {made[0].digest}


def test_what_comes_later_does_not_change_what_was_drawn_from(office: Office) -> None:
    ask(office, 4)
    made = drawn(office)
    ask(office, 2)
    assert population_of(made).digest == made.digest
    assert len(population_of(made).items) == 4


def test_a_whole_population_is_proved(office: Office) -> None:
    ask(office, 4)
    proof = Proof.from_stored(drawn(office).proof)
    assert proof.complete
    assert (proof.recorded, proof.entries) == (4, proof.last - proof.first + 1)


def test_a_request_that_was_deleted_is_missed(office: Office) -> None:
    _kept, gone = ask(office, 2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE desk_request SET number = 'R-999999' WHERE number = %s", [gone])
    proof = of()
    assert proof.rows_missing == [gone]
    assert proof.rows_unrecorded == ["R-999999"]
    assert not proof.complete


def test_an_entry_taken_out_of_the_ledger_is_found(office: Office) -> None:
    numbers = ask(office, 3)
    lift_protection()
    gone = Entry.objects.get(kind="request.asked", subject=numbers[1]).pk
    EntryText.objects.filter(entry_id=gone).delete()
    Entry.objects.filter(pk=gone).delete()
    proof = of()
    assert "entry_missing" in {code for _seq, code in proof.chain}
    assert proof.rows_unrecorded == [numbers[1]]


def test_an_entry_rewritten_is_found(office: Office) -> None:
    numbers = ask(office, 3)
    lift_protection()
    entry = Entry.objects.get(kind="request.asked", subject=numbers[1])
    Entry.objects.filter(pk=entry.pk).update(body=entry.body.replace("other-request", "other-requesT"))
    assert of().chain == [[entry.seq, "entry_changed"]]


def test_a_rule_changed_behind_the_desk_is_found(office: Office) -> None:
    rules_recorded()
    assert of("rule_changes").complete
    Rule.objects.update(approvers=[])
    assert of("rule_changes").rows_differ == [f"rule:{Rule.objects.get().pk}"]


def test_a_rule_that_nobody_saved_is_found(office: Office) -> None:
    assert of("rule_changes").rows_unrecorded == [f"rule:{Rule.objects.get().pk}"]


def test_numbers_that_were_never_given_out_are_told_and_no_fault(office: Office) -> None:
    numbers = ask(office, 3)
    first, middle, last = (int(number.removeprefix("R-")) for number in numbers)
    assert middle == first + 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE desk_request SET number = %s WHERE number = %s", [f"R-{last + 2}", numbers[2]])
    lift_protection()
    entry = Entry.objects.get(kind="request.asked", subject=numbers[2])
    Entry.objects.filter(subject=numbers[2]).update(subject=f"R-{last + 2}")
    proof = of()
    assert proof.numbers_unused == [numbers[2], f"R-{last + 1}"]
    assert (entry.seq, "columns_changed") in {(seq, code) for seq, code in proof.chain}


def test_approvals_and_grants_are_populations_too(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    assert [item["subject"] for item in drawn(office, kind="approvals").chosen] == [made.number]
    assert drawn(office, kind="grants").count == 4
    assert of("grants").complete
    assert of("approvals").complete
    with connection.cursor() as cursor:
        cursor.execute("UPDATE desk_approval SET person_id = 'u-tanaka'")
    assert not of("approvals").complete


def test_nothing_to_draw_from_is_said(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        drawn(office, kind="emergencies")
    assert refused.value.reasons[0].code == "population_empty"


@pytest.mark.parametrize("name", ["sato", "suzuki", "takahashi", "kim"])
def test_who_is_audited_draws_nothing(office: Office, name: str) -> None:
    ask(office, 1)
    with pytest.raises(Refused) as refused:
        draw(office.actor(name), form())
    assert refused.value.attempt
    assert not Sample.objects.exists()


def test_a_guest_draws_within_their_period_only(office: Office) -> None:
    ask(office, 2)
    now = database_now()
    guest(office, since=now - WEEK, until=now + WEEK)
    endo = office.actor("endo")
    made = draw(endo, form(since=now - WEEK, until=now + WEEK))
    assert [sample.pk for sample in samples(endo)] == [made.pk]
    with pytest.raises(Refused) as refused:
        draw(endo, form(since=now - 2 * WEEK, until=now + WEEK))
    assert refused.value.reasons[0].code == "outside_guest_period"


def test_a_guest_does_not_see_what_others_drew(office: Office) -> None:
    ask(office, 2)
    made = drawn(office)
    guest(office)
    with pytest.raises(Refused):
        sample_of(office.actor("endo"), made.pk)


def test_requests_are_all_there_though_many_are_asked_at_once(office: Office) -> None:
    ask(office, 3)
    with writing():
        record("something.else", actor="desk", subject="x")
    ask(office, 3)
    assert of().recorded == Request.objects.count() == 6


@given(st.lists(st.text("ABCDEFGHIJ-0123456789 :#", min_size=1, max_size=12), unique=True, max_size=30), st.text())
def test_the_order_does_not_depend_on_the_list_s_order(keys: list[str], seed: str) -> None:
    items = [Item(key, n, datetime(2026, 4, 1, tzinfo=UTC), key, "desk") for n, key in enumerate(keys)]
    forward = [item.key for _score, item in ranked(seed, items)]
    assert forward == [item.key for _score, item in ranked(seed, items[::-1])]
    assert sorted(forward) == sorted(keys)
    assert len(keys) < 2 or digest_of(keys) != digest_of(keys[::-1])


def test_a_period_moved_by_a_moment_is_the_same_population_drawn_again(office: Office) -> None:
    auditor(office)
    for _ in range(3):
        requests.ask(office.actor("sato"), "temporary-access", office.form())
    first = form(size=1)
    one = draw(office.actor("ito"), first)
    two = draw(office.actor("ito"), form(size=1, since=first.since, until=first.until - timedelta(microseconds=1)))
    assert one.digest == two.digest
    assert draws_before(two) == 1


def test_whose_seed_it_was_is_in_the_ledger(office: Office) -> None:
    auditor(office)
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    drawn = [draw(office.actor("ito"), form(size=1, **said)) for said in ({"seed": "seed000001"}, {})]
    said = [json.loads(Entry.objects.get(subject=f"sample:{one.pk}").body)["facts"]["seed_by"] for one in drawn]
    assert said == ["auditor", "desk"]
