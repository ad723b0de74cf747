"""An audit pack proves itself without the desk: what is changed, taken out or put in is found by a page of Python."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.guests.models import Guest
from kumoban.evidence.audit.models import Pack, PackPart
from kumoban.evidence.audit.pack import ordering
from kumoban.evidence.audit.pack.ordering import PackForm, content_of, make_ordered, order, pack_of
from kumoban.evidence.audit.pack.verify import problems
from kumoban.ledger.chain import chain_key
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import erase_texts, record, writing
from tests.integration.conftest import Office
from tests.integration.evidence.audit.auditors import WEEK, auditor, guest, rules_recorded

Files = dict[str, bytes]


def worked(office: Office) -> None:
    """A period with a request that was granted and ended, one without approval, and a rule that was saved."""
    rules_recorded()
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest, comment="確認しました")
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    requests.ask(office.actor("sato"), "other-request", {"subject": "=危険な表計算", "what": "お願いします。"})


def ordered(office: Office, **changed: Any) -> Pack:
    now = database_now()
    values = {"since": now - WEEK, "until": now + WEEK, **changed}
    return order(office.actor(auditor(office)), PackForm.model_validate(values))


def made(office: Office, **changed: Any) -> Pack:
    pack = ordered(office, **changed)
    make_ordered()
    pack.refresh_from_db()
    assert pack.state == "made", pack.error
    return pack


def files_of(pack: Pack) -> Files:
    with zipfile.ZipFile(io.BytesIO(b"".join(content_of(pack)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_untouched_pack_is_found_whole_also_with_the_chain_s_key(office: Office) -> None:
    worked(office)
    pack = made(office)
    assert problems(files_of(pack), pack.digest) == []
    assert problems(files_of(pack), pack.digest, chain_key()) == []
    assert "not as it was chained" in problems(files_of(pack), "", b"another key")[0]


def test_the_script_in_the_pack_runs_by_itself(office: Office, tmp_path: Path) -> None:
    worked(office)
    pack = made(office)
    place = tmp_path / "pack.zip"
    place.write_bytes(b"".join(content_of(pack)))
    with zipfile.ZipFile(place) as archive:
        archive.extractall(tmp_path / "out")
    run = [sys.executable, "-I", str(tmp_path / "out" / "verify.py")]
    for arguments in ([], [str(place), "--manifest", pack.digest]):
        done = subprocess.run([*run, *arguments], capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, "OK" in done.stdout) == (0, True), done.stdout + done.stderr
    (tmp_path / "out" / "requests.csv").write_bytes(b"key\n")
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "NG requests.csv" in done.stdout


def test_the_script_is_a_page_and_needs_nothing_but_python() -> None:
    source = Path(ordering.__file__).with_name("verify.py").read_text("utf-8")
    assert len(source.splitlines()) <= 150
    assert "kumoban." not in source.replace("kumoban.audit", "")


def test_any_byte_changed_anywhere_is_found(office: Office) -> None:
    worked(office)
    files = files_of(made(office))
    names = sorted(files)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(st.sampled_from(names), st.integers(0, 10**9), st.integers(1, 255))
    def changed(name: str, place: int, by: int) -> None:
        content = bytearray(files[name])
        content[place % len(content)] ^= by
        assert problems({**files, name: bytes(content)})

    changed()


def _rehashed(files: Files) -> Files:
    """As somebody would who edits a pack and makes all its checksums anew."""
    manifest = json.loads(files["manifest.json"])
    body = {name: data for name, data in files.items() if not name.startswith("manifest")}
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in body.items()
    }
    told = json.dumps(manifest).encode()
    line = f"{hashlib.sha256(told).hexdigest()}  manifest.json\n".encode()
    return {**body, "manifest.json": told, "manifest.sha256": line}


def _without_request(files: Files) -> Files:
    rows = json.loads(files["requests.json"])[1:]
    lines = files["requests.csv"].decode("utf-8-sig").split("\r\n")
    csv = "\r\n".join([lines[0], *lines[2:]])
    return {**files, "requests.json": json.dumps(rows).encode(), "requests.csv": csv.encode("utf-8-sig")}


def _without_entry(files: Files) -> Files:
    lines = files["ledger.jsonl"].splitlines(keepends=True)
    return {**files, "ledger.jsonl": b"".join(lines[:5] + lines[6:])}


def _reason_changed(files: Files) -> Files:
    return {**files, "texts.jsonl": files["texts.jsonl"].replace("決済".encode(), "保守".encode())}


def _approver_changed(files: Files) -> Files:
    return {**files, "ledger.jsonl": files["ledger.jsonl"].replace(b"u-suzuki", b"u-tanaka")}


def _csv_differs(files: Files) -> Files:
    return {**files, "approvals.csv": files["approvals.csv"].replace(b"u-suzuki", b"u-tanaka")}


def _end_cut(files: Files) -> Files:
    return {**files, "ledger.jsonl": b"".join(files["ledger.jsonl"].splitlines(keepends=True)[:-3])}


@pytest.mark.parametrize(
    "edited", [_without_request, _without_entry, _reason_changed, _approver_changed, _csv_differs, _end_cut]
)
def test_who_edits_a_pack_and_makes_its_checksums_anew_is_found(
    office: Office, edited: Callable[[Files], Files]
) -> None:
    worked(office)
    pack = made(office)
    files = files_of(pack)
    assert problems(_rehashed(files)) == []
    assert edited(files) != files
    assert problems(_rehashed(edited(files)))
    assert problems(_rehashed(files), pack.digest) == ["the manifest is not the one that was recorded"]


def test_who_makes_the_plain_chain_anew_too_is_found_by_what_is_outside_the_pack(office: Office) -> None:
    worked(office)
    pack = made(office)
    files = _approver_changed(files_of(pack))
    manifest, plain = json.loads(files["manifest.json"]), "0" * 64
    for line in files["ledger.jsonl"].splitlines():
        plain = hashlib.sha256((plain + json.loads(line)["body"]).encode()).hexdigest()
    manifest["ledger"]["plain_chain"] = plain
    forged = {name: data.replace(b"u-suzuki", b"u-tanaka") for name, data in files.items()}
    forged = _rehashed({**forged, "manifest.json": json.dumps(manifest).encode()})
    exported = dict(Entry.objects.values_list("seq", "body"))
    assert problems(forged) == []
    assert problems(forged, pack.digest)
    assert problems(forged, "", chain_key())
    assert problems(forged, "", b"", exported)


def test_a_request_taken_out_of_the_database_is_told_in_its_place(office: Office) -> None:
    worked(office)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE desk_request SET number = 'R-777' WHERE routine = 'other-request'")
    rows = json.loads(files_of(made(office))["requests.json"])
    assert [row["state"] for row in rows] == ["ended", "MISSING"]


def test_what_was_erased_stays_erased_and_the_pack_is_whole(office: Office) -> None:
    worked(office)
    erase_texts(list(Entry.objects.values_list("seq", flat=True)), actor="u-takahashi", reason="case 7")
    pack = made(office)
    assert problems(files_of(pack), pack.digest, chain_key()) == []
    assert "確認しました" not in files_of(pack)["texts.jsonl"].decode()


def test_a_period_that_is_over_is_shown_to_end_where_it_ends(office: Office) -> None:
    worked(office)
    with writing():
        record("something.after", actor="desk", subject="x")
    last = Entry.objects.order_by("-seq")[0]
    pack = made(office, until=last.at)
    files = files_of(pack)
    assert not json.loads(files["manifest.json"])["ledger"]["open_end"]
    assert problems(files) == []
    cut = _rehashed(_end_cut(files))
    assert problems(cut)


def test_a_period_without_entries_makes_a_pack_too(office: Office) -> None:
    worked(office)
    first = Entry.objects.order_by("seq")[0]
    pack = made(office, since=first.at - 2 * WEEK, until=first.at - WEEK)
    assert pack.counts["entries"] == 0
    assert problems(files_of(pack), pack.digest) == []


def test_the_ledger_says_who_ordered_it_and_what_was_made(office: Office) -> None:
    worked(office)
    pack = made(office)
    assert Entry.objects.get(kind="audit.pack_ordered").actor == "u-ito"
    assert pack.digest in Entry.objects.get(kind="audit.pack_made").body


def test_people_are_names_and_user_names_and_nothing_more(office: Office) -> None:
    worked(office)
    people = json.loads(files_of(made(office))["people.json"])
    assert {row["key"] for row in people} >= {"u-sato", "u-ren", "u-suzuki"}
    assert {name for row in people for name in row} == {"key", "user_name", "name"}


def test_a_making_that_was_cut_off_leaves_nothing_and_the_next_makes_it_whole(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked(office)
    pack = ordered(office)
    monkeypatch.setattr(ordering, "_PART", 500)
    whole, counted = PackPart.objects.create, iter(range(3))

    def cut_off(**values: Any) -> PackPart:
        if next(counted, None) is None:
            raise KeyboardInterrupt
        return whole(**values)

    monkeypatch.setattr(PackPart.objects, "create", cut_off)
    with pytest.raises(KeyboardInterrupt):
        make_ordered()
    assert PackPart.objects.count() == 3
    with pytest.raises(Refused):
        list(content_of(Pack.objects.get(pk=pack.pk)))
    monkeypatch.setattr(PackPart.objects, "create", whole)
    make_ordered()
    pack.refresh_from_db()
    assert problems(files_of(pack), pack.digest) == []
    assert set(PackPart.objects.values_list("making", flat=True)) == {pack.making}


def test_what_cannot_be_made_is_given_up_and_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = ordered(office)

    def broken(*_given: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(ordering, "build", broken)
    for _ in range(4):
        make_ordered()
    pack.refresh_from_db()
    assert (pack.state, "no space left" in pack.error) == ("failed", True)
    assert Entry.objects.filter(kind="audit.pack_failed").count() == 1


@pytest.mark.parametrize("name", ["sato", "suzuki", "takahashi", "kim"])
def test_who_is_audited_orders_nothing(office: Office, name: str) -> None:
    now = database_now()
    with pytest.raises(Refused):
        order(office.actor(name), PackForm(since=now - WEEK, until=now))


def test_a_guest_s_pack_ends_with_their_stay(office: Office) -> None:
    worked(office)
    now = database_now()
    guest(office, since=now - WEEK, until=now + WEEK)
    endo = office.actor("endo")
    pack = order(endo, PackForm(since=now - WEEK, until=now))
    with pytest.raises(Refused):
        order(endo, PackForm(since=now - 2 * WEEK, until=now))
    assert pack_of(endo, pack.pk) == pack
    Guest.objects.update(since=now, until=now + WEEK)
    with pytest.raises(Refused):
        pack_of(office.actor("endo"), pack.pk)
