"""Making a pack: a ZIP whose manifest names every file by its digest, and whose tables are what its ledger holds."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db.models import Max, Min

from kumoban.core.spreadsheet import csv_lines
from kumoban.evidence.audit.models import Pack, Sample
from kumoban.evidence.audit.pack import tables
from kumoban.evidence.audit.pack.tables import Row
from kumoban.evidence.audit.paper.binder import binder
from kumoban.evidence.audit.paper.letters import letters
from kumoban.evidence.audit.paper.sheet import Document, pdf, texts_of
from kumoban.evidence.audit.paper.summary import summary
from kumoban.evidence.audit.population import KINDS, Population, population
from kumoban.evidence.audit.room import Period
from kumoban.ledger.chain import GENESIS
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText, Head
from kumoban.ledger.seal import seals

__all__ = ["FORMAT", "Built", "build"]

FORMAT = "kumoban.audit-pack/1"
_CHUNK = 2000


@dataclass(frozen=True)
class Built:
    """``digest`` is the manifest's."""

    digest: str
    counts: dict[str, int]


@dataclass
class _Writing:
    archive: zipfile.ZipFile
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, chunks: Iterable[bytes], *, listed: bool = True) -> None:
        """The same bytes give the same file, whenever it is made."""
        digest, size = hashlib.sha256(), 0
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with self.archive.open(entry, "w") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        if listed:
            self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def json(self, name: str, value: Any) -> None:
        self.add(name, [_json(value)])

    def table(self, name: str, rows: Sequence[Row], columns: Sequence[str] = ()) -> None:
        head = list(rows[0]) if rows else list(columns or ["key"])
        self.json(f"{name}.json", rows)
        cells = ([row[column] for column in head] for row in rows)
        self.add(f"{name}.csv", (line.encode() for line in csv_lines(head, cells)))


def build(pack: Pack, into: IO[bytes]) -> Built:
    """Write the whole pack. The ledger is taken as it stands now; what is written meanwhile is left out."""
    period, head = Period(pack.since, pack.until), Head.objects.get(pk=1)
    first, last = _range(period, head.seq)
    inside = _entries_of(period, first, last)
    with zipfile.ZipFile(into, "w") as archive:
        writing = _Writing(archive)
        ledger = _Chain()
        writing.add("ledger.jsonl", ledger.lines(first, last))
        writing.add("texts.jsonl", _texts(first, last))
        writing.json("seals.json", [seal.__dict__ for seal in seals() if first <= seal.count][-500:])
        counts = {"entries": len(inside), **_tables(writing, inside, pack, head.seq)}
        writing.add("verify.py", [Path(__file__).with_name("verify.py").read_bytes()])
        writing.add("README.txt", [_README.encode()])
        manifest = _json(
            {
                "format": FORMAT,
                "desk": settings.KUMOBAN_BASE_URL,
                "period": {"since": pack.since.isoformat(), "until": pack.until.isoformat()},
                "ordered_by": pack.ordered_by_id,
                "ordered_at": pack.ordered_at.isoformat(),
                "made_at": database_now().isoformat(),
                "ledger": {
                    "first": first,
                    "count": ledger.count,
                    "before": _digest_before(first),
                    "after": ledger.last,
                    "plain_chain": ledger.plain,
                    "open_end": not Entry.objects.filter(seq=last, at__gte=pack.until).exists(),
                },
                "counts": counts,
                "files": writing.files,
            }
        )
        digest = hashlib.sha256(manifest).hexdigest()
        writing.add("manifest.json", [manifest], listed=False)
        writing.add("manifest.sha256", [f"{digest}  manifest.json\n".encode()], listed=False)
    return Built(digest, counts)


def _range(period: Period, head: int) -> tuple[int, int]:
    """The entries of the period without a gap, and one before and behind: they show that nothing is cut off."""
    of_period = Entry.objects.filter(at__gte=period.since, at__lt=period.until, seq__lte=head)
    ends = of_period.aggregate(first=Min("seq"), last=Max("seq"))
    if ends["first"] is None:
        before = Entry.objects.filter(at__lt=period.since, seq__lte=head).aggregate(last=Max("seq"))["last"] or 0
        return max(before, 1), min(max(before, 1) + 1, head)
    return max(ends["first"] - 1, 1), min(ends["last"] + 1, head)


def _entries_of(period: Period, first: int, last: int) -> list[Entry]:
    found = Entry.objects.filter(seq__gte=first, seq__lte=last, at__gte=period.since, at__lt=period.until)
    return list(found.order_by("seq"))


