"""OpenID Connect: the code flow with PKCE, state and nonce. Only the ID token counts, its signature checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import jwt
from django.conf import settings
from django.core.cache import cache

from kumoban.desk.sign_in import Subject
from kumoban.web.sign_in.asked import Asked
from kumoban.web.sign_in.proof import Proof, cancelled, not_proved, provider_down

__all__ = ["CALLBACK", "begin", "configured", "finish"]

CALLBACK = "/sign-in/oidc/callback"
#: signatures by a key of the provider's; never "none", never by a shared secret
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY = 60
_METADATA_SECONDS = 600


def configured() -> bool:
    return bool(settings.KUMOBAN_OIDC_ISSUER and settings.KUMOBAN_OIDC_CLIENT_ID)


def begin(next_page: str, *, again: bool = False) -> tuple[str, Asked]:
    """Where to send the browser, and what to keep until it comes back. Raises Refused when the provider is down."""
    asked = Asked(
        "oidc",
        key=secrets.token_urlsafe(32),
        next=next_page,
        at=time.time(),
        again=again,
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
    )
    question = {
        "response_type": "code",
        "client_id": settings.KUMOBAN_OIDC_CLIENT_ID,
        "redirect_uri": _redirect_uri(),
        "scope": " ".join(settings.KUMOBAN_OIDC_SCOPES),
        "state": asked.key,
        "nonce": asked.nonce,
        "code_challenge": _challenge(asked.verifier),
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if again else {}),
    }
    endpoint = _metadata()["authorization_endpoint"]
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(question)}", asked


def finish(asked: Asked, answer: Mapping[str, str]) -> Proof:
    """Who signed in, proved by the ID token that the answer's code is exchanged for. Raises Refused."""
    metadata = _metadata()
    if "error" in answer:
        raise cancelled(answer["error"][:60])
    issuer = answer.get("iss", "")
    if (issuer or metadata.get("authorization_response_iss_parameter_supported")) and issuer != metadata["issuer"]:
        raise not_proved("the answer is another issuer's")
    token = _exchange(metadata, answer.get("code", ""), asked)
    claims = _claims(metadata, token)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), asked.nonce.encode()):
        raise not_proved("the nonce is not that of the question")
    authenticated = claims.get("auth_time")
    at = float(authenticated) if isinstance(authenticated, int) else None
    return Proof(Subject("oidc", metadata["issuer"], _id_of(claims)), asked.key, at)


def _redirect_uri() -> str:
    return settings.KUMOBAN_BASE_URL + CALLBACK


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _id_of(claims: Mapping[str, Any]) -> str:
    name = settings.KUMOBAN_SIGN_IN_CLAIM or "sub"
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise not_proved(f"the ID token has no claim {name}")
    return value


# --- the token


def _exchange(metadata: Mapping[str, Any], code: str, asked: Asked) -> str:
    """The ID token for the code, straight from the provider."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _redirect_uri(),
        "code_verifier": asked.verifier,
    }
    name, secret = settings.KUMOBAN_OIDC_CLIENT_ID, settings.KUMOBAN_OIDC_CLIENT_SECRET
    methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    auth = None
    if secret and "client_secret_basic" in methods:
        auth = httpx.BasicAuth(quote(name, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": name, **({"client_secret": secret} if secret else {})}
    try:
        answer = _client(auth).post(metadata["token_endpoint"], data=form)
    except httpx.HTTPError as error:
        raise provider_down(f"token endpoint: {type(error).__name__}") from error
    if answer.status_code >= 500:
        raise provider_down(f"token endpoint: status {answer.status_code}")
    token = _object(answer).get("id_token") if answer.is_success else None
    if not isinstance(token, str):
        raise not_proved(f"the code was not exchanged: status {answer.status_code}")
    return token


def _claims(metadata: Mapping[str, Any], token: str) -> Mapping[str, Any]:
    """What the token says, when the provider signed it for us, and it is not too old."""
    client = settings.KUMOBAN_OIDC_CLIENT_ID
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(metadata, jwt.get_unverified_header(token).get("kid")),
            algorithms=ALGORITHMS,
            audience=client,
            issuer=metadata["issuer"],
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as error:
        raise not_proved(f"ID token: {type(error).__name__}") from error
    audience = claims["aud"]
    for_others_too = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if for_others_too else client) != client:
        raise not_proved("ID token: made for another client")
    return claims


def _key(metadata: Mapping[str, Any], kid: str | None) -> jwt.PyJWK:
    """The provider's key of this name, as it is now: keys change."""
    keys = [key for key in jwt.PyJWKSet.from_dict(_get(metadata["jwks_uri"])).keys if key.public_key_use != "enc"]
    found = [key for key in keys if key.key_id == kid] if kid else keys
    if len(found) != 1:
        raise not_proved("ID token: signed by no key of the provider's")
    return found[0]


# --- asking the provider


def _metadata() -> Mapping[str, Any]:
    """The provider's own description, of the issuer that is configured and no other."""
    issuer = settings.KUMOBAN_OIDC_ISSUER
    known: Mapping[str, Any] | None = cache.get(f"oidc:{issuer}")
    if known is not None:
        return known
    found = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise provider_down("its description names another issuer than KUMOBAN_OIDC_ISSUER")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if urlsplit(str(found.get(name, ""))).scheme not in ("https", urlsplit(issuer).scheme):
            raise provider_down(f"its description has no {name} over HTTPS")
    cache.set(f"oidc:{issuer}", found, _METADATA_SECONDS)
    return found


def _get(address: str) -> dict[str, Any]:
    try:
        return _object(_client().get(address).raise_for_status())
    except httpx.HTTPError as error:
        raise provider_down(f"{address}: {type(error).__name__}") from error


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise provider_down(f"{answer.url}: not JSON") from error
    if not isinstance(found, dict):
        raise provider_down(f"{answer.url}: not a JSON object")
    return found


def _client(auth: httpx.Auth | None = None) -> httpx.Client:
    return httpx.Client(auth=auth, timeout=5.0, follow_redirects=False)
