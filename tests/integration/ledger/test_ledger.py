"""The record: what is written stays, what is touched shows, and what is personal can be forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from kumoban.ledger.models import Entry, EntryText, Head
from kumoban.ledger.record import BODY_LIMIT, erase_texts, record, writing
from kumoban.ledger.seal import WentBack, seal_head
from kumoban.ledger.verify import verify

pytestmark = pytest.mark.usefixtures("ledger")


def write(count: int = 1, **texts: str) -> None:
    for number in range(count):
        with writing():
            record("request.asked", actor="u-sato", subject=f"R-{number}", facts={"n": number}, texts=texts)


def faults() -> set[str]:
    return {code for _seq, code in verify().faults}


# --- writing


def test_entries_are_numbered_without_gaps_and_the_chain_is_whole() -> None:
    write(5)
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    assert verify().whole


def test_what_is_rolled_back_leaves_neither_entry_nor_gap() -> None:
    def broken() -> None:
        with writing():
            record("request.asked", actor="u-sato", subject="R-9")
            raise RuntimeError

    write()
    with pytest.raises(RuntimeError):
        broken()
    write()
    assert Entry.objects.count() == 2
    assert verify().whole


def test_nothing_is_recorded_outside_a_transaction_that_writes() -> None:
    with pytest.raises(RuntimeError):
        record("request.asked", actor="u-sato", subject="R-1")


def test_an_entry_larger_than_the_limit_is_refused_with_its_transaction() -> None:
    with pytest.raises(ValueError, match="larger"), writing():
        record("request.asked", actor="u-sato", subject="R-1", facts={"long": "x" * BODY_LIMIT})
    assert not Entry.objects.exists()


def test_many_writers_at_once_make_one_chain() -> None:
    def some() -> None:
        try:
            write(15)
        finally:
            connection.close()

    threads = [threading.Thread(target=some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Entry.objects.count() == Head.objects.get().seq == 90
    assert verify().whole


# --- append-only


@pytest.mark.parametrize(
    "change",
    [
        lambda: Entry.objects.update(actor="u-other"),
        lambda: Entry.objects.filter(seq=1).delete(),
        lambda: EntryText.objects.update(text="anders"),
        lambda: EntryText.objects.all()._raw_delete("default"),
    ],
    ids=["change an entry", "delete an entry", "change a text", "delete a text"],
)
def test_the_database_itself_refuses_to_change_the_record(change: Callable[[], Any]) -> None:
    write(2, reason="決済エラーの調査")
    with pytest.raises(DatabaseError), transaction.atomic():
        change()
    assert verify().whole


# --- what an owner of the database could try


def test_a_changed_fact_names_its_entry(unprotected: Callable[[], Any]) -> None:
    write(4)
    with unprotected():
        entry = Entry.objects.get(seq=3)
        Entry.objects.filter(seq=3).update(body=entry.body.replace('"n":2', '"n":7'))
    assert verify().faults == ((3, "entry_changed"),)


def test_a_changed_column_shows_although_the_signed_bytes_are_whole(unprotected: Callable[[], Any]) -> None:
    write(2)
    with unprotected():
        Entry.objects.filter(seq=2).update(actor="u-somebody-else")
    assert verify().faults == ((2, "columns_changed"),)


def test_an_entry_taken_out_of_the_middle_shows(unprotected: Callable[[], Any]) -> None:
    write(4)
    with unprotected():
        Entry.objects.filter(seq=2)._raw_delete("default")
    assert "entry_missing" in faults()


def test_a_tail_that_was_cut_with_the_head_set_back_shows_by_the_seal(unprotected: Callable[[], Any]) -> None:
    write(4)
    seal_head()
    with unprotected():
        Entry.objects.filter(seq__gt=2)._raw_delete("default")
        Head.objects.update(seq=2, digest=Entry.objects.get(seq=2).digest)
    assert faults() == {"seal_differs"}


def test_a_head_that_was_set_back_alone_shows(unprotected: Callable[[], Any]) -> None:
    write(3)
    with unprotected():
        Head.objects.update(seq=2, digest=Entry.objects.get(seq=2).digest)
    assert faults() == {"head_differs"}


def test_a_text_that_was_exchanged_shows(unprotected: Callable[[], Any]) -> None:
    write(1, reason="調査")
    with unprotected():
        EntryText.objects.update(text="保守")
    assert verify().faults == ((1, "text_changed"),)


# --- forgetting


def test_an_erased_text_is_gone_and_the_chain_stays_whole() -> None:
    write(2, reason="佐藤さんの自宅の電話番号")
    assert erase_texts([1], actor="u-ops", reason="本人の請求") == 1
    assert EntryText.objects.get(entry_id=1).text is None
    assert EntryText.objects.get(entry_id=2).text is not None
    assert Entry.objects.latest("seq").kind == "ledger.texts_erased"
    assert verify().whole


def test_no_text_stands_in_the_signed_bytes() -> None:
    write(1, reason="佐藤さんの自宅の電話番号")
    assert "佐藤" not in Entry.objects.get().body


# --- the seal


def test_a_seal_is_written_once_for_each_state_of_the_head() -> None:
    write()
    seal_head()
    seal_head()
    write()
    seal_head()
    assert len(Path(settings.KUMOBAN_LEDGER_SEAL_FILE).read_text().splitlines()) == 2


def test_a_seal_file_cut_in_the_middle_of_a_line_is_still_read() -> None:
    write()
    seal_head()
    with Path(settings.KUMOBAN_LEDGER_SEAL_FILE).open("a") as file:
        file.write('{"at": "2026-')
    assert verify().whole


def test_a_tail_that_was_cut_is_never_sealed_over(unprotected: Callable[[], Any]) -> None:
    write(4)
    seal_head()
    with unprotected():
        Entry.objects.filter(seq__gt=2)._raw_delete("default")
        Head.objects.update(seq=2, digest=Entry.objects.get(seq=2).digest)
    with pytest.raises(WentBack):
        seal_head()
    assert faults() == {"seal_differs"}


def test_a_tail_written_anew_over_a_cut_one_shows(unprotected: Callable[[], Any]) -> None:
    write(4)
    seal_head()
    with unprotected():
        Entry.objects.filter(seq__gt=2)._raw_delete("default")
        Head.objects.update(seq=2, digest=Entry.objects.get(seq=2).digest)
    write(5)
    with pytest.raises(WentBack):
        seal_head()
    assert faults() == {"seal_differs"}


def test_what_is_written_while_the_record_is_verified_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    write(3)
    module = import_module("kumoban.ledger.verify")
    read = module._entries

    def meanwhile(until: int) -> Any:
        write(1)
        seal_head()
        yield from read(until)

    monkeypatch.setattr(module, "_entries", meanwhile)
    assert verify().whole
