"""What goes wrong, as RFC 9457 problem details: for every refusal, every shape that is not understood."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.shapes import shape_of
from kumoban.desk.words import say

__all__ = ["CONTENT_TYPE", "SCHEMA", "STATUSES", "install"]

CONTENT_TYPE = "application/problem+json"
#: the statuses every operation may answer with, and when
STATUSES = {
    "401": "The token is missing, unknown, expired or revoked; or a signature is not valid.",
    "403": "This token or this person may not do that; the attempt is remembered.",
    "404": "There is no such thing, or this person may not see it.",
    "409": "The desk will not do this now; the errors say why.",
    "413": "The body is larger than 512 KiB.",
    "429": "This machine calls too often; it tries again in the next minute.",
    "422": "The input is not understood; the errors name the fields.",
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details. Every error has a stable code; detail is in the reader's language.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The first error's code."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail", "params"],
                "properties": {
                    "field": {
                        "type": "string",
                        "description": "Where, with dots: approvers.0.count. Empty: the whole.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "params": {"type": "object"},
                },
            },
        },
    },
}
_Errors = Sequence[tuple[str, Reason]]


def install(api: NinjaAPI) -> None:
    """Every exception an operation may raise becomes a problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    actor = getattr(request, "auth", None)
    if isinstance(actor, Actor):
        refused_attempt(actor, request.path, "api", refused)
    missing = any(reason.code.startswith("no_such_") for reason in refused.reasons) and not refused.field
    forged = any(reason.code == "signature_not_valid" for reason in refused.reasons)
    often = any(reason.code == "too_many_calls" for reason in refused.reasons)
    status = 401 if forged else 429 if often else 404 if missing else 403 if refused.attempt else 409
    return _problem(status, [(refused.field or "", reason) for reason in refused.reasons])


def _shape(error: ValidationError) -> _Errors:
    """ninja puts ``body`` and the parameter's name, or ``query``, before the place in the model."""
    in_body = any(item["loc"][:1] == ("body",) for item in error.errors)
    return shape_of(error.errors, skipped=2 if in_body else 1).errors


def _problem(status: int, reasons: _Errors) -> HttpResponse:
    errors = [
        {"field": field, "code": reason.code, "detail": say(reason), "params": dict(reason.params)}
        for field, reason in reasons
    ]
    body = {
        "type": "about:blank",
        "title": errors[0]["code"],
        "status": status,
        "detail": errors[0]["detail"],
        "errors": errors,
    }
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=CONTENT_TYPE)


_HANDLERS: dict[type[Exception], Any] = {
    Refused: _refused,
    ShapeError: lambda request, shape: _problem(422, shape.errors),
    ValidationError: lambda request, error: _problem(422, _shape(error)),
    AuthenticationError: lambda request, _: _problem(401, [("", Reason("token_not_valid"))]),
    RequestDataTooBig: lambda request, _: _problem(413, [("", Reason("body_too_large"))]),
    Http404: lambda request, _: _problem(404, [("", Reason("nothing_here"))]),
    HttpError: lambda request, error: _problem(error.status_code, [("", Reason("shape.json_invalid"))]),
}
