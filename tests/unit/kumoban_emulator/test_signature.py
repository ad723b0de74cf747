"""Signatures are verified as AWS verifies them, whatever botocore signs."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from kumoban_emulator.signature import age, scope_of, signed_correctly
from kumoban_emulator.wire import RawRequest

KEY = Credentials("AKIAEXAMPLEEXAMPLE00", "secret/with+signs")


def _signed(
    signer: SigV4Auth, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> RawRequest:
    request = AWSRequest(method, url, headers={"Host": urlsplit(url).netloc, **(headers or {})}, data=body)
    signer.add_auth(request)
    sent = request.prepare()
    parts = urlsplit(sent.url)
    plain = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in sent.headers.items()
    }
    return RawRequest(method, parts.path or "/", parts.query, plain, body)


def _holds(request: RawRequest, secret: str = KEY.secret_key) -> bool:
    scope = scope_of(request)
    assert scope is not None
    return signed_correctly(request, scope, secret)


def _json() -> RawRequest:
    target = {"X-Amz-Target": "AWSOrganizationsV20161128.ListRoots"}
    return _signed(SigV4Auth(KEY, "organizations", "us-east-1"), "POST", "http://127.0.0.1:4600/", b"{}", target)


def test_what_botocore_signs_is_accepted() -> None:
    assert _holds(_json())


def test_anything_altered_is_refused() -> None:
    request = _json()
    altered = [
        RawRequest("POST", "/", "", request.headers, b'{"x":1}'),
        RawRequest("POST", "/x", "", request.headers, request.body),
        RawRequest("POST", "/", "a=b", request.headers, request.body),
        RawRequest("PUT", "/", "", request.headers, request.body),
        RawRequest("POST", "/", "", {**request.headers, "x-amz-target": "A.B"}, request.body),
    ]
    assert not any(_holds(wrong) for wrong in altered)
    assert not _holds(request, "another secret")


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(
        lambda text: text.strip("/. ") or "x"
    )
)
def test_any_object_key_can_be_signed_for(key: str) -> None:
    from urllib.parse import quote

    url = f"http://127.0.0.1:4600/bucket/{quote(key, safe='/~')}"
    assert _holds(_signed(S3SigV4Auth(KEY, "s3", "us-east-1"), "PUT", url, b"body"))


@pytest.mark.parametrize(
    "path", ["/2015-03-31/functions/a%3Ab", "/v1/名前".encode().decode("latin-1"), "/v2/email/x%20y"]
)
def test_paths_of_other_services_are_encoded_twice(path: str) -> None:
    if not path.isascii():
        path = "/v1/%E5%90%8D"
    assert _holds(_signed(SigV4Auth(KEY, "lambda", "us-east-1"), "GET", f"http://127.0.0.1:4600{path}"))


def test_presigned_urls_are_accepted_until_they_expire() -> None:
    signer = S3SigV4QueryAuth(KEY, "s3", "us-east-1", expires=60)
    request = _signed(signer, "GET", "http://127.0.0.1:4600/bucket/a%20b")
    scope = scope_of(request)
    assert scope is not None
    assert scope.in_query
    assert _holds(request)
    assert age(request, scope, time.time())[0] < 0
    assert age(request, scope, time.time() + 61)[0] > 0


def test_a_signature_lives_fifteen_minutes_in_both_directions() -> None:
    request = _json()
    scope = scope_of(request)
    assert scope is not None
    for drift, fresh in ((0, True), (890, True), (910, False), (-890, True), (-910, False)):
        assert (age(request, scope, time.time() + drift)[0] < 0) is fresh


def test_what_is_not_signed_has_no_scope() -> None:
    assert scope_of(RawRequest("GET", "/", "", {}, b"")) is None
    assert scope_of(RawRequest("GET", "/", "", {"authorization": "Basic abc"}, b"")) is None
