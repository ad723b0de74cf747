"""Reading what a face was given into a model: what is wrong comes back by field, in the desk's own codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from kumoban.core.reason import Reason
from kumoban.desk.planning import ShapeError

__all__ = ["problem", "read", "shape_of"]

Model = TypeVar("Model", bound=BaseModel)
#: the type of errors that carry a Reason of the desk
_OWN = "desk"


def read(model: type[Model], data: Mapping[str, Any]) -> Model:
    """What somebody gave, as ``model``. Raises ShapeError, by field (``approvers.0.count``)."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        raise shape_of(error.errors(include_url=False)) from error


def problem(code: str, field: str = "", **params: str | int) -> PydanticCustomError:
    """What a model raises for something the desk has words for; ``field`` where the validator sees the whole."""
    return PydanticCustomError(_OWN, "{code}", {**params, "code": code, "at": field})


def shape_of(errors: Iterable[Any], skipped: int = 0) -> ShapeError:
    """pydantic's errors as the desk's; ``skipped`` parts of each place are a face's own (the API's ``body``)."""
    return ShapeError([_one(error, skipped) for error in errors])


def _one(error: Any, skipped: int) -> tuple[str, Reason]:
    place = ".".join(str(part) for part in error["loc"][skipped:])
    context = {key: str(value)[:80] for key, value in (error.get("ctx") or {}).items()}
    if error["type"] == _OWN:
        code, at = context.pop("code"), context.pop("at", "")
        return place or at, Reason(code, context)
    return place, Reason(f"shape.{error['type']}", {**context, "field": place})
