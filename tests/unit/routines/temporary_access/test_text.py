"""A pasted line becomes a form: what it says, what is unclear, what was not understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.form import Reading
from kumoban.core.request_text import Understood
from kumoban.routines.temporary_access.text import Known, KnownAccount, KnownField, KnownPerson, understand

TOKYO = ZoneInfo("Asia/Tokyo")
WEDNESDAY = datetime(2026, 11, 25, 11, 0, tzinfo=TOKYO)
PAYMENTS = frozenset({"決済", "payments", "決済チーム"})
STOCK = frozenset({"在庫", "stock"})
KNOWN = Known(
    requester=KnownPerson("u-sato", "佐藤 美咲", "sato.misaki", "佐藤"),
    accounts=(
        KnownAccount("410122300001", "payments-prod", "prod", frozenset({"CL-1001"}), PAYMENTS),
        KnownAccount("410122300002", "payments-stg", "stg", frozenset(), PAYMENTS),
        KnownAccount("410122300003", "stock-prod", "prod", frozenset(), STOCK),
        KnownAccount("410122300004", "stock-dev", "dev", frozenset(), STOCK),
        KnownAccount("410122300005", "ads-prod", "prod", frozenset(), frozenset({"広告"})),
        KnownAccount("410122300006", "ads-data-prod", "prod", frozenset(), frozenset({"広告"})),
    ),
    environments={"本番": "prod", "production": "prod", "検証": "stg", "staging": "stg", "開発": "dev"},
    permission_sets=(("arn:read", "ProdReadOnly"), ("arn:dev", "Developer")),
    people=(
        KnownPerson("u-sato", "佐藤 美咲", "sato.misaki", "佐藤"),
        KnownPerson("u-ichiro", "田中 一郎", "tanaka.ichiro", "田中"),
        KnownPerson("u-hanako", "田中 花子", "tanaka.hanako", "田中"),
        KnownPerson("u-hayashi", "林 美桜", "hayashi.mio", "林"),
        KnownPerson("u-kim", "Daniel Kim", "daniel.kim", "Kim"),
    ),
    kinds=(("release", "リリース"), ("release", "Release"), ("research", "調査"), ("incident", "障害対応")),
    fields=(KnownField("ringi", ("決裁番号", "Decision number")),),
)


def read(text: str, now: datetime = WEDNESDAY, zone: ZoneInfo = TOKYO) -> Understood:
    return understand(text, KNOWN, Reading(now, zone, BusinessCalendar(TOKYO), []))


def form(text: str) -> dict[str, tuple[str, ...]]:
    found = read(text)
    return {name: found.values(name) for name in found.fields}


def unclear(text: str) -> dict[str, tuple[str, ...]]:
    return {one.field: tuple(value for value, _label in one.candidates) for one in read(text).unclear}


def left(text: str) -> list[str]:
    return [text[start:end] for start, end in read(text).left]


def test_the_line_of_the_operations_desk() -> None:
    line = "決済本番・検証　今夜２２：００〜２６：００　リリース　３名"
    found = read(line)
    assert form(line) == {
        "accounts": ("410122300001", "410122300002"),
        "start": ("2026-11-25 22:00",),
        "until": ("2026-11-26 02:00",),
        "kind": ("release",),
    }
    (people,) = found.unclear
    assert (people.reason.code, dict(people.reason.params)) == ("text_names_wanted", {"count": 3, "named": 0})
    assert found.left == ()


def test_each_part_shows_the_words_it_came_from() -> None:
    found = read("決済本番・検証　今夜２２：００〜２６：００　リリース")
    assert [(one.field, found.words(one.places)) for one in found.pieces] == [
        ("accounts", "決済本番"),
        ("accounts", "検証"),
        ("start", "今夜２２：００"),
        ("until", "〜２６：００"),
        ("kind", "リリース"),
    ]


@pytest.mark.parametrize(
    ("line", "start", "until"),
    [
        ("今夜22時から2時間", "2026-11-25 22:00", "2h"),
        ("22時～26時", "2026-11-25 22:00", "2026-11-26 02:00"),
        ("２２：００－２：００", "2026-11-25 22:00", "2026-11-26 02:00"),
        ("明日 9:00〜12:00", "2026-11-26 09:00", "2026-11-26 12:00"),
        ("明後日の午後1時から30分", "2026-11-27 13:00", "30m"),
        ("来週月曜 9:00〜11:30", "2026-11-30 09:00", "2026-11-30 11:30"),
        ("11/27（金）22:00〜11/28 5:00", "2026-11-27 22:00", "2026-11-28 05:00"),
        ("１１月２７日の22時半より1時間30分", "2026-11-27 22:30", "1h30m"),
        ("木曜22:00から2時間", "2026-11-26 22:00", "2h"),
        ("翌営業日9:00から終業まで", "2026-11-26 09:00", "2026-11-26 18:00"),
        ("深夜1時〜3時", "2026-11-26 01:00", "2026-11-26 03:00"),
        ("22:00〜26:00（4時間）", "2026-11-25 22:00", "2026-11-26 02:00"),
        ("tonight 10pm for 2 hours", "2026-11-25 22:00", "2h"),
        ("for 2 hours from 10 pm", "2026-11-25 22:00", "2h"),
        ("from 10:00 to 11:30 tomorrow", "2026-11-26 10:00", "2026-11-26 11:30"),
        ("22:00 to 02:00", "2026-11-25 22:00", "2026-11-26 02:00"),
        ("tomorrow at 9:00 until tomorrow noon", "2026-11-26 09:00", "2026-11-26 12:00"),
        ("until 18:00", None, "2026-11-25 18:00"),
        ("18:00まで", None, "2026-11-25 18:00"),
        ("30分ほど", None, "30m"),
    ],
)
def test_times_as_offices_write_them(line: str, start: str | None, until: str | None) -> None:
    found = form(f"{line} payments-prod")
    assert found.get("start") == ((start,) if start else None)
    if until:
        assert found["until"] == (until,)


def test_a_day_that_stands_apart_is_the_day_of_the_times() -> None:
    found = read("11/27 stock-prod リリース 22:00〜26:00")
    assert form(found.text)["start"] == ("2026-11-27 22:00",)
    assert form(found.text)["until"] == ("2026-11-28 02:00",)
    assert [found.words(one.places) for one in found.pieces if one.field == "start"] == ["11/27 … 22:00"]


def test_times_are_those_of_the_readers_zone() -> None:
    new_york = ZoneInfo("America/New_York")
    late = datetime(2026, 11, 24, 21, 0, tzinfo=new_york)  # already the 25th in Tokyo
    assert read("今日 22:00〜23:00", late, new_york).values("start") == ("2026-11-24 22:00",)


def test_a_time_alone_may_be_the_start_or_the_end() -> None:
    assert unclear("payments-prod 22:00") == {"start": ("2026-11-25 22:00",)}


def test_a_day_behind_a_night_may_be_that_of_its_start_or_end() -> None:
    assert set(unclear("payments-prod from 22:00 until 2:00 tomorrow")) == {"start"}
    assert set(form("payments-prod from 22:00 until 2:00 tomorrow")) == {"accounts"}


def test_two_times_are_told_not_chosen_from() -> None:
    line = "22:00〜23:00 payments-prod 明日 9:00〜10:00"
    assert set(unclear(line)) == {"start", "until"}
    assert set(form(line)) == {"accounts"}


@pytest.mark.parametrize("line", ["今夜9:00から2時間", "next Friday 22:00 for 1 hour", "11/27(土) 22:00〜23:00"])
def test_what_may_be_two_days_is_left(line: str) -> None:
    assert "start" not in form(line)
    assert left(line) != []


@pytest.mark.parametrize(
    ("line", "accounts"),
    [
        ("payments-prod", ["410122300001"]),
        ("ＰＡＹＭＥＮＴＳ－ＰＲＯＤ", ["410122300001"]),
        ("4101-2230-0003", ["410122300003"]),
        ("410122300003 と stock-dev", ["410122300003", "410122300004"]),
        ("CL-1001", ["410122300001"]),
        ("決済本番", ["410122300001"]),
        ("決済の本番と検証", ["410122300001", "410122300002"]),
        ("決済チームの検証環境", ["410122300002"]),
        ("本番の決済と在庫", ["410122300001", "410122300003"]),
        ("決済本番、在庫開発", ["410122300001", "410122300004"]),
        ("production payments and stock", ["410122300001", "410122300003"]),
        ("payments staging", ["410122300002"]),
    ],
)
def test_accounts_by_name_number_product_and_environment(line: str, accounts: list[str]) -> None:
    assert sorted(form(line)["accounts"]) == accounts
    assert unclear(line) == {}


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("決済に1時間", {"410122300001", "410122300002"}),
        ("広告本番", {"410122300005", "410122300006"}),
        ("決済開発", set()),
        ("本番に1時間", {"410122300001", "410122300003", "410122300005", "410122300006"}),
    ],
)
def test_what_means_several_accounts_is_told_with_them(line: str, candidates: set[str]) -> None:
    assert set(unclear(line)["accounts"]) == candidates
    assert "accounts" not in form(line)


@pytest.mark.parametrize("line", ["未決済の調査", "動作検証", "payments-prod-old", "決済エラー"])
def test_a_word_inside_another_is_no_account(line: str) -> None:
    assert "accounts" not in form(line)
    assert "accounts" not in unclear(line)
    assert left(line) != [] or "kind" in form(line)


def test_people_by_name_user_name_and_family_name() -> None:
    assert form("作業者 田中 一郎、hayashi.mio と Kimさん")["workers"] == ("u-ichiro", "u-hayashi", "u-kim")
    assert form("田中一郎様と自分")["workers"] == ("u-ichiro", "u-sato")
    assert set(unclear("田中さん")["workers"]) == {"u-ichiro", "u-hanako"}
    assert left("林檎") == ["林檎"]


def test_as_many_people_as_are_named_need_no_question() -> None:
    assert unclear("田中一郎、林さん 2名") == {}
    (missing,) = read("田中一郎 ３名").unclear
    assert dict(missing.reason.params) == {"count": 3, "named": 1}
    assert form("1名")["workers"] == ("u-sato",)


def test_permission_set_ticket_and_the_companys_own_number() -> None:
    found = form("prodreadonly OPS-1234 決裁番号：2026-0099 reason: 決済 22:00 の調査")
    assert found == {
        "permission_set": ("arn:read",),
        "ticket": ("OPS-1234",),
        "extra.ringi": ("2026-0099",),
        "reason": ("決済 22:00 の調査",),
    }
    assert form("チケット #1234")["ticket"] == ("1234",)
    assert unclear("OPS-1 OPS-2")["ticket"] == ("OPS-1", "OPS-2")


def test_a_purpose_is_the_reason_and_a_kind_of_work_is_not() -> None:
    assert form("決済エラーの調査のため payments-prod")["reason"] == ("決済エラーの調査",)
    assert form("決済が止まっているため ads-prod")["reason"] == ("決済が止まっている",)
    assert form("障害対応のため payments-prod") == {"accounts": ("410122300001",), "kind": ("incident",)}
    assert unclear("リリースと障害対応")["kind"] == ("release", "incident")


def test_politeness_is_no_riddle_and_what_is_one_is_shown_as_typed() -> None:
    assert left("決済本番に１時間、アクセス権限をお願いします。") == []
    assert left("決済本番　あの件　１時間") == ["あの件"]
    assert left("please give me access to payments-prod for 1 hour, usual thing") == ["usual thing"]


def test_what_is_beyond_the_longest_text_is_told() -> None:
    long = "あ" * 4_010
    assert read(long).left[-1] == (4_000, 4_010)


# --- in general

OFFICE = """決済 本番 検証 在庫 広告 今夜 明日 深夜 11/25 (水) 水曜 来週 22:00 ２６：００ 〜 から まで 2時間 半 30分
    リリース 調査 のため ３名 名 田中 さん 林 Kim 自分 と ・ 、 の に tonight 10pm for until from 2 hours noon OPS-12 #
    決裁番号 : 理由 payments payments-prod - prod 410122300001 4101-2230-0003 ProdReadOnly because ｶﾞ ß İ"""
WORDS = st.sampled_from([*OFFICE.split(), "\n", "\u202e", "\ufffd", "\u200b", "\ufffc"])
LINES = st.one_of(st.text(max_size=60), st.lists(st.one_of(WORDS, st.just(" ")), max_size=14).map("".join))


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_no_text_is_too_much_and_nothing_is_taken_twice(line: str) -> None:
    found = read(line)
    places = sorted(place for one in (*found.pieces, *found.unclear) for place in one.places) + list(found.left)
    covered = [at for start, end in places for at in range(start, end)]
    assert len(covered) == len(set(covered))
    assert all(0 <= start < end <= len(line) for start, end in places)


@pytest.mark.parametrize("line", ["㏠〜㏡ 決済本番", "⑽名", "㏠22:00", "㋉5日 22:00から㍱"])
def test_a_character_that_stands_for_several_is_no_word(line: str) -> None:
    found = read(line)
    places = [place for one in (*found.pieces, *found.unclear) for place in one.places] + list(found.left)
    assert len(places) == len(set(places))
    assert form(line).get("accounts") in (None, ("410122300001",))


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_the_same_text_always_means_the_same(line: str) -> None:
    assert read(line) == read(line)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_what_is_filled_in_is_only_what_is_offered(line: str) -> None:
    found = form(line)
    assert set(found.get("accounts", ())) <= {one.id for one in KNOWN.accounts}
    assert set(found.get("workers", ())) <= {one.id for one in KNOWN.people}
    assert set(found.get("permission_set", ())) <= {arn for arn, _name in KNOWN.permission_sets}


@dataclass(frozen=True)
class Meant:
    """What a person means, before they write it."""

    accounts: tuple[KnownAccount, ...]
    day: int
    hour: int
    minutes: int
    kind: str
    workers: tuple[KnownPerson, ...]
    ticket: str


@st.composite
def meant(draw: st.DrawFn) -> Meant:
    accounts = draw(st.lists(st.sampled_from(KNOWN.accounts[:4]), min_size=1, max_size=3, unique=True))
    workers = draw(st.lists(st.sampled_from(KNOWN.people), max_size=3, unique=True))
    return Meant(
        tuple(accounts),
        draw(st.integers(0, 20)),
        draw(st.integers(0, 26)),
        draw(st.integers(1, 600)),
        draw(st.sampled_from(["release", "research", "incident"])),
        tuple(workers),
        draw(st.from_regex(r"[A-Z]{2,4}-[1-9][0-9]{0,4}", fullmatch=True)),
    )


JA = {"prod": "本番", "stg": "検証", "dev": "開発"}
KINDS = {"release": "リリース", "research": "調査", "incident": "障害対応"}


def written(draw: st.DrawFn, what: Meant) -> str:
    """One of the ways in which offices write it."""
    day = WEDNESDAY.date() + timedelta(days=what.day)
    days = [f"{day:%Y-%m-%d}", f"{day.month}/{day.day}", f"{day.month}月{day.day}日", f"{day:%Y年%m月%d日}"]
    days += {0: ["今日", "本日", "today"], 1: ["明日", "tomorrow"], 2: ["明後日"]}.get(what.day, [])
    clock = draw(st.sampled_from([f"{what.hour}:00", f"{what.hour:02}:00", f"{what.hour}時"]))
    length = draw(st.sampled_from([f"{what.minutes}分", f"{what.minutes}m", f"{what.minutes} minutes"]))
    between = draw(st.sampled_from(["から", " から ", "〜", " for "]))
    names = [
        draw(st.sampled_from([one.name, one.id, f"{min(one.parts & {'決済', '在庫'})}{JA[one.environment]}"]))
        for one in what.accounts
    ]
    people = [draw(st.sampled_from([one.name, one.name.replace(" ", ""), one.user_name])) for one in what.workers]
    parts = [
        draw(st.sampled_from(["、", "と", " and ", " "])).join(names),
        f"{draw(st.sampled_from(days))} {clock}{between}{length}",
        KINDS[what.kind],
        "、".join(people),
        what.ticket,
    ]
    line = draw(st.sampled_from(["　", " ", "\n", "、"])).join(part for part in draw(st.permutations(parts)) if part)
    wide = str.maketrans("0123456789:/-", "０１２３４５６７８９：／－")
    return line.translate(wide) if draw(st.booleans()) else line


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_however_it_is_written_it_is_read_as_it_was_meant(data: st.DataObject) -> None:
    what = data.draw(meant())
    line = data.draw(st.composite(lambda draw: written(draw, what))())
    start = datetime(2026, 11, 25, tzinfo=TOKYO) + timedelta(days=what.day, hours=what.hour)
    hours, minutes = divmod(what.minutes, 60)
    expected = {
        "accounts": {one.id for one in what.accounts},
        "start": {f"{start:%Y-%m-%d %H:%M}"},
        "until": {f"{hours}h" * bool(hours) + f"{minutes}m" * bool(minutes)},
        "kind": {what.kind},
        "workers": {one.id for one in what.workers},
        "ticket": {what.ticket},
    }
    found = read(line)
    assert {name: set(found.values(name)) for name in expected} == expected, line
    assert found.unclear == (), line
    assert found.left == (), line
