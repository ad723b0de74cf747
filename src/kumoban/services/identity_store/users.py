"""``identity_store.create_user/1``, ``update_user/1``, ``delete_user/1``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.aws.answers import accepted, gone
from kumoban.aws.arns import STORE, USERS
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs
from kumoban.estate.attributes import ENTERPRISE, described_user
from kumoban.services.identity_store.comparing import before_of, seen_as, wanted_of
from kumoban.services.identity_store.revision import revision

__all__ = ["ATTRIBUTES", "CREATE_USER", "DELETE_USER", "UPDATE_USER", "USER_ACTIONS"]

CREATE_USER = "identity_store.create_user/1"
UPDATE_USER = "identity_store.update_user/1"
DELETE_USER = "identity_store.delete_user/1"

#: our names of a user's attributes, and the attribute paths of AWS
ATTRIBUTES: Mapping[str, str] = {
    "user_name": "userName",
    "display_name": "displayName",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "email": "emails",
    "title": "title",
    "language": "preferredLanguage",
    "employee_number": f"{ENTERPRISE}.employeeNumber",
}
_ON = (STORE, USERS)
_READS = needs("identitystore", "get_user_id", "describe_user", on=_ON)


def _describe(aws: Caller, store: str, user: str) -> dict[str, Any]:
    return aws.read("identitystore", "describe_user", IdentityStoreId=store, UserId=user, Extensions=[ENTERPRISE])


def _email(address: str) -> list[dict[str, Any]]:
    return [{"Value": address, "Type": "work", "Primary": True}]


class _User(Change):
    def lock(self, params: Mapping[str, str]) -> str:
        return f"identitystore:user:{params.get('user') or params['user_name'].casefold()}"[:120]


class CreateUser(_User):
    """Parameters: ``store`` and the attributes. Finds ``user``, the id that AWS gives."""

    name = CREATE_USER
    reads = _READS
    writes = needs("identitystore", "create_user", on=(STORE,))

    def call_name(self, direction: Direction) -> str:
        return "CreateUser"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        unique = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": params["user_name"]}}
        try:
            user = aws.read(
                "identitystore", "get_user_id", IdentityStoreId=params["store"], AlternateIdentifier=unique
            )["UserId"]
        except NotFound:
            return Seen(Presence.ABSENT, {"by": "GetUserId"})
        is_now = described_user(_describe(aws, params["store"], user))
        wanted = wanted_of(params, ATTRIBUTES)
        seen = seen_as(wanted, is_now, {**is_now, "user_name": wanted["user_name"]}, "DescribeUser")
        if seen.presence == Presence.PRESENT:
            return Seen(Presence.PRESENT, {**seen.evidence, "user": user}, {"user": user})
        return Seen(Presence.DIFFERS, {"by": "DescribeUser", "user": user})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        wanted = wanted_of(params, ATTRIBUTES)
        said: dict[str, Any] = {
            "UserName": wanted["user_name"],
            "DisplayName": wanted["display_name"],
            "Name": {"GivenName": wanted["given_name"], "FamilyName": wanted["family_name"]},
        }
        if wanted.get("email"):
            said["Emails"] = _email(wanted["email"])
        if wanted.get("title"):
            said["Title"] = wanted["title"]
        if wanted.get("language"):
            said["PreferredLanguage"] = wanted["language"]
        if wanted.get("employee_number"):
            said["Extensions"] = {ENTERPRISE: {"employeeNumber": wanted["employee_number"]}}
        answer = aws.mutate("identitystore", "create_user", IdentityStoreId=params["store"], **said)
        return accepted(answer)


class UpdateUser(_User):
    """Parameters: ``store``, ``user``, attributes, and with ``was.`` before them what they were when planned."""

    name = UPDATE_USER
    reads = _READS
    writes = needs("identitystore", "update_user", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "UpdateUser"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            is_now = described_user(_describe(aws, params["store"], params["user"]))
        except NotFound as missing:
            return gone(missing, "DescribeUser")
        return seen_as(wanted_of(params, ATTRIBUTES), before_of(params), is_now, "DescribeUser")

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        """Compare and swap: AWS refuses the update where the user is not the one just read any more."""
        user = _describe(aws, params["store"], params["user"])
        operations = [
            {"AttributePath": ATTRIBUTES[name], **_value(name, value)}
            for name, value in wanted_of(params, ATTRIBUTES).items()
        ]
        answer = aws.mutate(
            "identitystore",
            "update_user",
            IdentityStoreId=params["store"],
            UserId=params["user"],
            Operations=operations,
            **revision(user),
        )
        return accepted(answer)


def _value(name: str, value: str) -> dict[str, Any]:
    """No value at all takes the attribute away."""
    if not value:
        return {}
    return {"AttributeValue": _email(value) if name == "email" else value}


class DeleteUser(_User):
    """Parameters: ``store``, ``user``, ``user_name`` (only said). AWS takes the memberships along."""

    name = DELETE_USER
    reads = _READS
    writes = needs("identitystore", "delete_user", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "DeleteUser"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            _describe(aws, params["store"], params["user"])
        except NotFound as missing:
            return Seen(Presence.PRESENT, {"by": "DescribeUser", "code": missing.code})
        return Seen(Presence.ABSENT, {"by": "DescribeUser"})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        user = _describe(aws, params["store"], params["user"])
        answer = aws.mutate(
            "identitystore",
            "delete_user",
            IdentityStoreId=params["store"],
            UserId=params["user"],
            **revision(user),
        )
        return accepted(answer)


USER_ACTIONS = (CreateUser(), UpdateUser(), DeleteUser())
