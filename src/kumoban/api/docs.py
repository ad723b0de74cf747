"""The API's page: what its own OpenAPI document says, as plain HTML from this server alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from kumoban.api.main import api
from kumoban.api.problems import STATUSES

__all__ = ["Part", "docs", "parts"]

_METHODS = ("get", "post", "put", "delete", "patch")


@dataclass(frozen=True)
class Value:
    """A parameter of an operation, or a property of a schema."""

    name: str
    kind: str
    required: bool
    about: str
    #: the schema this leads to, where it has a name
    schema: str = ""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    title: str
    about: SafeString
    parameters: tuple[Value, ...]
    body: str
    answers: tuple[tuple[str, str], ...]

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "")


@dataclass
class Part:
    """The operations of one tag."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    document = api.get_openapi_schema()
    context = {
        "here": "api",
        "parts": parts(document),
        "schemas": list(_schemas(document)),
        "statuses": list(STATUSES.items()),
    }
    return render(request, "api/docs.html", context)


def parts(document: Mapping[str, Any]) -> list[Part]:
    """In the order in which the API has them."""
    found: dict[str, Part] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                found.setdefault(tag, Part(tag)).operations.append(_operation(method, path, item[method]))
    return list(found.values())


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = {
        status: answer.get("content", {}).get("application/json", {}).get("schema", {})
        for status, answer in described["responses"].items()
        if status.startswith("2")
    }
    return Operation(
        method.upper(),
        path,
        described.get("summary", ""),
        _prose(described.get("description", "")),
        tuple(_parameter(one) for one in described.get("parameters", ())),
        _named(body),
        tuple((status, _kind(schema) if schema else "") for status, schema in answers.items()),
    )


def _prose(text: str) -> SafeString:
    """A description; what stands between double backquotes is code."""
    pieces = enumerate(text.split("``"))
    told = (format_html("<code>{}</code>", piece) if index % 2 else piece for index, piece in pieces)
    return format_html_join("", "{}", ((piece,) for piece in told))


def _parameter(described: Mapping[str, Any]) -> Value:
    kind = f"{described['in']} · {_kind(described['schema'])}"
    return Value(described["name"], kind, described.get("required", False), described.get("description", ""))


def _schemas(document: Mapping[str, Any]) -> Iterator[tuple[str, SafeString, list[Value]]]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        required = schema.get("required", ())
        values = [
            Value(key, _kind(of), key in required, of.get("description", ""), _named(of) or _named(of.get("items", {})))
            for key, of in schema.get("properties", {}).items()
        ]
        yield name, _prose(schema.get("description", "")), values


def _kind(schema: Mapping[str, Any]) -> str:
    """The type in a few words: ``list of string``, ``read | ask``, ``integer 1…365``."""
    if named := _named(schema):
        return named
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(one) or '""' for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return f"{schema.get('format') or schema.get('type', 'any')}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    return "" if least is None and most is None else f" {'' if least is None else least}…{'' if most is None else most}"


def _named(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