class _Chain:
    """The ledger as it goes by: how many, the last digest, and a chain that anybody can recompute without the key."""

    def __init__(self) -> None:
        self.count, self.last, self.plain = 0, GENESIS, "0" * 64

    def lines(self, first: int, last: int) -> Iterator[bytes]:
        self.last = _digest_before(first)
        rows = Entry.objects.filter(seq__gte=first, seq__lte=last).order_by("seq")
        for seq, body, digest in rows.values_list("seq", "body", "digest").iterator(_CHUNK):
            self.count, self.last = self.count + 1, digest
            self.plain = hashlib.sha256((self.plain + body).encode()).hexdigest()
            yield _json({"seq": seq, "digest": digest, "body": body})


def _digest_before(first: int) -> str:
    return Entry.objects.filter(seq=first - 1).values_list("digest", flat=True).first() or GENESIS


def _texts(first: int, last: int) -> Iterator[bytes]:
    """With their salts, so that each is held against its entry; what was erased stays erased."""
    found = EntryText.objects.filter(entry_id__gte=first, entry_id__lte=last).order_by("entry_id", "name")
    for text in found.iterator(_CHUNK):
        yield _json({"entry": text.entry_id, "name": text.name, "text": text.text, "salt": text.salt})


def _tables(writing: _Writing, inside: Sequence[Entry], pack: Pack, head: int) -> dict[str, int]:
    requests, approvals = tables.requests(inside), tables.approvals(inside)
    grants, changes = tables.grants(inside), tables.rule_changes(inside)
    evidence = tables.evidence([row["key"] for row in requests])
    named = {
        "requests": requests,
        "approvals": approvals,
        "grants": grants,
        "evidence": evidence,
        "rule_changes": changes,
        "people": tables.people([*requests, *approvals, *grants, *evidence, *changes]),
    }
    for name, rows in named.items():
        writing.table(name, rows)
    drawn = list(Sample.objects.filter(since__gte=pack.since, until__lte=pack.until).order_by("pk"))
    writing.json("samples.json", [_sample(one) for one in drawn])
    proved = [population(kind, Period(pack.since, pack.until), head) for kind in KINDS]
    writing.json("proofs.json", {found.kind: _proof(found) for found in proved})
    _papers(writing, summary(pack, named, proved, drawn), drawn)
    return {name: len(rows) for name, rows in named.items()}


def _papers(writing: _Writing, first: Document, drawn: Sequence[Sample]) -> None:
    """The summary, and a binder for each item of each sample; one set of letters for all of them."""
    papers = {f"summary.{first.language}.pdf": first}
    for one in drawn:
        for rank in range(1, len(one.chosen) + 1):
            papers[f"binders/sample-{one.pk}/{rank:03}.pdf"] = binder(one, rank)
    cut = letters(text for document in papers.values() for text in texts_of(document))
    for name, document in papers.items():
        writing.add(name, [pdf(document, cut)])


def _sample(one: Sample) -> dict[str, Any]:
    fields = ("kind", "head", "count", "digest", "proof", "seed", "size", "chosen")
    period = {"since": one.since.isoformat(), "until": one.until.isoformat()}
    return {"id": one.pk, **period, **{name: getattr(one, name) for name in fields}}


def _proof(found: Population) -> dict[str, Any]:
    return {**found.proof.stored(), "count": len(found.items), "digest": found.digest, "complete": found.proof.complete}


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode()


_README = """\
監査資料 / Audit pack (Kumoban)

検証: python3 verify.py            (Python 3.10 以降。ほかに何も必要ありません)
      python3 verify.py --manifest <画面または監査証跡に表示されたダイジェスト>
Verify: python3 verify.py          (Python 3.10 or newer, nothing else)
        python3 verify.py --manifest <the digest shown on the desk's page or in its ledger>

manifest.json  すべてのファイルのダイジェスト / the digest of every file
ledger.jsonl   監査証跡(期間の前後 1 件を含む) / the ledger, with one entry before and one behind the period
texts.jsonl    監査証跡の文章 / the texts of its entries
requests, approvals, grants, evidence, rule_changes, people (.json, .csv)
summary.*.pdf  要約 / the summary; binders/  サンプル 1 件ごとの資料 / one for each item of a sample
proofs.json    母集団の網羅性 / whether the populations are complete
samples.json   抽出したサンプル / samples drawn within the period
seals.json     データベース外の封印 / seals kept outside the database

個人情報を含みます。必要な期間だけ保管し、その後は廃棄してください。
It holds personal data: keep it no longer than it is needed.
"""
