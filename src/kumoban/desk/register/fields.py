"""The fields of the account register, described once: the form, CSV and XLSX, the API and the history read them here.

Every value has one canonical text; empty means that nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from kumoban.core.normalise import Kind, RefusedCharacters, normalise
from kumoban.core.reason import Reason
from kumoban.estate.models import Person, RegisterColumn, RegisterEntry

__all__ = ["OWN", "Field", "People", "Wrong", "cleaned", "columns", "fields", "label_of", "spoken", "write"]

#: before the key of a column of the company's own
OWN = "own."


class Wrong(Exception):
    """This text is no value of the field; ``reason`` says what would be."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True)
class Field:
    """One field: ``kind`` is line, code, prose, person, date, amount, currency, mfa, number, choice or url.

    ``title`` is a msgid; a column of the company's own has its labels in ``column``.
    """

    name: str
    title: str
    kind: str
    longest: int = 0
    column: RegisterColumn | None = None

    @property
    def erasable(self) -> bool:
        """Whether people write freely here, so that the ledger keeps it where it can be erased."""
        return self.kind in ("line", "prose") or self.column is not None


_FIELDS = (
    Field("number", _("Management number"), "code", 40),
    Field("product", _("Product"), "line", 120),
    Field("environment", _("Environment (register)"), "code", 40),
    Field("owner", _("Account owner"), "person"),
    Field("deputy", _("Deputy owner"), "person"),
    Field("department", _("Department code"), "code", 40),
    Field("data_class", _("Data class"), "code", 40),
    Field("contacts", _("Contacts"), "prose", 2000),
    Field("budget", _("Monthly budget"), "amount"),
    Field("currency", _("Currency"), "currency", 3),
    Field("root_mfa", _("Root MFA"), "mfa"),
    Field("root_mfa_checked", _("Root MFA checked on"), "date"),
    Field("note", _("Note"), "prose", 4000),
    Field("confirmed_on", _("Last confirmed"), "date"),
)


def columns() -> list[RegisterColumn]:
    """The company's own columns, in their order."""
    return list(RegisterColumn.objects.order_by("position", "id"))


def fields(own: Iterable[RegisterColumn] | None = None) -> list[Field]:
    """All fields, the company's own last."""
    company = columns() if own is None else own
    return [*_FIELDS, *(Field(f"{OWN}{one.key}", one.label_en, one.kind, 1000, one) for one in company)]


def label_of(one: Field) -> str:
    """In the reader's language."""
    if one.column is None:
        return gettext(one.title)
    return one.column.label_ja if get_language() == "ja" else one.column.label_en


# --- what an entry says


def spoken(entry: RegisterEntry | None, known: Iterable[Field]) -> dict[str, str]:
    """Every field's canonical text; people by user name. All empty where nothing was ever written."""
    return {one.name: _spoken(entry, one) if entry else "" for one in known}


