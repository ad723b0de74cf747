"""手順書: a routine's runbook, which stands beside its form, and who has read which version of it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import RunbookReading
from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine, routine_of
from kumoban.ledger.record import record, writing

__all__ = ["Runbook", "has_runbook", "read_runbook", "runbook_named", "runbook_of"]


@dataclass(frozen=True)
class Runbook:
    """Markdown in both languages; ``digest`` is of both, so that a version is the same for every reader."""

    routine: Routine
    ja: str
    en: str

    def text(self, language: str) -> str:
        return self.ja if language == "ja" else self.en

    def title(self, language: str) -> str:
        """Its first line, which is a heading of the first level."""
        return self.text(language).partition("\n")[0].removeprefix("# ")

    @property
    def digest(self) -> str:
        return sha256(f"{self.ja}\0{self.en}".encode()).hexdigest()


def runbook_of(routine: Routine) -> Runbook | None:
    """``runbook.ja.md`` and ``runbook.en.md`` in the folder that holds the routine's form; None where it has none."""
    texts = _texts(Path(inspect.getfile(routine.form)).parent)
    return Runbook(routine, *texts) if texts else None


@cache
def _texts(folder: Path) -> tuple[str, str] | None:
    ja, en = folder / "runbook.ja.md", folder / "runbook.en.md"
    return (ja.read_text("utf-8"), en.read_text("utf-8")) if ja.is_file() and en.is_file() else None


def has_runbook(name: str) -> bool:
    routine = routine_of(name)
    return routine is not None and runbook_of(routine) is not None


def runbook_named(name: str) -> Runbook:
    """Raises Refused where there is no such routine, or it has no runbook."""
    routine = routine_of(name)
    found = runbook_of(routine) if routine else None
    if found is None:
        raise Refused(Reason("no_such_runbook", {"routine": name[:60]}))
    return found


def read_runbook(actor: Actor, name: str, *, digest: str) -> RunbookReading:
    """読みました: this person has read this version. Raises Refused where another one is shown by now."""
    actor.needs("ask")
    runbook = runbook_named(name)
    if digest != runbook.digest:
        raise Refused(Reason("runbook_changed"))
    with writing():
        made = RunbookReading.objects.create(person=actor.person, routine=name, digest=digest, at=clock.now())
        record("runbook.read", actor=actor.id, subject=f"routine:{name}", facts={"digest": digest})
    return made
