"""A line such as 「決済本番・検証　今夜22:00〜26:00　リリース　3名」, understood as a form.

Pure: what may be asked for is given (``Known``), so that the same text on the same day always means the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from kumoban.core.form import Reading
from kumoban.core.reason import Reason
from kumoban.core.request_text import Lexicon, Piece, Place, Text, Unclear, Understood, times_said

__all__ = ["Known", "KnownAccount", "KnownField", "KnownPerson", "understand"]

_MOST_CANDIDATES = 20


@dataclass(frozen=True)
class KnownAccount:
    """An account this person may ask for: ``names`` mean it alone, ``parts`` (its product, its team) others too."""

    id: str
    name: str
    environment: str
    names: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KnownPerson:
    id: str
    name: str
    user_name: str
    family_name: str = ""


@dataclass(frozen=True)
class KnownField:
    """A field of the company's own; ``labels`` are what stands before its value."""

    key: str
    labels: tuple[str, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """All that words of a text may mean to one person."""

    requester: KnownPerson
    accounts: Sequence[KnownAccount] = ()
    #: by what it is called, the environment: 本番 is prod
    environments: Mapping[str, str] = field(default_factory=dict)
    permission_sets: Sequence[tuple[str, str]] = ()
    people: Sequence[KnownPerson] = ()
    #: (code, label) of each kind of work, in every language
    kinds: Sequence[tuple[str, str]] = ()
    fields: Sequence[KnownField] = ()


@dataclass(frozen=True)
class _Word:
    """What a known word is: an account, a part of several, an environment, a permission set or a person."""

    is_a: str
    value: str
    label: str


def understand(typed: str, known: Known, reading: Reading) -> Understood:
    """Never raises. What is unclear fills nothing."""
    reader = _Reader(Text(typed), known, reading)
    reader.labelled()
    reader.known_words()
    reader.tickets()
    times, unclear = times_said(reader.text, reading, partial(_written, zone=reading.zone))
    reader.pieces += times
    reader.unclear += unclear
    reader.counted_people()
    reader.purpose()
    reader.kinds()
    return reader.understood()


def _written(value: datetime | timedelta, zone: ZoneInfo) -> str:
    """As a person would type it into the form."""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    minutes = int(value.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{hours}h" * bool(hours) + f"{rest}m" * bool(rest or not hours)


_REASON = re.compile(
    r"(?:^|(?<=[\s、。,(【]))(?:理由|目的|作業内容|作業概要|用途|reason|purpose)\s*[::】]\s*(?P<said>[^\n\r\ufffc]+)",
    re.IGNORECASE,
)
_BECAUSE = re.compile(r"\b(?:because(?:\s+of)?|in order to)\s+(?P<said>[^\n\r\ufffc,.;]+)", re.IGNORECASE)
_PURPOSE = re.compile(r"(?P<said>[^\s\ufffc、。,.()「」]+?)の?ため(?:に|の)?(?![ぁ-ん])")
_LABELLED_TICKET = re.compile(
    r"(?:チケット|課題|変更番号|起票|ticket|issue|change)(?:番号|\s*no\.?)?\s*[::#]?\s*(?P<said>#?[A-Za-z0-9][A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*)",
    re.IGNORECASE,
)
_TICKET = re.compile(
    r"(?<![0-9A-Za-z-])(?P<said>[A-Z][A-Z0-9]{1,9}-[0-9]{1,8}|(?:INC|CHG|REQ|RITM)[0-9]{5,10})(?![0-9A-Za-z-])"
)
_ACCOUNT_ID = re.compile(r"(?<![0-9-])(?P<said>[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4})(?![0-9-])")
_PEOPLE = re.compile(
    r"(?<![0-9A-Za-z])(?:計|合計|作業者)?\s*(?P<said>[0-9]{1,3}|[一二三四五六七八九十])\s*(?:名(?:様)?|人|people|persons|engineers|workers)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_DIGITS = "〇一二三四五六七八九十"
_HONORIFIC = re.compile(r"\s*(?:さん|様|氏|くん|君|さま)")
_ME = ("自分", "本人", "私", "me", "myself")
#: between the accounts of one list
_JOINER = re.compile(
    r"(?:[\s・/,、と&+の()]|および|及び|並びに|and|of|for|the|環境|アカウント|チーム|environments?|accounts?|team)*",
    re.IGNORECASE,
)
#: what may follow a part that stands alone: 決済エラー is not 決済, and 決済が止まった tells why
_STANDS_ALONE = re.compile(r"$|[\s・/,、。.()\ufffc]|[のでにをとへや]|アカウント|環境|チーム|アクセス")
_INSIDE = re.compile("[\u4e00-\u9fff々ァ-ヶー]")
_FILLER = re.compile(
    r"""(?:[\s・、。,.:;/~\-()「」【】!?()\ufffd'"]|お願い(?:いた|致)?し?ます|よろしく|宜しく|です|ます|します|したい|ください|下さい
        |申請|希望|アクセス|権限|作業者?|環境|アカウント|付与|利用|使用|一時|にて|まで|から|より|ため|[のでにをとへはがも]
        |please|requests?|requesting|needs?|access|to|for|on|in|at|the|an?|of|and|with|i|we|my|from|until|as|permissions?|give|want|would|like|work)*""",
    re.IGNORECASE | re.VERBOSE,
)
_BORDER = " \t\u3000・、。,.:;/~-()「」【】"


@dataclass
class _Reader:
    text: Text
    known: Known
    reading: Reading
    pieces: list[Piece] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)

    def understood(self) -> Understood:
        left = self.text.left(_FILLER, _BORDER)
        by_place = [*self.pieces]
        by_place.sort(key=lambda piece: piece.places)
        return Understood(self.text.typed, tuple(by_place), tuple(self.unclear), left)

    def _take(self, name: str, start: int, end: int, value: str, label: str = "") -> None:
        place = self.text.take(start, end)
        self.pieces.append(Piece(name, (value,), (place,), (label,) if label else ()))

    # --- what says itself what it is

    def labelled(self) -> None:
        """決裁番号: 2026-0123, and 理由: to the end of its line."""
        for own in self.known.fields:
            self._own_field(own)
        for match in self.text.matches(_REASON):
            if not any(piece.field == "reason" for piece in self.pieces):
                self._take("reason", match.start(), match.end(), match["said"].strip(_BORDER))

    def _own_field(self, own: KnownField) -> None:
        labels = "|".join(re.escape(label) for label in sorted(own.labels, key=len, reverse=True) if label)
        if not labels:
            return
        value = "|".join(re.escape(choice) for choice in own.choices) or r"[^\s\ufffc、。,]+"
        pattern = re.compile(rf"(?:{labels})\s*[::は]?\s*(?P<said>{value})", re.IGNORECASE)
        found = list(self.text.matches(pattern))
        if len({match["said"] for match in found}) > 1:
            places = tuple(self.text.take(match.start(), match.end()) for match in found)
            values = tuple((match["said"], "") for match in found)
            self.unclear.append(Unclear(f"extra.{own.key}", Reason("text_several"), places, values))
            return
        for match in found[:1]:
            self._take(f"extra.{own.key}", match.start(), match.end(), match["said"])

    def tickets(self) -> None:
        found = [*self.text.matches(_LABELLED_TICKET)]
        taken = [(match.start(), match.end(), match["said"].lstrip("#")) for match in found]
        spans = [(start, end) for start, end, _said in taken]
        for match in self.text.matches(_TICKET):
            if not any(start < match.end() and match.start() < end for start, end in spans):
                taken.append((match.start(), match.end(), match["said"]))
        if len({said for _start, _end, said in taken}) > 1:
            places = tuple(self.text.take(start, end) for start, end, _said in taken)
            self.unclear.append(Unclear("ticket", Reason("text_several"), places, tuple((s, "") for *_p, s in taken)))
        elif taken:
            start, end, said = taken[0]
            self._take("ticket", start, end, said)

    # --- what is called by its name

    def known_words(self) -> None:
        """Accounts and people by name, permission sets, and runs of products and environments."""
        run: list[_Hit] = []
        for hit in self._hits():
            if hit.is_a <= {"part", "environment"}:
                if not (run and run[-1].end == hit.start) and not self._begins(hit):
                    continue
                if run and not _JOINER.fullmatch(self.text.rest[run[-1].end : hit.start]):
                    self._accounts(run)
                    run = []
                run.append(hit)
            else:
                self._named(hit)
        self._accounts(run)

    def _hits(self) -> list[_Hit]:
        found = [_Hit(start, end, tuple(words)) for start, end, words in self.text.words(self._lexicon())]
        for match in self.text.matches(_ACCOUNT_ID):
            number = match["said"].replace("-", "")
            words = tuple(_Word("account", one.id, one.name) for one in self.known.accounts if one.id == number)
            if words:
                found.append(_Hit(match.start(), match.end(), words))
        return sorted(found, key=lambda hit: hit.start)

    def _lexicon(self) -> Lexicon[_Word]:
        known = self.known
        words: list[tuple[str, _Word]] = []
        for account in known.accounts:
            words += [(name, _Word("account", account.id, account.name)) for name in account.names | {account.name}]
            words += [(part, _Word("part", part.casefold(), part)) for part in account.parts]
        words += [(said, _Word("environment", meant, said)) for said, meant in known.environments.items()]
        words += [(name, _Word("permission_set", arn, name)) for arn, name in known.permission_sets]
        for person in known.people:
            words += [(name, _Word("person", person.id, person.name)) for name in _names(person)]
            words += [(person.family_name, _Word("family", person.id, person.name))] if person.family_name else []
        me = known.requester
        words += [(said, _Word("me", me.id, me.name)) for said in _ME]
        return Lexicon(words)

    def _named(self, hit: _Hit) -> None:
        """One account, permission set or person; several of one kind are told, to be chosen from."""
        words = hit.words
        if hit.is_a <= {"family", "person", "me"}:
            honorific = _HONORIFIC.match(self.text.rest, hit.end)
            if "person" not in hit.is_a and not honorific and not self._by_itself(hit):
                return
            hit = _Hit(hit.start, honorific.end() if honorific else hit.end, words)
        places = {"account": "accounts", "permission_set": "permission_set"}
        fields = {places.get(word.is_a, "workers") for word in words if word.is_a not in ("part", "environment")}
        meant = {word.value: word.label for word in words if word.is_a not in ("part", "environment")}
        if len(fields) == 1 and len(meant) == 1:
            ((value, label),) = meant.items()
            self._take(fields.pop(), hit.start, hit.end, value, label)
        else:
            place = self.text.take(hit.start, hit.end)
            self.unclear.append(Unclear(min(fields), Reason("text_several"), (place,), _some(meant.items())))

    def _by_itself(self, hit: _Hit) -> bool:
        """A family name alone, or 私, counts where it is a whole word: 林さん, but not 林檎."""
        before = self.text.rest[hit.start - 1] if hit.start else " "
        after = self.text.rest[hit.end] if hit.end < len(self.text.rest) else " "
        return bool(
            re.match(r"[\s、,・/(\ufffc:とのがはも]", before) and re.match(r"[\s、,・/)\ufffcとのがはも]", after)
        )

    def _begins(self, hit: _Hit) -> bool:
        """検証 in 動作検証 is not the environment."""
        return hit.start == 0 or not _INSIDE.match(self.text.rest[hit.start - 1])

    def _accounts(self, run: Sequence[_Hit]) -> None:
        """決済本番・検証 is two accounts; 本番の決済と在庫 too; 決済 alone is told with its accounts."""
        leading: list[_Hit] = []
        at = 0
        while at < len(run) and run[at].is_a == {"environment"}:
            leading.append(run[at])
            at += 1
        if at == len(run):
            for hit in leading:
                self._environment(hit)
            return
        first = True
        while at < len(run):
            part, at = run[at], at + 1
            environments = []
            while at < len(run) and run[at].is_a == {"environment"}:
                environments.append(run[at])
                at += 1
            self._segment(part, environments, leading, first)
            first = False

    def _segment(self, part: _Hit, environments: Sequence[_Hit], leading: Sequence[_Hit], first: bool) -> None:
        if not environments and leading:
            start = leading[0].start if first else part.start
            meant = [account for hit in leading for account in self._of(part, hit)]
            self._account(start, part.end, meant, all_of=len(leading) > 1)
            return
        if first:
            for hit in leading:
                self._environment(hit)
        if not environments:
            if _STANDS_ALONE.match(self.text.rest, part.end):
                self._account(part.start, part.end, self._of(part, None))
            return
        for number, hit in enumerate(environments):
            self._account(part.start if number == 0 else hit.start, hit.end, self._of(part, hit))

    def _environment(self, hit: _Hit) -> None:
        """本番 alone is every account of it, to be chosen from; the 検証 of 検証作業 is none."""
        if _STANDS_ALONE.match(self.text.rest, hit.end):
            self._account(hit.start, hit.end, self._of(None, hit))

    def _of(self, part: _Hit | None, environment: _Hit | None) -> list[KnownAccount]:
        parts = {word.value for word in part.words if word.is_a == "part"} if part else None
        meant = {word.value for word in environment.words} if environment else None
        return [
            account
            for account in self.known.accounts
            if (parts is None or parts & {one.casefold() for one in account.parts})
            and (meant is None or account.environment in meant)
        ]

    def _account(self, start: int, end: int, meant: Sequence[KnownAccount], *, all_of: bool = False) -> None:
        found = {account.id: account.name for account in meant}
        place = self.text.take(start, end)
        if len(found) == 1 or (all_of and 1 < len(found) == len(meant)):
            self.pieces.append(Piece("accounts", tuple(found), (place,), tuple(found.values())))
        else:
            reason = Reason("text_several") if found else Reason("text_no_such_account")
            self.unclear.append(Unclear("accounts", reason, (place,), _some(found.items())))

    # --- the rest

    def counted_people(self) -> None:
        """3名: as many as are named, or asked who they are."""
        named = {value for piece in self.pieces if piece.field == "workers" for value in piece.values}
        found = list(self.text.matches(_PEOPLE))
        for match in found:
            said = match["said"]
            count = int(said) if said.isdigit() else _DIGITS.index(said)
            place = self.text.take(match.start(), match.end())
            if count == len(named) and len(found) == 1:
                self.pieces.append(Piece("workers", (), (place,)))
            elif count == 1 and not named:
                me = self.known.requester
                self.pieces.append(Piece("workers", (me.id,), (place,), (me.name,)))
            else:
                reason = Reason("text_names_wanted", {"count": count, "named": len(named)})
                self.unclear.append(Unclear("workers", reason, (place,)))

    def purpose(self) -> None:
        """障害調査のため is the reason, unless it is nothing but a kind of work, or one was said."""
        kinds = {label.casefold() for _code, label in self.known.kinds}
        for pattern in (_BECAUSE, _PURPOSE):
            for match in self.text.matches(pattern):
                said = match["said"].strip(_BORDER + "のでにをとは")
                if said.casefold() in kinds or not said or any(piece.field == "reason" for piece in self.pieces):
                    continue
                self._take("reason", match.start(), match.end(), said)

    def kinds(self) -> None:
        """Two different ones are told, to be chosen from."""
        lexicon = Lexicon((label, (code, label)) for code, label in self.known.kinds)
        found = [(start, end, meant[0]) for start, end, meant in self.text.words(lexicon)]
        codes = {code: label for _start, _end, (code, label) in found}
        places: list[Place] = [self.text.take(start, end) for start, end, _meant in found]
        if len(codes) > 1:
            self.unclear.append(Unclear("kind", Reason("text_several"), tuple(places), tuple(codes.items())))
        elif codes:
            self.pieces.append(Piece("kind", tuple(codes), tuple(places), tuple(codes.values())))


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    words: tuple[_Word, ...]

    @property
    def is_a(self) -> set[str]:
        return {word.is_a for word in self.words}


def _names(person: KnownPerson) -> set[str]:
    return {person.name, re.sub(r"\s+", "", person.name), person.user_name}


def _some(found: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(found, key=lambda one: one[1]))[:_MOST_CANDIDATES]
