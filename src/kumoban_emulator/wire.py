"""Requests and answers as bytes: what WSGI gives, and what it gets back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

__all__ = ["CUT", "Answer", "RawRequest", "read_request", "send"]

#: environ key of a function that drops the connection
CUT = "kumoban_emulator.cut"
MAX_BODY = 256 * 1024 * 1024


@dataclass(frozen=True)
class RawRequest:
    """One HTTP request. ``path`` and ``query`` are as sent, still percent-encoded; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    environ: Mapping[str, Any] = field(repr=False, default_factory=dict)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: drop the connection instead of answering
    cut: bool = False


def read_request(environ: Mapping[str, Any]) -> RawRequest:
    uri = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
    path, _, query = str(uri).partition("?")
    if "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    query = query or str(environ.get("QUERY_STRING", ""))
    return RawRequest(
        environ["REQUEST_METHOD"],
        path or "/",
        query,
        _headers(environ),
        environ["wsgi.input"].read(_length(environ)),
        environ,
    )


def _length(environ: Mapping[str, Any]) -> int:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY:
        raise ValueError("body too large")
    return length


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    found = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            found[key.replace("_", "-").lower()] = environ[key]
    return found


def send(answer: Answer, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
    if answer.cut and CUT in environ:
        environ[CUT]()
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
    length = answer.headers.get("Content-Length", str(len(answer.body)))
    start_response(f"{answer.status} {phrase}", [*headers, ("Content-Length", length)])
    return [answer.body]
