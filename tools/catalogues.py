"""The message catalogues: `extract` prints what the source says, `update` brings it into every catalogue,
`check` fails on anything a Japanese reader would see in English, or see twice in different words.

A routine owns the catalogue of its folder; everything else shares one. The msgid is the English text.
"""

from __future__ import annotations

import io
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "kumoban"
LANGUAGE = "ja"
#: rooms whose folders each own a catalogue
ROOMS_OF_OWNERS = ("routines", "watches")
WITHOUT_MESSAGES = {"locale", "migrations", "static", "__pycache__"}
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)|\{(\w*)\}")
#: Babel's header lines that say nothing here, or something else every time
HEADER_NOISE = re.compile(
    rb'^"(Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Transl|Language-Team|Generated-By)[^:]*:.*\n',
    re.MULTILINE,
)
HEADER = "# Kumoban's messages. The msgid is the English text; `make locale` keeps it in step."

Key = tuple[str | None, str]  # context and msgid


@dataclass(frozen=True)
class Owner:
    """A folder that owns a catalogue, and the files whose messages stand in it."""

    folder: Path
    files: tuple[Path, ...]

    @property
    def catalogue(self) -> Path:
        return self.folder / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"

    def shown(self, root: Path) -> str:
        return str(self.catalogue.relative_to(root))


def main(command: str) -> int:
    commands: dict[str, Callable[[Path], int]] = {"extract": show, "update": update, "check": check}
    if command not in commands:
        print(f"usage: python tools/catalogues.py {'|'.join(commands)}", file=sys.stderr)
        return 2
    return commands[command](PACKAGE)


def show(package: Path) -> int:
    """Print the messages of the source, by catalogue."""
    for owner in owners(package):
        print(f"# {owner.shown(package)}")
        print(_written(said(owner, package)).decode("utf-8"))
    return 0


def update(package: Path) -> int:
    """Bring what the source says into every catalogue; what it no longer says goes."""
    for owner in owners(package):
        messages = said(owner, package)
        if not len(messages) and not owner.catalogue.exists():
            continue
        catalogue = translated(owner)
        catalogue.update(messages, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        owner.catalogue.parent.mkdir(parents=True, exist_ok=True)
        owner.catalogue.write_bytes(_written(catalogue))
        missing = sum(not _strings(message)[0] for message in catalogue if message.id)
        print(f"{owner.shown(package)}: {len(catalogue)} messages, {missing} to translate")
    return 0


def check(package: Path) -> int:
    found = problems(package)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


def problems(package: Path) -> list[str]:
    """Everything wrong with the catalogues of a package, one sentence each."""
    found: list[str] = []
    translations: dict[Key, dict[str, str]] = defaultdict(dict)
    for owner in owners(package):
        catalogue, name = translated(owner), owner.shown(package)
        found += [f"{name}: {problem}" for problem in _problems_of(catalogue, said(owner, package))]
        for message in catalogue:
            if message.id:
                translations[_key(message)][" / ".join(_strings(message))] = name
    for (_, text), differing in translations.items():
        if len(differing) > 1:
            where = ", ".join(f"{words!r} in {name}" for words, name in sorted(differing.items()))
            found.append(f"{text!r} is translated differently: {where}")
    return found


def owners(package: Path) -> list[Owner]:
    """The package itself, then each routine and watch, with the files that are theirs."""
    folders = [folder for room in ROOMS_OF_OWNERS for folder in sorted(package.glob(f"{room}/*/"))]
    apart = [folder for folder in folders if (folder / "__init__.py").exists()]
    rest = tuple(path for path in _files(package) if not any(folder in path.parents for folder in apart))
    return [Owner(package, rest), *(Owner(folder, tuple(_files(folder))) for folder in apart)]


def said(owner: Owner, root: Path) -> Catalog:
    """What the owner's source says, untranslated."""
    catalogue = _empty()
    for path in owner.files:
        for _line, message, comments, context in _messages(path):
            where = [(str(path.relative_to(root)), None)]
            catalogue.add(message, None, where, auto_comments=comments, context=context)
    return catalogue


def translated(owner: Owner) -> Catalog:
    """The owner's catalogue as it stands; empty where there is none yet."""
    if not owner.catalogue.exists():
        return _empty()
    with owner.catalogue.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def _problems_of(catalogue: Catalog, source: Catalog) -> Iterator[str]:
    wanted = {_key(message): message for message in source if message.id}
    present = {_key(message): message for message in catalogue if message.id}
    yield from (f"no translation of {text!r}" for _, text in wanted.keys() - present.keys())
    yield from (f"nothing says {text!r} any more" for _, text in present.keys() - wanted.keys())
    yield from (f"{_key(message)[1]!r} is obsolete" for message in catalogue.obsolete.values())
    for key in wanted.keys() & present.keys():
        yield from _problems_in(present[key])


def _problems_in(message: Message) -> Iterator[str]:
    text, strings = _key(message)[1], _strings(message)
    if message.fuzzy:
        yield f"the translation of {text!r} is marked fuzzy"
    if not all(string.strip() for string in strings):
        yield f"no translation of {text!r}"
        return
    wanted = _placeholders(message.id[-1] if isinstance(message.id, tuple | list) else text)
    for string in strings:
        if _placeholders(string) != wanted:
            yield f"{text!r} and {string!r} have different placeholders"


def _messages(path: Path) -> Iterable[tuple[int, Any, list[str], str | None]]:
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        # templatize keeps line numbers, but its indentation means nothing and would be read as Python's
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    return extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=["Translators:"])


def _files(folder: Path) -> list[Path]:
    def speaks(path: Path) -> bool:
        return not WITHOUT_MESSAGES & set(path.relative_to(folder).parts)

    templates = [path for path in folder.rglob("templates/**/*") if path.suffix in (".html", ".txt")]
    return sorted(path for path in (*folder.rglob("*.py"), *templates) if speaks(path))


def _key(message: Message) -> Key:
    text = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return message.context, str(text)


def _strings(message: Message) -> Sequence[str]:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return [string or "" for string in strings] or [""]


def _placeholders(text: str) -> set[str]:
    return {"".join(names) for names in PLACEHOLDER.findall(text)}


def _empty() -> Catalog:
    return Catalog(locale=LANGUAGE, domain="django", project="kumoban", version=" ", fuzzy=False)


def _written(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    catalogue.header_comment = HEADER
    write_po(file, catalogue, width=100, include_lineno=False, sort_output=True)
    return HEADER_NOISE.sub(b"", file.getvalue())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
