#!/usr/bin/env python3
"""Verify an audit pack of Kumoban without Kumoban: Python 3.10 or newer, nothing else.  監査資料の検証

    python3 verify.py [PACK.zip or folder] [--manifest SHA256] [--key ledger.key] [--export FOLDER]

Files against the manifest; the ledger without a gap, its texts and plain chain; every request, approval and grant
of the period's entries in the tables and no other; CSV like JSON. --manifest: the digest from the desk's page, its
ledger or the summary. --key: also the HMAC chain, with its custodian. --export: entries byte for byte as in the
segments exported to a locked store. Exit code 0: nothing was found wrong.
"""

import argparse
import csv
import gzip
import hashlib
import hmac
import io
import json
import re
import sys
import zipfile
from datetime import datetime
from pathlib import Path

faults: list[str] = []


def check(right: bool, fault: str) -> None:
    if not right:
        faults.append(fault)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lines(data: bytes) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in data.decode().split("\n") if line]


def read(place: Path) -> dict[str, bytes]:
    if place.is_dir():
        return {str(p.relative_to(place)).replace("\\", "/"): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    with zipfile.ZipFile(place) as pack:
        check(len(pack.namelist()) == len(set(pack.namelist())), "a name is in the ZIP twice")
        return {name: pack.read(name) for name in pack.namelist()}


def verify(files: dict[str, bytes], wanted: str, key: bytes, export: dict[int, str]) -> str:
    manifest, digest = json.loads(files["manifest.json"]), sha(files["manifest.json"])
    check(files["manifest.sha256"].decode() == f"{digest}  manifest.json\n", "manifest.sha256 differs")
    check(not wanted or wanted.lower() == digest, "the manifest is not the one that was recorded")
    check(set(manifest["files"]) == set(files) - {"manifest.json", "manifest.sha256"}, "files are missing or added")
    for name, told in manifest["files"].items():
        check(
            sha(files.get(name, b"")) == told["sha256"] and len(files.get(name, b"")) == told["bytes"],
            f"{name} differs",
        )
    ledger, told, before = lines(files["ledger.jsonl"]), manifest["ledger"], manifest["ledger"]["before"]
    since, until = (datetime.fromisoformat(manifest["period"][name]) for name in ("since", "until"))
    plain, texts = "0" * 64, {(t["entry"], t["name"]): t for t in lines(files["texts.jsonl"])}
    found: dict[str, set[str]] = {"requests": set(), "approvals": set(), "grants": set()}
    stated, inside = 0, 0
    for number, entry in enumerate(ledger, told["first"]):
        body = json.loads(entry["body"])
        check(entry["seq"] == body["seq"] == number, f"entry {number} is missing or out of order")
        check(
            not key or hmac.new(key, (before + entry["body"]).encode(), hashlib.sha256).hexdigest() == entry["digest"],
            f"entry {number} is not as it was chained",
        )
        check(export.get(number, entry["body"]) == entry["body"], f"entry {number} is not as it was exported")
        plain, before = sha((plain + entry["body"]).encode()), entry["digest"]
        for name, salted in body["texts"].items():
            text, stated = texts.get((number, name), {"text": "", "salt": ""}), stated + 1
            check(
                text["text"] is None or sha((text["salt"] + text["text"]).encode()) == salted,
                f"text of {number} differs",
            )
        if since <= datetime.fromisoformat(body["at"]) < until:
            inside += 1
            if re.fullmatch(r"R-\d+", body["subject"]):
                found["requests"].add(body["subject"])
            if body["kind"] == "request.sealed":
                found["approvals"].add(f"{body['subject']}#{number}")
            if body["kind"] == "grant.active":
                found["grants"].add(f"{body['subject']} {body['facts'].get('thing', '')}")
    check(len(ledger) == told["count"] and before == told["after"], "the end of the ledger differs")
    check(plain == told["plain_chain"], "the plain chain differs")
    check(stated == len(texts), "texts are missing or added")
    check(inside == manifest["counts"]["entries"], "the count of entries differs")
    moments = [datetime.fromisoformat(json.loads(entry["body"])["at"]) for entry in ledger]
    check(told["first"] == 1 or bool(moments and moments[0] < since), "the beginning of the period is cut")
    check(told["open_end"] or bool(moments and moments[-1] >= until), "the end of the period is cut")
    for name, keys in found.items():
        rows = json.loads(files[f"{name}.json"])
        check({row["key"] for row in rows} == keys, f"{name}: the table is not what the ledger holds")
        check(len(rows) == len(keys) == manifest["counts"][name], f"{name}: the count differs")
        cells = list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode("utf-8-sig"), newline="")))
        check(len(cells) == len(rows), f"{name}.csv: the count differs")
        check(
            all(row[k] == c[k] or f"'{row[k]}" == c[k] for row, c in zip(rows, cells, strict=False) for k in row),
            f"{name}.csv differs",
        )
    print(
        f"{manifest['period']['since']} – {manifest['period']['until']}: {inside} entries, "
        + ", ".join(f"{len(keys)} {name}" for name, keys in found.items())
        + f"\nmanifest {digest}"
    )
    return digest


def problems(
    files: dict[str, bytes], wanted: str = "", key: bytes = b"", export: dict[int, str] | None = None
) -> list[str]:
    faults.clear()
    try:
        verify(files, wanted, key, export or {})
    except Exception as broken:  # whatever was done to a pack, the answer is no, and where
        faults.append(f"the pack cannot be read: {broken!r}")
    return list(dict.fromkeys(faults))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--manifest", default="")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--export", type=Path)
    given = parser.parse_args()
    try:
        parts = sorted(given.export.rglob("*.jsonl.gz")) if given.export else ()
        export = {e["seq"]: e["body"] for part in parts for e in lines(gzip.decompress(part.read_bytes()))}
        found = problems(read(given.pack), given.manifest, given.key.read_bytes() if given.key else b"", export)
    except Exception as broken:
        found = [f"it cannot be read: {broken!r}"]
    for fault in found:
        print(f"NG {fault}")
    print("NG  不備があります" if found else "OK  不備はありません")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
