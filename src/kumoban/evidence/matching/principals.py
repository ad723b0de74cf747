"""Whose session an event is: told by CloudTrail's ``userIdentity``, never by a name that somebody chose.

What a person of Identity Center did is theirs by user id (``onBehalfOf``); a role that somebody took on is theirs who
took it on, from the event that made the credentials. Source: CloudTrail user guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kumoban.evidence.matching.models import PrincipalKind
from kumoban.services.cloudtrail import Glance, Identity, Record

__all__ = ["Known", "Principal", "Taken", "at_a_glance", "principal_of", "role_name", "session_name", "taken_on"]

#: where AWS keeps the roles of Identity Center; nobody else can make one there (IAM user guide, "IAM identifiers")
_RESERVED = ":role/aws-reserved/sso.amazonaws.com/"
_RESERVED_NAME = ":assumed-role/AWSReservedSSO_"
#: events that give somebody the credentials of a role
_TAKES_ON = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken", "SwitchRole"}
)
#: of the access portal and of sign-in: nobody is in an account yet
_PORTAL = frozenset({"sso.amazonaws.com", "sso-oauth.amazonaws.com", "signin.amazonaws.com", "sso-oidc.amazonaws.com"})


@dataclass(frozen=True)
class Principal:
    """``id``: the user id, the user's ARN, or what was assumed by whom. ``role``: the role's ARN, where it is one."""

    kind: str
    id: str
    account: str
    role: str = ""
    name: str = ""
    person: str = ""
    origin: str = ""
    caller: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return hashlib.sha256("\0".join((self.kind, self.id, self.account, self.role)).encode()).hexdigest()


@dataclass(frozen=True)
class Taken:
    """A role taken on: whose session ``target`` (its ARN) is from now on."""

    event_id: str
    target: str
    at: datetime
    kind: str
    origin: str
    caller: Mapping[str, Any]

    @property
    def account(self) -> str:
        return self.target.split(":")[4] if self.target.count(":") >= 5 else ""


@dataclass
class Known:
    """What classification asks: who is of the organisation, who the desk itself is, which roles somebody took on."""

    organisation: frozenset[str]
    people: Mapping[str, str]
    desk: str
    emergency: frozenset[str]
    #: by session ARN, newest first
    taken: dict[str, list[Taken]]

    def __post_init__(self) -> None:
        self._emergency = frozenset(f":{one.split(':')[4]}:assumed-role/{one.rsplit('/', 1)[-1]}/"
                                    for one in self.emergency if ":role/" in one)  # fmt: skip

    def is_desk(self, identity: Identity) -> bool:
        """The identity the desk runs as: a user, or a session of one role."""
        arn = identity.arn or ""
        return bool(self.desk) and (
            arn == self.desk or (":assumed-role/" in arn and _role_of(arn) == _role_of(self.desk))
        )

    @property
    def has_emergency(self) -> bool:
        return bool(self._emergency)

    def emergency_role(self, arn: str) -> bool:
        return any(part in arn for part in self._emergency)

    def took(self, target: str, at: datetime, longest: float = 13 * 3600) -> Taken | None:
        """Who took on this session last before ``at``; credentials work for 12 hours at most."""
        for one in self.taken.get(target, ()):
            if -60 <= (at - one.at).total_seconds() <= longest:
                return one
        return None


def at_a_glance(seen: Sequence[Glance], known: Known) -> tuple[dict[str, int], list[int]]:
    """How many records are no session's, by class; and the positions of those to be looked at in full.

    One loop without calls: nearly all of ten million records of a month end here.
    """
    service = workload = other = 0
    closer: list[int] = []
    taken, emergency = known.taken, known.has_emergency
    for position, one in enumerate(seen):
        identity = one.userIdentity
        if identity is None:
            closer.append(position)
            continue
        kind = identity.type
        if kind == "AWSAccount":
            if one.eventName in _TAKES_ON:
                closer.append(position)
            else:
                other += 1
        elif kind == "AWSService" or identity.invokedBy:
            service += 1
        elif kind == "AssumedRole":
            arn = identity.arn
            if (
                not arn
                or _RESERVED_NAME in arn
                or arn in taken
                or identity.onBehalfOf is not None
                or one.eventName in _TAKES_ON
                or (emergency and known.emergency_role(arn))
            ):
                closer.append(position)
            else:
                workload += 1
        else:
            closer.append(position)
    counted = {"aws_service": service, "workload": workload, "other_account": other}
    return {name: n for name, n in counted.items() if n}, closer


def principal_of(record: Record, at: datetime, known: Known) -> Principal | str:
    """The principal, or the class of a record that is no session's."""
    identity, account = record.userIdentity, record.recipientAccountId or ""
    if identity is None:
        return "aws_service" if (record.eventSource or "").startswith("aws") else _unknown(Identity(), account)
    if identity.type == "AWSService" or (identity.invokedBy and identity.type != "AWSAccount"):
        return "aws_service"
    if _no_access(record, identity):
        return "no_access"
    if identity.accountId and account and identity.accountId != account and identity.type != "Root":
        return "other_account"  # what it did is in the log of its own account
    match identity.type:
        case "AssumedRole":
            return _of_role(record, identity, account, at, known)
        case "IAMUser":
            arn = identity.arn or f"user:{identity.userName or identity.principalId}"
            kind = PrincipalKind.DESK if known.is_desk(identity) else PrincipalKind.IAM_USER
            return Principal(kind, arn, account, name=identity.userName or role_name(arn))
        case "FederatedUser":
            return _federated(identity, account)
        case "Root":
            origin = "AssumeRoot" if identity.sessionContext and identity.sessionContext.assumedRoot else ""
            return Principal(PrincipalKind.ROOT, f"root:{account}", account, name="root", origin=origin)
        case "SAMLUser" | "WebIdentityUser" if record.eventName in _TAKES_ON:
            return "no_access"  # the session it begins is found by its own events
        case "AWSAccount":
            return "other_account"
    return _unknown(identity, account)


