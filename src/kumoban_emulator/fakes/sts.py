"""AWS STS: sessions of roles that exist and trust the caller. Source: AWS STS API reference.

A session started from another session (role chaining) lasts one hour at most.
"""

from __future__ import annotations

import re

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.ids import access_key, secret, token
from kumoban_emulator.keys import Key, Principal
from kumoban_emulator.moto_bridge import role_in_moto
from kumoban_emulator.roles import Role

__all__ = ["start_session"]

_SERVICE = "sts"
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_CHAINED_MAX = 3600


def _denied(message: str) -> AwsError:
    return AwsError("AccessDenied", message, 403)


@fake(_SERVICE, "GetCallerIdentity")
def get_caller_identity(call: Call, params: Params) -> Params:
    principal = call.principal
    return {"UserId": principal.principal_id, "Account": principal.account, "Arn": principal.arn}


@fake(_SERVICE, "GetAccessKeyInfo")
def get_access_key_info(call: Call, params: Params) -> Params:
    key = call.world.keys.find(params["AccessKeyId"])
    if key is None:
        raise AwsError("ValidationError", "The access key does not exist.", 400)
    return {"Account": key.principal.account}


@fake(_SERVICE, "AssumeRole")
def assume_role(call: Call, params: Params) -> Params:
    name, duration = params["RoleSessionName"], int(params.get("DurationSeconds") or 3600)
    if not _SESSION_NAME.fullmatch(name):
        raise AwsError("ValidationError", f"Value '{name}' at 'roleSessionName' failed to satisfy constraint", 400)
    role = _trusted(call, params["RoleArn"])
    _check_duration(call.principal, role, duration)
    key = start_session(call, role, name, duration, policy=params.get("Policy") or "")
    return {
        "Credentials": {
            "AccessKeyId": key.access_key,
            "SecretAccessKey": key.secret,
            "SessionToken": key.token,
            "Expiration": moment(int(call.wall) + duration),
        },
        "AssumedRoleUser": {"AssumedRoleId": key.principal.principal_id, "Arn": key.principal.arn},
        "PackedPolicySize": 0,
    }


def _trusted(call: Call, arn: str) -> Role:
    """The role, if it exists and trusts the caller; the same refusal for both, as on AWS."""
    found = _ROLE.fullmatch(arn)
    role = call.world.roles.find(found[1], found[2]) or role_in_moto(found[1], found[2]) if found else None
    if role is None or role.permission_set or not _trusts(role, call.principal):
        raise _denied(f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}")
    if not call.world.is_member(role.account):
        raise _denied(f"Account {role.account} is not active.")
    return role


def _trusts(role: Role, principal: Principal) -> bool:
    itself = principal.role.arn if principal.role else principal.arn
    account = principal.account
    return bool({"*", account, f"arn:aws:iam::{account}:root", itself, principal.arn} & set(role.trusts))


def _check_duration(principal: Principal, role: Role, duration: int) -> None:
    if duration < 900 or duration > role.max_session:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400
        )
    if principal.is_session and duration > _CHAINED_MAX:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            400,
        )


def start_session(call: Call, role: Role, name: str, duration: int, *, policy: str = "", on_behalf_of: str = "") -> Key:
    """Issue credentials for a session of a role; they work until they expire, whatever becomes of the role."""
    principal = Principal(
        role.account,
        f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
        f"{role.role_id}:{name}",
        role=role,
        session_name=name,
        on_behalf_of=on_behalf_of,
        since=call.wall,
        session_policy=policy,
    )
    made = (access_key(call.chance, "ASIA"), secret(call.chance), token(call.chance))
    return call.world.keys.add(Key(made[0], made[1], principal, made[2], call.now + duration))
