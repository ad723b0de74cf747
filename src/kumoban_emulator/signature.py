"""Signature Version 4, verified as AWS does it: scope, age, then the signature itself.

Source: IAM user guide, "Create a signed AWS API request" and "Authenticating requests (query parameters)".
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from kumoban_emulator.wire import RawRequest

__all__ = ["MAX_AGE", "Scope", "age", "scope_of", "signed_correctly"]

#: seconds after which AWS refuses a signature
MAX_AGE = 15 * 60

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)"
)


@dataclass(frozen=True)
class Scope:
    """What the signature says about itself."""

    access_key: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...] = ()
    signature: str = ""
    in_query: bool = False


def scope_of(request: RawRequest) -> Scope | None:
    """The SigV4 scope from the Authorization header or a presigned URL; None when unsigned."""
    found = _AUTHORIZATION.search(request.headers.get("authorization", ""))
    if found:
        return _scope(found[1], found[2], found[3], False)
    if "X-Amz-Credential=" not in request.query:
        return None
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    return _scope(
        query["X-Amz-Credential"], query.get("X-Amz-SignedHeaders", "host"), query.get("X-Amz-Signature", ""), True
    )


def _scope(credential: str, headers: str, signature: str, in_query: bool) -> Scope | None:
    parts = unquote(credential).rsplit("/", 4)
    if len(parts) != 5:
        return None
    key, day, region, service, _ = parts
    return Scope(key, day, region, service, tuple(headers.split(";")), signature, in_query)


def age(request: RawRequest, scope: Scope, now: float) -> tuple[float, str]:
    """(seconds past the permitted life of the signature, its date); negative while it is valid."""
    if scope.in_query:
        query = dict(parse_qsl(request.query))
        date, life = query.get("X-Amz-Date", ""), float(query.get("X-Amz-Expires", "3600"))
    else:
        date, life = request.headers.get("x-amz-date", ""), float(MAX_AGE)
    try:
        signed_at = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return float("inf"), date
    if signed_at > now + MAX_AGE:
        return signed_at - now - MAX_AGE, date
    return now - signed_at - life, date


def signed_correctly(request: RawRequest, scope: Scope, secret: str) -> bool:
    canonical = _canonical(request, scope)
    date = request.headers.get("x-amz-date") or dict(parse_qsl(request.query)).get("X-Amz-Date", "")
    credential_scope = f"{scope.day}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", date, credential_scope, hashlib.sha256(canonical.encode()).hexdigest()))
    expected = hmac.new(_key(secret, scope.day, scope.region, scope.service), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, scope.signature)


def _canonical(request: RawRequest, scope: Scope) -> str:
    headers = "".join(f"{name}:{_squeezed(request.headers.get(name, ''))}\n" for name in scope.signed_headers)
    return "\n".join(
        (
            request.method,
            request.path if scope.service == "s3" else quote(request.path, safe="/~"),
            _canonical_query(request.query, scope.in_query),
            headers,
            ";".join(scope.signed_headers),
            _payload_hash(request, scope),
        )
    )


def _payload_hash(request: RawRequest, scope: Scope) -> str:
    declared = request.headers.get("x-amz-content-sha256")
    if scope.in_query and scope.service == "s3":
        return declared or "UNSIGNED-PAYLOAD"
    if declared and not re.fullmatch(r"[0-9a-f]{64}", declared):
        return declared
    return hashlib.sha256(request.body).hexdigest()


def _canonical_query(query: str, presigned: bool) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if not (presigned and name == "X-Amz-Signature"))


def _squeezed(value: str) -> str:
    return " ".join(value.split())


@lru_cache(maxsize=4096)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