def _no_access(record: Record, identity: Identity) -> bool:
    """Sign-ins that failed, and the portal: nobody was in an account with it."""
    if record.eventName == "ConsoleLogin":
        return _said(record.responseElements).get("ConsoleLogin") == "Failure" or bool(record.errorMessage)
    return record.eventSource in _PORTAL and identity.type in ("Unknown", "IdentityCenterUser")


def _of_role(record: Record, identity: Identity, account: str, at: datetime, known: Known) -> Principal | str:
    arn = identity.arn or ""
    name = session_name(arn) or (identity.principalId or "").partition(":")[2]
    if _RESERVED in identity.issuer or (not identity.issuer and _RESERVED_NAME in arn):
        person = identity.person or known.people.get(name.casefold(), "")
        role = role_name(identity.issuer or _role_of(arn))
        return Principal(PrincipalKind.IDENTITY_CENTER, person or f"name:{name}", account, role, name, person)
    role = identity.issuer or _role_of(arn)
    if known.is_desk(identity):
        return Principal(PrincipalKind.DESK, _role_of(arn), account, role, role_name(role))
    if identity.person:  # account access manager gives an existing role to a person
        return Principal(PrincipalKind.IDENTITY_CENTER, identity.person, account, role, name, identity.person)
    if not role:
        return _unknown(identity, account)
    taken = known.took(arn, at)
    if taken is None and known.emergency_role(arn):
        return Principal(PrincipalKind.EMERGENCY, f"{role}/{name}", account, role, name)
    if taken is None:
        return "workload"
    if taken.kind == PrincipalKind.DESK:
        return Principal(PrincipalKind.DESK, taken.origin, account, role, role_name(role))
    of_caller = str(taken.caller.get("person", ""))
    return Principal(taken.kind, f"{taken.origin} {name}", account, role, name, of_caller, taken.origin, taken.caller)


def _federated(identity: Identity, account: str) -> Principal:
    """GetFederationToken: the user, or root, who called it is who acts."""
    issuer, name = identity.issuer, role_name(identity.arn or "")
    if issuer.endswith(":root"):
        return Principal(
            PrincipalKind.ROOT, f"root:{account}", account, name="root", origin=f"GetFederationToken {name}"
        )
    if issuer:
        return Principal(
            PrincipalKind.IAM_USER, issuer, account, name=role_name(issuer), origin=f"GetFederationToken {name}"
        )
    return _unknown(identity, account)


def _unknown(identity: Identity, account: str) -> Principal:
    """What is not understood is asked about, not left out."""
    who = identity.arn or identity.principalId or identity.userName or ""
    return Principal(PrincipalKind.UNKNOWN, f"{identity.type or '-'} {who}".strip(), account, name=who[:200])


def taken_on(record: Record, at: datetime, principal: Principal | str, known: Known) -> Taken | None:
    """The role session that this event begins, where the matching asks about it."""
    if record.eventName not in _TAKES_ON or record.errorCode or record.userIdentity is None:
        return None
    target = _target(record)
    if not target or not record.eventID:
        return None
    kind, origin, caller = _taker(record, principal, known)
    if known.emergency_role(target) and kind != PrincipalKind.DESK:
        kind, origin = PrincipalKind.EMERGENCY, origin or "-"
    return Taken(record.eventID, target, at, kind, origin, caller) if kind else None


def _taker(record: Record, principal: Principal | str, known: Known) -> tuple[str, str, Mapping[str, Any]]:
    identity = record.userIdentity
    assert identity is not None
    if isinstance(principal, Principal):
        if principal.kind == PrincipalKind.DESK:
            return PrincipalKind.DESK, principal.id, {}
        kind = PrincipalKind.OUTSIDE if principal.kind == PrincipalKind.OUTSIDE else PrincipalKind.CHAINED
        caller = {"key": principal.key, "kind": principal.kind, "account": principal.account, "role": principal.role,
                  "person": principal.person, "name": principal.name}  # fmt: skip
        return kind, principal.origin if kind == PrincipalKind.OUTSIDE else principal.id, caller
    if identity.type == "SAMLUser":
        return PrincipalKind.OUTSIDE, identity.identityProvider or identity.principalId or "SAML", {}
    if identity.type == "WebIdentityUser":
        return PrincipalKind.OUTSIDE, identity.identityProvider or identity.principalId or "web identity", {}
    of = identity.accountId or ""
    if identity.type == "AWSAccount" and of and of not in known.organisation:
        return PrincipalKind.OUTSIDE, of, {}
    return "", "", {}


def _target(record: Record) -> str:
    answer = _said(record.responseElements)
    assumed = answer.get("assumedRoleUser")
    if isinstance(assumed, dict) and assumed.get("arn"):
        return str(assumed["arn"])[:300]
    if record.eventName == "SwitchRole" and record.userIdentity is not None:
        return (record.userIdentity.arn or "")[:300]
    return ""


def role_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def session_name(arn: str) -> str:
    """``…:assumed-role/Role/session``"""
    return arn.rsplit("/", 1)[-1] if ":assumed-role/" in arn else ""


def _role_of(arn: str) -> str:
    """Of a session's ARN, without the session's name."""
    return arn.rsplit("/", 1)[0] if ":assumed-role/" in arn else arn


def _said(raw: Any) -> dict[str, Any]:
    found = json.loads(bytes(raw) or b"null")
    return found if isinstance(found, dict) else {}
