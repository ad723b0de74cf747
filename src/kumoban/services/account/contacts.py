"""``account.alternate_contact/1``: the billing, operations or security contact of a member account.

Called for a member by the management account or the delegated administrator of Account management.
Source: AWS Account Management API reference, PutAlternateContact.
"""

from __future__ import annotations

from collections.abc import Mapping

from kumoban.aws.answers import accepted
from kumoban.aws.arns import MEMBER_ACCOUNT
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs

__all__ = ["ALTERNATE_CONTACT", "CONTACT_TYPES", "AlternateContact"]

ALTERNATE_CONTACT = "account.alternate_contact/1"
CONTACT_TYPES = ("BILLING", "OPERATIONS", "SECURITY")

_FIELDS = {"name": "Name", "title": "Title", "email": "EmailAddress", "phone": "PhoneNumber"}


class AlternateContact(Change):
    """Parameters: ``account``, ``type``, ``name``, ``title``, ``email``, ``phone``; with ``was.`` what they were."""

    name = ALTERNATE_CONTACT
    reads = needs("account", "get_alternate_contact", on=(MEMBER_ACCOUNT,))
    writes = needs("account", "put_alternate_contact", on=(MEMBER_ACCOUNT,))

    def lock(self, params: Mapping[str, str]) -> str:
        return f"account:contacts:{params['account']}"

    def call_name(self, direction: Direction) -> str:
        return "PutAlternateContact"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        evidence = {"by": "GetAlternateContact"}
        of = {"AccountId": params["account"], "AlternateContactType": params["type"]}
        try:
            found = aws.read("account", "get_alternate_contact", **of)["AlternateContact"]
        except NotFound:
            return Seen(Presence.ABSENT, evidence)
        is_now = {name: found.get(member, "") for name, member in _FIELDS.items()}
        if is_now == {name: params[name] for name in _FIELDS}:
            return Seen(Presence.PRESENT, evidence)
        was = {name: params.get(f"was.{name}", "") for name in _FIELDS}
        return Seen(Presence.ABSENT if is_now == was else Presence.DIFFERS, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        said = {member: params[name] for name, member in _FIELDS.items()}
        answer = aws.mutate(
            "account",
            "put_alternate_contact",
            AccountId=params["account"],
            AlternateContactType=params["type"],
            **said,
        )
        return accepted(answer)
