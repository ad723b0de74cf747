"""Compiles the message catalogues: in every build by hatchling, and by `python hatch_build.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
#: a fixed time in the header, so that the same catalogue always gives the same bytes
STAMP = datetime(2026, 1, 1, tzinfo=UTC)


class CatalogueHook(BuildHookInterface[Any]):
    """Every wheel and editable install carries compiled catalogues."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_catalogues(Path(self.root))


def compile_catalogues(root: Path) -> list[Path]:
    """Write the .mo beside every .po that is newer than it; returns what was written."""
    sources = sorted(root.glob("src/**/locale/*/LC_MESSAGES/django.po"))
    return [_compile(source) for source in sources if _stale(source)]


def _stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime <= source.stat().st_mtime


def _compile(source: Path) -> Path:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
    catalogue.creation_date = catalogue.revision_date = STAMP
    partial, compiled = source.with_suffix(".mo.partial"), source.with_suffix(".mo")
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    return partial.replace(compiled)


if __name__ == "__main__":
    for written in compile_catalogues(ROOT):
        print(f"compiled {written.relative_to(ROOT)}")
