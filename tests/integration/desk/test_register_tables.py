"""The register as a table: what comes out goes back in unchanged; what is previewed is written, and nothing half."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from kumoban.core.reason import Refused
from kumoban.desk import register
from kumoban.desk.planning import ShapeError
from kumoban.estate.models import Account, Person, RegisterEntry
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office

PAY = "410122300001"
DATA = "410122300002"


def exported(office: Office) -> str:
    return "".join(register.as_csv(register.accounts(office.actor("takahashi"), register.Wanted(closed=True))))


def previewed(office: Office, text: str) -> register.Preview:
    return register.preview(office.actor("takahashi"), text)


def taken(office: Office, text: str) -> register.Preview:
    return register.import_entries(office.actor("takahashi"), text, digest=previewed(office, text).digest)


def why(line: register.Line) -> list[str]:
    return [reason.code for _field, reason in line.refused]


words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Co", "Cn")), max_size=30
)
prose = st.lists(words, max_size=3).map("\n".join)
dates = st.dates(min_value=date(2001, 1, 1), max_value=date(2026, 1, 1))
entries = st.fixed_dictionaries(
    {
        "number": words,
        "product": words,
        "environment": words,
        "owner": st.sampled_from(["", "sato", "佐藤 美咲", "u-kim"]),
        "deputy": st.sampled_from(["", "ren"]),
        "data_class": words,
        "contacts": prose | st.just("=cmd|' /C calc'!A0") | st.just("'+81 90") | st.just("''=1"),
        "budget": st.sampled_from(["", "0", "1,500,000", "12.50", "¥300"]),
        "currency": st.sampled_from(["", "usd"]),
        "root_mfa": st.sampled_from(["", "あり", "no"]),
        "root_mfa_checked": st.just("") | dates.map(str),
        "note": prose,
        "confirmed_on": st.just("") | dates.map(str),
        "own.cmdb": words,
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=entries, language=st.sampled_from(["ja", "en"]), encoding=st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_was_exported_changes_nothing_when_it_is_imported(
    office: Office, values: dict[str, str], language: str, encoding: str
) -> None:
    register.save_column(office.actor("takahashi"), register.ColumnForm(key="cmdb", label_ja="=構成", label_en="+CMDB"))
    entry = register.entry_of(PAY)
    try:
        register.change(office.actor("takahashi"), PAY, values, version=entry.version if entry else 0)
    except ShapeError:
        return
    with translation.override(language):
        text = register.text_of(exported(office).encode(encoding))
    seen = previewed(office, text)
    assert [(line.changes, line.refused) for line in seen.lines] == [((), ()), ((), ())]
    assert seen.unknown == ()
    with translation.override("ja" if language == "en" else "en"):
        assert previewed(office, text).taken == ()


@pytest.fixture
def table(office: Office) -> str:
    return "アカウントID,管理番号,責任者\n410122300001,A-1,佐藤 美咲\n4101-2230-0002,A-2,kim\n"


def test_a_table_is_previewed_and_then_written_as_previewed(office: Office, table: str) -> None:
    seen = previewed(office, table)
    assert [line.account.pk for line in seen.taken if line.account] == [PAY, DATA]
    assert not RegisterEntry.objects.exists()
    taken(office, table)
    assert register.entry_of(DATA).owner_id == "u-kim"  # type: ignore[union-attr]
    assert Entry.objects.filter(kind="register.imported").count() == 1
    assert previewed(office, table).taken == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_tables_are_read_as_offices_save_them(office: Office, table: str, delimiter: str, encoding: str) -> None:
    text = table.replace(",", delimiter).replace("\n", "\r\n")
    assert len(previewed(office, register.text_of(text.encode(encoding))).taken) == 2
    assert len(previewed(office, f"sep={delimiter}\r\n{text}").taken) == 2


def test_a_workbook_and_what_is_no_text_are_refused_with_what_to_do(office: Office) -> None:
    for content, code in ((b"PK\x03\x04rest", "register_not_csv"), (b"\x81\xff\xfe\x80\x80", "register_not_text")):
        with pytest.raises(Refused) as refused:
            register.text_of(content)
        assert refused.value.reasons[0].code == code
    for text, code in (("", "no_account_column"), ("a,b\n1,2\n", "no_account_column"), ("account\n\0", "not_text")):
        with pytest.raises(Refused) as refused:
            previewed(office, text)
        assert refused.value.reasons[0].code == f"register_{code}"


def of_account(office: Office, said: str, name: str = "") -> register.Line:
    (line,) = previewed(office, f'account,Account name,number\n"{said}",{name},A-1\n').lines
    return line


def test_an_account_number_that_a_spreadsheet_has_changed_is_mended_or_refused(office: Office) -> None:
    Account.objects.filter(pk=DATA).update(absent_since=database_now())
    Account.objects.create(id="012345678901", name="old", email="a@example.jp", status="ACTIVE", seen_at=database_now())
    mended = of_account(office, "12345678901")
    assert mended.account is not None
    assert (mended.account.pk, mended.mended[0].code) == ("012345678901", "register_account_mended")
    assert of_account(office, "410122300001.0").account.pk == PAY  # type: ignore[union-attr]
    assert of_account(office, "'410122300001").takes
    assert of_account(office, "４１０１−２２３０−０００１").takes
    assert why(of_account(office, "4.10122E+11")) == ["register_account_rounded"]
    named = of_account(office, "4.10122E+11", "payments-prod")
    assert named.account is not None
    assert (named.account.pk, named.mended[0].params["after"]) == (PAY, PAY)
    assert of_account(office, "1.23457E+10").account.pk == "012345678901"  # type: ignore[union-attr]
    assert why(of_account(office, "999999999999")) == ["unknown_account"]
    assert why(of_account(office, "")) == ["register_no_account"]


def test_a_line_with_something_wrong_is_left_out_whole(office: Office) -> None:
    text = "account,number,owner\n410122300001,A-1,nobody\n410122300002,A-2,kim\n410122300002,A-3,kim\n"
    seen = taken(office, text)
    assert [why(line) for line in seen.refused] == [["unknown_person"], ["register_account_twice"]]
    assert register.entry_of(PAY) is None
    assert register.entry_of(DATA).number == "A-2"  # type: ignore[union-attr]


def test_an_empty_cell_clears_and_a_missing_column_leaves(office: Office) -> None:
    taken(office, "account,number,product\n410122300001,A-1,決済\n")
    taken(office, "account,number\n410122300001,\n")
    entry = register.entry_of(PAY)
    assert entry is not None
    assert (entry.number, entry.product) == ("", "決済")


def test_what_changed_since_the_preview_voids_it_whole(office: Office) -> None:
    text = "account,number\n410122300001,A-1\n410122300002,A-2\n"
    digest = previewed(office, text).digest
    register.change(office.actor("takahashi"), DATA, {"note": "x"}, version=0)
    with pytest.raises(Refused) as refused:
        register.import_entries(office.actor("takahashi"), text, digest=digest)
    assert refused.value.reasons[0].code == "register_preview_void"
    assert register.entry_of(PAY) is None


def test_another_file_is_not_written_under_the_previews_digest(office: Office) -> None:
    digest = previewed(office, "account,number\n410122300001,A-1\n").digest
    with pytest.raises(Refused):
        register.import_entries(office.actor("takahashi"), "account,number\n410122300001,A-2\n", digest=digest)


def test_line_ends_of_a_page_make_no_other_file_of_it(office: Office) -> None:
    text = 'account,note\n410122300001,"a\nb"\n'
    digest = previewed(office, text).digest
    register.import_entries(office.actor("takahashi"), text.replace("\n", "\r\n"), digest=digest)
    assert register.entry_of(PAY).note == "a\nb"  # type: ignore[union-attr]


def test_only_operations_imports(office: Office) -> None:
    for name in ("sato", "suzuki"):
        with pytest.raises(Refused):
            register.preview(office.actor(name), "account\n410122300001\n")


def test_a_person_who_joins_between_preview_and_import_voids_it(office: Office) -> None:
    text = "account,owner\n410122300001,new.one\n"
    digest = previewed(office, text).digest
    Person.objects.create(id="u-new", user_name="new.one", display_name="New One", seen_at=database_now())
    with pytest.raises(Refused):
        register.import_entries(office.actor("takahashi"), text, digest=digest)


def test_unknown_columns_are_told(office: Office) -> None:
    assert previewed(office, "account,number,金庫番号\n410122300001,A-1,7\n").unknown == ("金庫番号",)


def test_the_workbook_holds_text_and_no_formula(office: Office) -> None:
    values = {"contacts": "=1+1", "number": "0012", "budget": "1500.5", "owner": "sato"}
    register.change(office.actor("takahashi"), PAY, values, version=0)
    with translation.override("ja"):
        content = register.as_xlsx(register.accounts(office.actor("takahashi"), register.Wanted()))
    book = load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    head = [cell.value for cell in sheet[1]]
    row = dict(zip(head, sheet[3], strict=True))
    by_value = {cell.value: cell for cell in row.values()}
    assert by_value["=1+1"].data_type == "s"
    assert by_value["0012"].data_type == "s"
    assert by_value[1500.5].data_type == "n"
    assert by_value["4101-2230-0001"].data_type == "s"
    assert sheet.freeze_panes == "A2"
    assert "管理番号" in head


def test_ids_stay_text_in_the_csv(office: Office) -> None:
    (row, *_rest) = csv.DictReader(io.StringIO(exported(office).lstrip("\ufeff")))
    assert "4101-2230-0002" in row.values()
