from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.normalise import Kind, RefusedCharacters, normalise

LINES: tuple[Kind, ...] = ("name", "identifier", "time", "cidr")


@pytest.mark.parametrize(
    ("typed", "kind", "meant"),
    [
        ("ａｐｉ。", "name", "api."),
        ("api｡", "identifier", "api."),
        ("１２３４５６７８９０１２", "identifier", "123456789012"),
        ("２２：００", "time", "22:00"),
        ("２２：００〜２６：００", "time", "22:00~26:00"),
        ("22:00～26:00", "time", "22:00~26:00"),
        ("１０．０．０．０／１６", "cidr", "10.0.0.0/16"),
        ("10。0。0。0/16", "cidr", "10.0.0.0/16"),
        ("10.0.0.0/16、10.1.0.0/16", "cidr", "10.0.0.0/16, 10.1.0.0/16"),
        ("10.0.0.0/16，10.1.0.0/16", "cidr", "10.0.0.0/16,10.1.0.0/16"),
        ("app−prod", "identifier", "app-prod"),
        ("app‐prod", "identifier", "app-prod"),
        ("app–prod", "identifier", "app-prod"),
        ("app—prod", "identifier", "app-prod"),
        ("app─prod", "identifier", "app-prod"),
        ("appーprod", "identifier", "app-prod"),
        ("ａｐｐーｐｒｏｄ", "identifier", "app-prod"),
        ("2026ー11ー27", "time", "2026-11-27"),
        ("決済　本番", "name", "決済 本番"),
        ("  api  ", "name", "api"),
        ("ｻｰﾊﾞｰ", "name", "サーバー"),
    ],
)
def test_what_offices_type_becomes_what_is_meant(typed: str, kind: Kind, meant: str) -> None:
    assert normalise(typed, kind).value == meant


@pytest.mark.parametrize("word", ["サーバー", "サーバー1", "データベースーA", "1ー", "ー1", "らーめん", "Aチーム"])
@pytest.mark.parametrize("kind", LINES)
def test_the_long_vowel_mark_of_a_word_stays(word: str, kind: Kind) -> None:
    assert normalise(word, kind).value == word


def test_a_comma_of_a_japanese_name_stays() -> None:
    assert normalise("営業、開発", "name").value == "営業、開発"


def test_it_says_what_it_changed_and_how() -> None:
    (change,) = normalise("ａｐｉ", "name").changes
    assert change.code == "normalised_width"
    assert change.params == {"before": "ａｐｉ", "after": "api"}


def test_it_says_each_kind_of_change_apart() -> None:
    codes = [change.code for change in normalise("ａｐｉー1。", "identifier").changes]
    assert codes == ["normalised_width", "normalised_dash", "normalised_stop"]


def test_it_says_nothing_when_it_changed_nothing() -> None:
    assert normalise("api.example.com", "name").changes == ()


def test_spaces_around_go_without_a_word() -> None:
    normalised = normalise("\u3000api \r\n", "name")
    assert (normalised.value, normalised.changes) == ("api", ())


def test_spaces_inside_become_one_and_it_says_so() -> None:
    (change,) = normalise("決済   本番", "name").changes
    assert change.code == "normalised_space"


def test_a_long_text_is_told_shortened() -> None:
    (change,) = normalise("ａ" * 5000, "name").changes
    assert len(str(change.params["before"])) == 80


@pytest.mark.parametrize("invisible", ["\u200b", "\ufeff", "\u2060", "\u00ad", "\u200d"])
def test_what_nobody_sees_is_dropped_from_a_line_and_told(invisible: str) -> None:
    normalised = normalise(f"ad{invisible}min", "identifier")
    assert normalised.value == "admin"
    assert [change.code for change in normalised.changes] == ["normalised_invisible"]


@pytest.mark.parametrize(
    "refused",
    [*"\x00\x07\x1b\x7f\x85\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ud800\u2028"],
)
@pytest.mark.parametrize("kind", [*LINES, "text"])
def test_control_and_bidi_characters_are_refused_everywhere(refused: str, kind: Kind) -> None:
    with pytest.raises(RefusedCharacters):
        normalise(f"admin{refused}gpj", kind)


def test_a_bidi_mark_at_the_edge_is_refused_too() -> None:
    with pytest.raises(RefusedCharacters):
        normalise("\u202eadmin\u200f", "name")


def test_a_refusal_says_where_and_what() -> None:
    with pytest.raises(RefusedCharacters) as refusal:
        normalise("a\u202eb\x00", "name")
    assert refusal.value.positions == (1, 3)
    assert refusal.value.names == ("RIGHT-TO-LEFT OVERRIDE", "U+0000")
    assert str(refusal.value) == "RIGHT-TO-LEFT OVERRIDE (2), U+0000 (4)"


@pytest.mark.parametrize("kind", LINES)
def test_a_line_has_no_line_break_inside(kind: Kind) -> None:
    with pytest.raises(RefusedCharacters):
        normalise("api\nwww", kind)


def test_a_tag_character_is_refused_in_a_line() -> None:
    with pytest.raises(RefusedCharacters):
        normalise("admin\U000e0041", "identifier")


def test_prose_keeps_lines_width_and_dashes() -> None:
    prose = "障害対応。\r\n　・ＤＢ（本番）の調査ー２２時〜\n\t以上👩\u200d💻"
    assert normalise(prose, "text") == normalise(prose, "text").__class__(prose)


def test_prose_is_brought_to_nfc() -> None:
    assert normalise(unicodedata.normalize("NFD", "データ"), "text").value == "データ"


@given(text=st.text(max_size=60), kind=st.sampled_from([*LINES, "text"]))
def test_normalising_again_changes_nothing(text: str, kind: Kind) -> None:
    try:
        once = normalise(text, kind).value
    except RefusedCharacters:
        return
    again = normalise(once, kind)
    assert (again.value, again.changes) == (once, ())


@given(text=st.text(alphabet="０１ａ。、ー−〜　 -A日", max_size=20), kind=st.sampled_from(LINES))
def test_a_change_is_told_and_leads_from_what_was_typed_to_the_value(text: str, kind: Kind) -> None:
    normalised = normalise(text, kind)
    at = text.strip()
    for change in normalised.changes:
        assert change.params["before"] == at
        at = str(change.params["after"])
    assert at == normalised.value


@given(text=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_plain_ascii_is_never_rewritten(text: str) -> None:
    assert normalise(text, "identifier").value == " ".join(text.split())
