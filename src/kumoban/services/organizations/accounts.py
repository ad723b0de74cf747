"""``organizations.create_account/1``, ``move_account/1``, ``close_account/1``: all called in the management account.

CreateAccount takes no token and is asynchronous: its id is stored before anything else is asked, and after a lost
answer the account is looked for by its e-mail address, never asked for again while one of the name is being made.
Source: AWS Organizations API reference, CreateAccount, MoveAccount, CloseAccount.
"""

from __future__ import annotations

from collections.abc import Mapping

from kumoban.aws.answers import accepted
from kumoban.aws.arns import ORGANIZATION_ACCOUNT, ORGANIZATION_ROOT, ORGANIZATION_UNIT
from kumoban.aws.door import pages
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Progress, Seen, Started
from kumoban.core.needs import needs

__all__ = ["ACCOUNT_ACTIONS", "CLOSE_ACCOUNT", "CREATE_ACCOUNT", "MOVE_ACCOUNT"]

CREATE_ACCOUNT = "organizations.create_account/1"
MOVE_ACCOUNT = "organizations.move_account/1"
CLOSE_ACCOUNT = "organizations.close_account/1"

#: parameters that are tags of the new account
_TAG = "tag."


class _OfTheOrganization(Change):
    def lock(self, params: Mapping[str, str]) -> str:
        """One change of the organisation at a time: AWS answers ConcurrentModificationException to a second."""
        return "organizations:accounts"


class CreateAccount(_OfTheOrganization):
    """Parameters: ``management``, ``name``, ``email``, ``role_name``, ``tag.<key>``. Finds ``account``, its number."""

    name = CREATE_ACCOUNT
    reads = needs("organizations", "list_accounts", "list_create_account_status", "describe_create_account_status")
    writes = needs("organizations", "create_account", at="management")

    def call_name(self, direction: Direction) -> str:
        return "CreateAccount"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        email = params["email"].casefold()
        for account in pages(aws, "organizations", "list_accounts", "Accounts"):
            if account.get("Email", "").casefold() == email:
                evidence = {"by": "ListAccounts", "account": account["Id"]}
                if account.get("Name") == params["name"]:
                    return Seen(Presence.PRESENT, evidence, {"account": account["Id"]})
                return Seen(Presence.DIFFERS, evidence)
        return Seen(Presence.ABSENT, {"by": "ListAccounts"})

    def pending(self, aws: Caller, params: Mapping[str, str]) -> bool:
        listed = pages(
            aws, "organizations", "list_create_account_status", "CreateAccountStatuses", States=["IN_PROGRESS"]
        )
        return any(status.get("AccountName") == params["name"] for status in listed)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        tags = {key.removeprefix(_TAG): value for key, value in params.items() if key.startswith(_TAG)}
        answer = aws.mutate(
            "organizations",
            "create_account",
            account=params["management"],
            AccountName=params["name"],
            Email=params["email"],
            RoleName=params["role_name"],
            IamUserAccessToBilling="DENY",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        status = answer["CreateAccountStatus"]
        return accepted(answer, status["Id"])

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        return self.poll(aws, params, operation, direction).state != "in_progress"

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        answer = aws.read("organizations", "describe_create_account_status", CreateAccountRequestId=operation)
        status = answer["CreateAccountStatus"]
        if status["State"] == "SUCCEEDED":
            return Progress("succeeded")
        if status["State"] == "FAILED":
            return Progress("failed", status.get("FailureReason", ""))
        return Progress("in_progress")


class MoveAccount(_OfTheOrganization):
    """Parameters: ``management``, ``account``, ``from``, ``to`` (ids of roots and units)."""

    name = MOVE_ACCOUNT
    reads = needs("organizations", "list_parents", on=(ORGANIZATION_ACCOUNT, ORGANIZATION_UNIT))
    writes = needs(
        "organizations",
        "move_account",
        on=(ORGANIZATION_ACCOUNT, ORGANIZATION_ROOT, ORGANIZATION_UNIT),
        at="management",
    )

    def call_name(self, direction: Direction) -> str:
        return "MoveAccount"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        parents = pages(aws, "organizations", "list_parents", "Parents", ChildId=params["account"])
        parent = next((found["Id"] for found in parents), "")
        evidence = {"by": "ListParents", "parent": parent}
        if parent == params["to"]:
            return Seen(Presence.PRESENT, evidence)
        return Seen(Presence.ABSENT if parent == params["from"] else Presence.DIFFERS, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "organizations",
            "move_account",
            account=params["management"],
            AccountId=params["account"],
            SourceParentId=params["from"],
            DestinationParentId=params["to"],
        )
        return accepted(answer)


class CloseAccount(_OfTheOrganization):
    """Parameters: ``management``, ``account``. For 90 days it is suspended and may be opened again by AWS Support."""

    name = CLOSE_ACCOUNT
    reads = needs("organizations", "describe_account", on=(ORGANIZATION_ACCOUNT,))
    writes = needs("organizations", "close_account", on=(ORGANIZATION_ACCOUNT,), at="management")

    def call_name(self, direction: Direction) -> str:
        return "CloseAccount"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            account = aws.read("organizations", "describe_account", AccountId=params["account"])["Account"]
        except NotFound as gone:
            return Seen(Presence.PRESENT, {"by": "DescribeAccount", "code": gone.code})
        status = account.get("State") or account["Status"]
        return Seen(
            Presence.ABSENT if status == "ACTIVE" else Presence.PRESENT, {"by": "DescribeAccount", "status": status}
        )

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate("organizations", "close_account", account=params["management"], AccountId=params["account"])
        return accepted(answer)


ACCOUNT_ACTIONS = (CreateAccount(), MoveAccount(), CloseAccount())