def _spoken(entry: RegisterEntry, one: Field) -> str:
    if one.column is not None:
        return str(entry.own.get(one.column.key, ""))
    value = getattr(entry, one.name)
    if one.kind == "person":
        return str(value.user_name) if value else ""
    if one.kind == "amount":
        return _plain(value) if value is not None else ""
    if one.kind == "mfa":
        return "" if value == RegisterEntry.RootMfa.UNKNOWN else str(value)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _plain(amount: Decimal) -> str:
    """1500000 or 1250.5, never 1.5E+6."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write(entry: RegisterEntry, one: Field, text: str, people: People) -> None:
    """Put a canonical text into the row (unsaved)."""
    if one.column is not None:
        entry.own = {key: value for key, value in {**entry.own, one.column.key: text}.items() if value}
    elif one.kind == "person":
        setattr(entry, one.name, people.named(text) if text else None)
    else:
        setattr(entry, one.name, _STORED.get(one.kind, str)(text))


_STORED: dict[str, Callable[[str], Any]] = {
    "amount": lambda text: Decimal(text) if text else None,
    "date": lambda text: date.fromisoformat(text) if text else None,
    "mfa": lambda text: text or RegisterEntry.RootMfa.UNKNOWN.value,
}


# --- people


@dataclass
class People:
    """Who may be meant: people present now, by id, user name or display name; read once for a whole file."""

    _by: dict[str, list[Person]] = field(default_factory=dict)

    @classmethod
    def called(cls, words: Iterable[str]) -> People:
        wanted = {word for given in words for word in (given.strip(), _name(given)) if word}
        found = cls()
        batch = sorted(wanted)
        for start in range(0, len(batch), 200):
            some = batch[start : start + 200]
            meant = Q(id__in=some) | Q(user_name__in=some) | Q(display_name__in=some)
            for person in Person.objects.filter(meant, absent_since=None, enabled=True):
                for word in {person.id, person.user_name, _name(person.display_name)}:
                    found._by.setdefault(word, []).append(person)
        return found

    def named(self, text: str) -> Person:
        """Raises Wrong for somebody unknown, gone, or for a name of several."""
        found = {person.pk: person for word in {text, _name(text)} for person in self._by.get(word, ())}
        exact = [person for person in found.values() if text in (person.user_name, person.id)]
        people = exact or list(found.values())
        if not people:
            raise Wrong(Reason("unknown_person", {"person": text[:60]}))
        if len(people) > 1:
            names = ", ".join(sorted(person.user_name for person in people)[:5])
            raise Wrong(Reason("register_several_people", {"person": text[:60], "names": names}))
        return people[0]


def _name(text: str) -> str:
    with suppress(RefusedCharacters):
        return normalise(text, "name").value
    return text


# --- what somebody wrote, as canonical text


def cleaned(one: Field, text: str, people: People) -> tuple[str, tuple[Reason, ...]]:
    """The canonical text of what was typed, and what was changed to get there. Raises Wrong."""
    kind: Kind = "text" if one.kind == "prose" else "name" if one.kind in ("line", "person", "text") else "identifier"
    try:
        normal = normalise(text.replace("\r\n", "\n").replace("\r", "\n").strip(), kind)
    except RefusedCharacters as refused:
        raise Wrong(Reason("shape.refused_characters", {"characters": str(refused)})) from refused
    value = normal.value.strip()
    if not value:
        if one.column is not None and one.column.required:
            raise Wrong(Reason("shape.missing"))
        return "", ()
    if one.longest and len(value) > one.longest:
        raise Wrong(Reason("shape.string_too_long", {"max_length": one.longest}))
    canonical = _CANONICAL.get(one.kind, _as_it_is)(one, value, people)
    return canonical, normal.changes


def _as_it_is(one: Field, value: str, people: People) -> str:
    return value


def _person(one: Field, value: str, people: People) -> str:
    return people.named(value).user_name


def _date(one: Field, value: str, people: People) -> str:
    """2026-11-24, or 2026/11/24 and 2026年11月24日 as Japanese spreadsheets write it."""
    parts = re.fullmatch(r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?(?: 0?0:00(?::00)?)?", value, re.ASCII)
    try:
        return date(*(int(part) for part in parts.groups())).isoformat() if parts else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> str:
    raise Wrong(Reason("extra_not_date"))


def _amount(one: Field, value: str, people: People) -> str:
    """A sum of money, with the commas and marks that spreadsheets put into it."""
    bare = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", value).strip("¥￥$円 ")
    if not re.fullmatch(r"\d{1,14}(\.\d{1,2})?0*", bare, re.ASCII):
        raise Wrong(Reason("register_not_an_amount"))
    return _plain(Decimal(bare))


def _number(one: Field, value: str, people: People) -> str:
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,10})?", value, re.ASCII):
        raise Wrong(Reason("extra_not_number"))
    return value


def _currency(one: Field, value: str, people: People) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value):
        raise Wrong(Reason("register_not_a_currency"))
    return value.upper()


_SAID_OF_MFA = {
    "yes": {
        "yes",
        "has mfa",
        "y",
        "true",
        "on",
        "1",
        "あり",
        "有",
        "有り",
        "有効",
        "済",
        "設定済み",
        "○",
        "〇",
        "はい",
    },
    "no": {"no", "no mfa", "n", "false", "off", "0", "なし", "無", "無し", "無効", "未", "未設定", "×", "x", "いいえ"},
    "": {"unknown", "?", "不明", "未確認"},
}


def _mfa(one: Field, value: str, people: People) -> str:
    for canonical, words in _SAID_OF_MFA.items():
        if value.casefold() in words:
            return canonical
    raise Wrong(Reason("register_not_mfa"))


def _choice(one: Field, value: str, people: People) -> str:
    choices: list[str] = one.column.choices if one.column else []
    if value not in choices:
        raise Wrong(Reason("register_not_a_choice", {"choices": ", ".join(choices)[:300]}))
    return value


def _url(one: Field, value: str, people: People) -> str:
    if not re.fullmatch(r"https?://\S+", value):
        raise Wrong(Reason("extra_not_url"))
    return value


_CANONICAL: Mapping[str, Callable[[Field, str, People], str]] = {
    "person": _person,
    "date": _date,
    "amount": _amount,
    "number": _number,
    "currency": _currency,
    "mfa": _mfa,
    "choice": _choice,
    "url": _url,
}
