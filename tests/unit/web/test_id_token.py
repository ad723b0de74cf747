"""An ID token counts only when the provider signed it for this desk, now; everything else proves nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pytest_django.fixtures import Settings

from kumoban.core.reason import Refused
from kumoban.web.sign_in import oidc

ISSUER, CLIENT = "https://idp.example", "kumoban-desk"
METADATA = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "keys": [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PRIVATE.public_key())), "kid": "rsa", "use": "sig"},
        {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ELLIPTIC.public_key())), "kid": "ec"},
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key())), "kid": "enc", "use": "enc"},
    ]
}


@pytest.fixture(autouse=True)
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KUMOBAN_OIDC_CLIENT_ID = CLIENT
    monkeypatch.setattr(oidc, "_get", lambda _address: KEYS)


def token(key: Any = PRIVATE, algorithm: str = "RS256", kid: str | None = "rsa", **said: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "dir-sato", "iat": now, "exp": now + 300} | said
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def test_a_token_that_the_provider_signed_for_us_is_read() -> None:
    assert oidc._claims(METADATA, token())["sub"] == "dir-sato"
    assert oidc._claims(METADATA, token(ELLIPTIC, "ES256", "ec"))["sub"] == "dir-sato"
    assert oidc._claims(METADATA, token(aud=[CLIENT, "another"], azp=CLIENT))["sub"] == "dir-sato"


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda: token("", "none"), id="not signed at all"),
        pytest.param(lambda: token("the client's own secret, long enough", "HS256"), id="signed with a shared secret"),
        pytest.param(lambda: token(STRANGER), id="signed by a stranger"),
        pytest.param(lambda: token(STRANGER, kid="enc"), id="signed with a key for encryption"),
        pytest.param(lambda: token(kid="another"), id="signed with a key that is not there"),
        pytest.param(lambda: token(kid=None), id="signed with no key's name where there are several"),
        pytest.param(lambda: token(ELLIPTIC, "ES256", "rsa"), id="signed with another algorithm than the key's"),
        pytest.param(lambda: token(iss="https://other.example"), id="of another issuer"),
        pytest.param(lambda: token(aud="another"), id="for another client"),
        pytest.param(lambda: token(aud=[CLIENT, "another"]), id="for several clients, none named"),
        pytest.param(lambda: token(azp="another"), id="made for another client's use"),
        pytest.param(lambda: token(exp=int(time.time()) - 120), id="too old"),
        pytest.param(lambda: token(iat=int(time.time()) + 600), id="from the future"),
        pytest.param(lambda: token(exp=None), id="without an end"),
        pytest.param(lambda: token(sub=None), id="without a subject"),
        pytest.param(lambda: token()[:-4] + "AAAA", id="changed"),
        pytest.param(lambda: "no token", id="no token"),
    ],
)
def test_a_token_proves_nothing_that_is(forged: Any) -> None:
    with pytest.raises(Refused, match="sign_in_not_proved"):
        oidc._claims(METADATA, forged())


def test_keys_that_are_none_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for nothing in ({}, {"keys": []}, {"keys": "x"}, {"keys": [{"kty": "?"}]}):
        monkeypatch.setattr(oidc, "_get", lambda _address, found=nothing: found)
        with pytest.raises(Refused, match="sign_in_not_proved"):
            oidc._claims(METADATA, token())
