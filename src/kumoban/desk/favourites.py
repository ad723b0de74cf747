"""お気に入り: filled forms that a person keeps under a name. They decide nothing: asked with, the rules decide anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kumoban.core.form import OfficeTime, Until
from kumoban.core.normalise import RefusedCharacters, normalise
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Favourite
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError, read_form, with_ids
from kumoban.desk.requests.guards import routine_named
from kumoban.desk.routine import Routine
from kumoban.desk.shapes import problem, read
from kumoban.ledger.record import record, writing

__all__ = ["MOST", "FavouriteName", "favourite", "favourites", "remove", "save"]

#: of one person
MOST = 20
#: in place of the end, which a favourite has not
_SOME_TIME = "30m"


class FavouriteName(BaseModel):
    """On one line: it stands in lists."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    favourite: Annotated[str, Field(min_length=1, max_length=60)]

    @field_validator("favourite")
    @classmethod
    def _plain(cls, given: str) -> str:
        try:
            return str(normalise(given, "name").value)
        except RefusedCharacters as refused:
            raise problem("shape.refused_characters", characters=str(refused)) from refused


def favourites(actor: Actor) -> QuerySet[Favourite]:
    return Favourite.objects.filter(person=actor.person).order_by("name", "id")


def favourite(actor: Actor, pk: int | None, routine: str) -> Favourite:
    """One's own. Raises Refused."""
    found = favourites(actor).filter(pk=pk or 0, routine=routine).first()
    if found is None:
        raise Refused(Reason("no_such_favourite"))
    return found


def save(
    actor: Actor, name: str, routine_name: str, data: Mapping[str, Any], extra: Mapping[str, str] | None = None
) -> Favourite:
    """Keep a filled form, but for its times; under a name of one's own it takes the place of what was there.

    Raises ShapeError or Refused.
    """
    actor.needs("ask")
    routine = routine_named(routine_name)
    if routine.handover == "ops_only" and not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    said = read(FavouriteName, {"favourite": name}).favourite
    form = _without_times(actor, routine, data)
    values = {"routine": routine.name, "form": form, "extra": _short(extra or {}), "saved_at": clock.now()}
    with writing():
        mine = Favourite.objects.filter(person=actor.person)
        if not mine.filter(name=said).exists() and mine.count() >= MOST:
            raise Refused(Reason("too_many_favourites", {"most": MOST}), field="favourite")
        made, _ = Favourite.objects.update_or_create(person=actor.person, name=said, defaults=values)
        facts = {"favourite": made.pk, "routine": routine.name}
        record("favourite.saved", actor=actor.id, subject=_subject(actor), facts=facts, texts={"name": said})
    return made


def remove(actor: Actor, pk: int) -> None:
    actor.needs("ask")
    with writing():
        gone, _ = Favourite.objects.filter(person=actor.person, pk=pk).delete()
        if not gone:
            raise Refused(Reason("no_such_favourite"))
        record("favourite.removed", actor=actor.id, subject=_subject(actor), facts={"favourite": pk})


def _subject(actor: Actor) -> str:
    return f"person:{actor.person.id}"


def _without_times(actor: Actor, routine: Routine, data: Mapping[str, Any]) -> dict[str, Any]:
    """The form as it was understood: what could not be asked for is not kept either."""
    ends, times = _timed(routine, Until), _timed(routine, OfficeTime)
    kept = {name: value for name, value in data.items() if name not in times}
    filled = with_ids(routine, {**kept, **dict.fromkeys(ends, _SOME_TIME)}, actor.person)
    form, _changes = read_form(routine, filled, actor.zone)
    return {name: value for name, value in form.stored().items() if name not in (*ends, *times)}


def _timed(routine: Routine, kind: type) -> list[str]:
    fields = routine.form.model_fields.items()
    return [name for name, info in fields if any(isinstance(meta, kind) for meta in info.metadata)]


def _short(extra: Mapping[str, str]) -> dict[str, str]:
    """Read again, and judged, when it is asked with."""
    if len(extra) > 50 or any(len(key) > 60 or len(value) > 4000 for key, value in extra.items()):
        raise ShapeError([("extra", Reason("shape.string_too_long", {"max_length": 4000, "field": "extra"}))])
    return dict(extra)
