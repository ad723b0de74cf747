"""How the API describes itself: OpenAPI 3.1, with the problems every operation may answer with."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from kumoban.api.problems import CONTENT_TYPE, SCHEMA, STATUSES

__all__ = ["DescribedAPI"]

_METHODS = ("get", "put", "post", "delete", "patch")


class DescribedAPI(NinjaAPI):
    """A NinjaAPI whose document names every error response."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        described = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        described["components"].setdefault("schemas", {})["Problem"] = SCHEMA
        described["components"]["responses"] = {f"Problem{status}": _problem(why) for status, why in STATUSES.items()}
        for item in described["paths"].values():
            for method in _METHODS:
                if method in item:
                    _describe_errors(item[method])
        return described


def _problem(why: str) -> dict[str, Any]:
    return {"description": why, "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _describe_errors(operation: dict[str, Any]) -> None:
    """ninja writes the codes of successes as numbers; in a document they are strings."""
    operation["responses"] = {
        **{str(status): response for status, response in operation["responses"].items()},
        **{status: {"$ref": f"#/components/responses/Problem{status}"} for status in STATUSES},
    }
