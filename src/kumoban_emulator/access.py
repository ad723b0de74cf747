"""Who signs a request, and whether they may: refusals in each protocol's own words.

Source: "Common errors" of each service's API reference; EC2 and S3 have words of their own.
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError
from kumoban_emulator.identify import CallName, iam_action
from kumoban_emulator.keys import Key, Principal
from kumoban_emulator.moto_bridge import key_in_moto
from kumoban_emulator.permissions import context_of, documents, refusal
from kumoban_emulator.signature import MAX_AGE, Scope, age, scope_of, signed_correctly
from kumoban_emulator.state.world import World
from kumoban_emulator.wire import RawRequest

__all__ = ["authenticate", "authorise"]

_UNSIGNED = frozenset({"sso", "sso-oidc"})

#: what is wrong → code per family of services, with its status
_REFUSALS = {
    "unknown": {
        "query": ("InvalidClientTokenId", 403),
        "json": ("UnrecognizedClientException", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("InvalidAccessKeyId", 403),
    },
    "token": {
        "query": ("InvalidClientTokenId", 403),
        "json": ("UnrecognizedClientException", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("InvalidToken", 400),
    },
    "expired": {
        "query": ("ExpiredToken", 403),
        "json": ("ExpiredTokenException", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("ExpiredToken", 400),
    },
    "signature": {
        "query": ("SignatureDoesNotMatch", 403),
        "json": ("InvalidSignatureException", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("SignatureDoesNotMatch", 403),
    },
    "old": {
        "query": ("SignatureDoesNotMatch", 403),
        "json": ("InvalidSignatureException", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("RequestTimeTooSkewed", 403),
    },
    "unsigned": {
        "query": ("MissingAuthenticationToken", 403),
        "json": ("MissingAuthenticationTokenException", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("AccessDenied", 403),
    },
    "forbidden": {
        "query": ("AccessDenied", 403),
        "json": ("AccessDeniedException", 400),
        "ec2": ("UnauthorizedOperation", 403),
        "s3": ("AccessDenied", 403),
    },
}
_INVALID = "The security token included in the request is invalid."


def _family(call: CallName) -> str:
    if call.service in ("ec2", "s3"):
        return call.service
    return "json" if call.protocol in ("json", "rest-json", "smithy-rpc-v2-cbor") else "query"


def _refuse(call: CallName, why: str, message: str) -> AwsError:
    code, status = _REFUSALS[why][_family(call)]
    return AwsError(code, message, status)


def authenticate(
    world: World, call: CallName, request: RawRequest, wall: float, now: float
) -> tuple[Principal | None, str]:
    """(who signed, with which access key). Raises AwsError; never guesses."""
    scope = scope_of(request)
    if scope is None:
        if call.service in _UNSIGNED:
            return None, ""
        raise _refuse(call, "unsigned", "Missing Authentication Token")
    key = world.keys.find(scope.access_key) or _long_lived(world, scope.access_key)
    if key is None:
        raise _refuse(call, "unknown", _INVALID)
    if key.expires is not None and key.expires <= now:
        raise _refuse(call, "expired", "The security token included in the request is expired")
    if not key.has_token(_token(request, scope)):
        raise _refuse(call, "token", _INVALID)
    _check_signature(call, request, scope, key, wall)
    if not world.is_member(key.principal.account):
        raise _refuse(call, "unknown", _INVALID)
    return key.principal, scope.access_key


def _token(request: RawRequest, scope: Scope) -> str:
    if scope.in_query:
        from urllib.parse import parse_qsl

        return dict(parse_qsl(request.query)).get("X-Amz-Security-Token", "")
    return request.headers.get("x-amz-security-token", "")


def _check_signature(call: CallName, request: RawRequest, scope: Scope, key: Key, wall: float) -> None:
    too_old, date = age(request, scope, wall)
    if too_old > 0:
        raise _refuse(call, "old", f"Signature expired: {date} is outside the {MAX_AGE // 60} minutes permitted")
    if not signed_correctly(request, scope, key.secret):
        raise _refuse(
            call,
            "signature",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )


def _long_lived(world: World, access_key: str) -> Key | None:
    """A key somebody made through IAM."""
    found = key_in_moto(access_key) if access_key.startswith("AKIA") else None
    if found is None:
        return None
    key, managed, inline = found
    world.users[key.principal.arn] = documents(managed, inline)
    return key


def authorise(world: World, call: CallName, principal: Principal | None) -> None:
    """Refuse what the caller's policies, or the organisation's, do not permit. Raises AwsError."""
    if principal is None:
        return
    own = world.statements_of(principal.role) if principal.role else world.users.get(principal.arn, [])
    control = [
        documents((), [policy.content for policy in level])
        for level in world.organization.controls_on(principal.account)
    ]
    action = iam_action(call.service, call.operation)
    why = refusal(principal, action, context_of(principal, call.region), own, control)
    if why:
        raise _refuse(call, "forbidden", why)
