from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from hatch_build import compile_catalogues
from tools import catalogues

HEADER = 'msgid ""\nmsgstr ""\n"Language: ja\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
APPROVED = 'msgid "Approved"\nmsgstr "承認済み"\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that says one thing, and a routine that says another, both translated."""
    package = tmp_path / "src" / "kumoban"
    write(package / "desk" / "states.py", 'STATE = gettext_lazy("Approved")\n')
    write(package / "routines" / "dns" / "__init__.py", 'TITLE = gettext_noop("Record %(name)s")\n')
    translate(package, APPROVED)
    translate(package / "routines" / "dns", 'msgid "Record %(name)s"\nmsgstr "レコード %(name)s"\n')
    return package


def test_a_package_that_is_translated_has_no_problems(package: Path) -> None:
    assert catalogues.problems(package) == []


def test_a_message_without_a_translation_is_named(package: Path) -> None:
    write(package / "web" / "views.py", 'ngettext("One day", "%(n)s days", n); pgettext("menu", "Cost")\n')
    assert sorted(catalogues.problems(package)) == [
        f"{PO}: no translation of 'Cost'",
        f"{PO}: no translation of 'One day'",
    ]


def test_templates_are_read_whatever_their_indentation(package: Path) -> None:
    write(
        package / "web" / "templates" / "page.html",
        '<p>\n        {% translate "Costs" %}\n    {% if x %}\n   {% blocktranslate %}Hello {{ name }}'
        "{% endblocktranslate %}\n {% endif %}('</p>\n",
    )
    assert sorted(catalogues.problems(package)) == [
        f"{PO}: no translation of 'Costs'",
        f"{PO}: no translation of 'Hello %(name)s'",
    ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "Approved"\nmsgstr ""\n', "no translation of 'Approved'"),
        ("#, fuzzy\n" + APPROVED, "the translation of 'Approved' is marked fuzzy"),
        (APPROVED + '\nmsgid "Gone"\nmsgstr "無"\n', "nothing says 'Gone' any more"),
        (APPROVED + '\n#~ msgid "Gone"\n#~ msgstr "無"\n', "'Gone' is obsolete"),
        ('msgid "Approved"\nmsgstr "%(n)s"\n', "'Approved' and '%(n)s' have different placeholders"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(package: Path, entry: str, problem: str) -> None:
    translate(package, entry)
    assert catalogues.problems(package) == [f"{PO}: {problem}"]


def test_a_lost_placeholder_is_found(package: Path) -> None:
    translate(package / "routines" / "dns", 'msgid "Record %(name)s"\nmsgstr "レコード"\n')
    (problem,) = catalogues.problems(package)
    assert problem.endswith("'Record %(name)s' and 'レコード' have different placeholders")


def test_one_text_has_one_translation_everywhere(package: Path) -> None:
    write(package / "routines" / "zone" / "__init__.py", 'gettext_noop("Approved")\n')
    translate(package / "routines" / "zone", 'msgid "Approved"\nmsgstr "許可済み"\n')
    (problem,) = catalogues.problems(package)
    assert problem.startswith("'Approved' is translated differently: '承認済み' in locale/")


def test_a_routine_owns_what_its_folder_says(package: Path) -> None:
    owners = {owner.folder.name: {path.name for path in owner.files} for owner in catalogues.owners(package)}
    assert owners == {"kumoban": {"states.py"}, "dns": {"__init__.py"}}


def test_an_update_adds_what_is_new_keeps_what_is_translated_and_drops_the_rest(package: Path) -> None:
    translate(package, APPROVED + '\nmsgid "Gone"\nmsgstr "無"\n')
    write(package / "desk" / "states.py", 'STATES = _("Approved"), _("Denied")\n')
    catalogues.update(package)
    text = (package / PO).read_text("utf-8")
    assert "承認済み" in text
    assert 'msgid "Denied"\nmsgstr ""' in text
    assert "Gone" not in text


def test_an_update_writes_the_same_bytes_again(package: Path) -> None:
    catalogues.update(package)
    first = (package / PO).read_bytes()
    catalogues.update(package)
    assert (package / PO).read_bytes() == first


def test_a_catalogue_is_compiled_once_until_it_changes(package: Path) -> None:
    root = package.parent.parent
    written = compile_catalogues(root)
    assert len(written) == 2
    with (package / PO).with_suffix(".mo").open("rb") as file:
        assert read_mo(file).get("Approved").string == "承認済み"
    assert compile_catalogues(root) == []


PO = "locale/ja/LC_MESSAGES/django.po"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def translate(folder: Path, entries: str) -> None:
    write(folder / PO, HEADER + entries)
