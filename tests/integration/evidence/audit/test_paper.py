"""Binders and summaries on paper: what they say can be read out of them again, in both languages, with its glyphs."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.utils import translation
from fontTools.ttLib import TTFont
from pdfminer.high_level import extract_text
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.evidence.audit.pack.ordering import content_of
from kumoban.evidence.audit.paper.binder import binder
from kumoban.evidence.audit.paper.letters import letters
from kumoban.evidence.audit.paper.sheet import Document, Facts, Said, Table, pdf
from kumoban.evidence.audit.sampling import draw
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.evidence.audit.auditors import auditor, form
from tests.integration.evidence.audit.test_pack import made, worked
from tests.integration.web.visitor import signed_in


def read(content: bytes) -> str:
    return extract_text(io.BytesIO(content))


def plain(text: str) -> str:
    """Without the breaks that a narrow column makes."""
    return "".join(text.split())


def fonts(content: bytes) -> dict[str, bool]:
    """Each font of the file by its name, and whether its glyphs are in the file."""
    found = {}
    opened = PDFDocument(PDFParser(io.BytesIO(content)))
    for number in (number for table in opened.xrefs for number in table.get_objids()):
        told = opened.getobj(number)
        if isinstance(told, dict) and getattr(told.get("Type"), "name", "") == "Font":
            descriptor = resolve1(told.get("FontDescriptor")) or {}
            found[told["BaseFont"].name] = "FontFile2" in descriptor
    return found


def document(*texts: str) -> Document:
    return Document("題", [Said(text) for text in texts], "足", "ja")


@pytest.mark.parametrize("text", ["監査資料の要約", "髙橋 﨑山", "①Ⅲ㈱ ㌔", "Plan 9F3C-A1: é ü → ‘’", "한국 台灣"])
def test_what_is_printed_is_read_again(text: str) -> None:
    assert plain(text) in plain(read(pdf(document(text))))


def test_every_font_that_is_used_is_in_the_file() -> None:
    found = fonts(pdf(document("監査", "plain")))
    assert found
    assert all(found.values()), found


@pytest.mark.parametrize(
    ("text", "spelt"), [("署名😀", "署名[U+1F600]"), ("\ue000外字", "[U+E000]外字"), ("𠮷野", "𠮷野")]
)
def test_a_letter_without_a_glyph_is_spelt_and_never_an_empty_box(text: str, spelt: str) -> None:
    cut = letters([text])
    assert cut.spelt(text) == spelt
    assert {ord(letter) for letter in spelt} <= set(TTFont(io.BytesIO(cut.font)).getBestCmap())
    assert len(plain(read(pdf(document(text))))) >= len(spelt)


def test_markup_that_somebody_typed_is_printed_as_it_was_typed() -> None:
    assert "<b>&amp;</b>" in read(pdf(document("<b>&amp;</b>")))


def test_the_same_document_is_the_same_file() -> None:
    table = Table(("名前", "値"), [("a", "b" * 400)] * 80, (0.5, 0.5))
    made_twice = {pdf(Document("題", [table, Facts([("何", "か")])], "足", "ja")) for _ in range(2)}
    assert len(made_twice) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ["承認", "作業ログ", "監査証跡"]), ("en", ["Approvals", "Session evidence", "Ledger"])],
)
def test_a_binder_holds_who_asked_who_approved_what_was_granted_and_how_it_ended(
    office: Office, language: str, words: list[str]
) -> None:
    worked(office)
    sample = draw(office.actor(auditor(office)), form(kind="approvals"))
    with translation.override(language):
        told = plain(read(pdf(binder(sample, 1))))
    request = Request.objects.get(routine="temporary-access")
    assert request.plan is not None
    wanted = (request.number, "佐藤美咲(sato)", "鈴木花子(suzuki)", "決済エラーの調査", "確認しました", "seen_absent")
    for text in (*wanted, *words, request.plan.digest, sample.seed, "grant.active"):
        assert plain(text) in told, text


def test_the_binder_of_a_rule_s_change_is_its_entries(office: Office) -> None:
    worked(office)
    sample = draw(office.actor(auditor(office)), form(kind="rule_changes"))
    with translation.override("ja"):
        assert "rule.saved" in read(pdf(binder(sample, 1)))


@pytest.mark.parametrize(("language", "word"), [("ja", "母集団"), ("en", "Population")])
def test_a_pack_holds_its_summary_and_a_binder_for_each_item(office: Office, language: str, word: str) -> None:
    worked(office)
    asked = form()
    sample = draw(office.actor(auditor(office)), asked)
    pack = made(office, since=asked.since, until=asked.until, language=language)
    with zipfile.ZipFile(io.BytesIO(b"".join(content_of(pack)))) as archive:
        told = read(archive.read(f"summary.{language}.pdf"))
        papers = [name for name in archive.namelist() if name.startswith("binders/")]
    assert word in told
    assert sample.digest[:20] in plain(told)
    assert sorted(papers) == [f"binders/sample-{sample.pk}/{rank:03}.pdf" for rank in (1, 2)]


def test_a_binder_is_taken_from_the_page_and_that_is_recorded(office: Office) -> None:
    requests.ask(office.actor("sato"), "other-request", {"subject": "依頼です", "what": "お願いします。"})
    sample = draw(office.actor(auditor(office)), form())
    answer = signed_in(office, "ito", "ja").get(f"/audit/samples/{sample.pk}/1.pdf")
    assert "依頼です" in read(answer.content)
    assert Entry.objects.filter(kind="audit.downloaded", body__contains="1.pdf").exists()
    assert signed_in(office, "ito").get(f"/audit/samples/{sample.pk}/2.pdf").status_code == 404
