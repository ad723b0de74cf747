"""``identity_center.create_set/1`` and what is in a set; ``provision/1`` brings an account's role up to it.

An edited permission set changes nothing in an account until it is provisioned there again; AWS updates one role of an
account at a time, so the account is the lock of provisioning.
Source: AWS IAM Identity Center API reference, CreatePermissionSet, ProvisionPermissionSet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kumoban.aws.answers import accepted, gone
from kumoban.aws.arns import INSTANCE, PERMISSION_SET, TARGET_ACCOUNT
from kumoban.aws.door import pages
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Progress, Seen, Started
from kumoban.core.needs import needs

__all__ = [
    "ATTACH_POLICY",
    "CREATE_SET",
    "DELETE_SET",
    "DETACH_POLICY",
    "PROVISION",
    "PUT_INLINE",
    "SET_ACTIONS",
    "UPDATE_SET",
]

CREATE_SET = "identity_center.create_set/1"
UPDATE_SET = "identity_center.update_set/1"
DELETE_SET = "identity_center.delete_set/1"
ATTACH_POLICY = "identity_center.attach_policy/1"
DETACH_POLICY = "identity_center.detach_policy/1"
PUT_INLINE = "identity_center.put_inline/1"
PROVISION = "identity_center.provision/1"

_ON = (INSTANCE, PERMISSION_SET)


class _OfASet(Change):
    """Parameters: ``instance``, ``permission_set`` (its ARN)."""

    def lock(self, params: Mapping[str, str]) -> str:
        return f"sso:set:{params['permission_set'].rsplit('/', 1)[-1]}"

    def _of(self, params: Mapping[str, str]) -> dict[str, str]:
        return {"InstanceArn": params["instance"], "PermissionSetArn": params["permission_set"]}

    def _described(self, aws: Caller, params: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = aws.read("sso-admin", "describe_permission_set", **self._of(params))["PermissionSet"]
        return found


class CreateSet(Change):
    """Parameters: ``instance``, ``name``, ``description``, ``session`` (PT1H). Finds ``permission_set``, its ARN."""

    name = CREATE_SET
    reads = needs("sso-admin", "list_permission_sets", on=(INSTANCE,)) | needs(
        "sso-admin", "describe_permission_set", on=_ON
    )
    writes = needs("sso-admin", "create_permission_set", on=(INSTANCE,))

    def lock(self, params: Mapping[str, str]) -> str:
        return f"sso:set-named:{params['name'].casefold()}"

    def call_name(self, direction: Direction) -> str:
        return "CreatePermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        listed = pages(aws, "sso-admin", "list_permission_sets", "PermissionSets", InstanceArn=params["instance"])
        for arn in listed:
            of = {"InstanceArn": params["instance"], "PermissionSetArn": arn}
            with suppress(NotFound):
                found = aws.read("sso-admin", "describe_permission_set", **of)["PermissionSet"]
                if found["Name"] == params["name"]:
                    return self._compared(found, params)
        return Seen(Presence.ABSENT, {"by": "ListPermissionSets"})

    def _compared(self, found: Mapping[str, Any], params: Mapping[str, str]) -> Seen:
        same = (found.get("Description") or "", found.get("SessionDuration", "PT1H")) == (
            params["description"],
            params["session"],
        )
        evidence = {"by": "DescribePermissionSet", "permission_set": found["PermissionSetArn"]}
        if not same:
            return Seen(Presence.DIFFERS, evidence)
        return Seen(Presence.PRESENT, evidence, {"permission_set": found["PermissionSetArn"]})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        said = {"Description": params["description"]} if params["description"] else {}
        answer = aws.mutate(
            "sso-admin",
            "create_permission_set",
            InstanceArn=params["instance"],
            Name=params["name"],
            SessionDuration=params["session"],
            **said,
        )
        return accepted(answer)


class UpdateSet(_OfASet):
    """Beside: ``description``, ``session``, and with ``was.`` before them what they were."""

    name = UPDATE_SET
    reads = needs("sso-admin", "describe_permission_set", on=_ON)
    writes = needs("sso-admin", "update_permission_set", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "UpdatePermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        evidence = {"by": "DescribePermissionSet"}
        try:
            found = self._described(aws, params)
        except NotFound as missing:
            return gone(missing, "DescribePermissionSet")
        is_now = (found.get("Description") or "", found.get("SessionDuration", "PT1H"))
        if is_now == (params["description"], params["session"]):
            return Seen(Presence.PRESENT, evidence)
        was = (params["was.description"], params["was.session"])
        return Seen(Presence.ABSENT if is_now == was else Presence.DIFFERS, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        said = {"Description": params["description"]} if params["description"] else {}
        answer = aws.mutate(
            "sso-admin", "update_permission_set", **self._of(params), SessionDuration=params["session"], **said
        )
        return accepted(answer)


class DeleteSet(_OfASet):
    name = DELETE_SET
    reads = needs("sso-admin", "describe_permission_set", on=_ON)
    writes = needs("sso-admin", "delete_permission_set", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "DeletePermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            self._described(aws, params)
        except NotFound as missing:
            return Seen(Presence.PRESENT, {"by": "DescribePermissionSet", "code": missing.code})
        return Seen(Presence.ABSENT, {"by": "DescribePermissionSet"})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        return accepted(aws.mutate("sso-admin", "delete_permission_set", **self._of(params)))


class AttachPolicy(_OfASet):
    """Beside: ``policy``, the ARN of a policy that AWS manages."""

    name = ATTACH_POLICY
    reads = needs("sso-admin", "list_managed_policies_in_permission_set", on=_ON)
    writes = needs("sso-admin", "attach_managed_policy_to_permission_set", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "AttachManagedPolicyToPermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            there = self._attached(aws, params)
        except NotFound as missing:
            return gone(missing, "ListManagedPoliciesInPermissionSet")
        return Seen(Presence.PRESENT if there else Presence.ABSENT, {"by": "ListManagedPoliciesInPermissionSet"})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "sso-admin",
            "attach_managed_policy_to_permission_set",
            **self._of(params),
            ManagedPolicyArn=params["policy"],
        )
        return accepted(answer)

    def _attached(self, aws: Caller, params: Mapping[str, str]) -> bool:
        listed = pages(
            aws, "sso-admin", "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **self._of(params)
        )
        return any(policy["Arn"] == params["policy"] for policy in listed)


class DetachPolicy(AttachPolicy):
    """The same policy taken out."""

    name = DETACH_POLICY
    writes = needs("sso-admin", "detach_managed_policy_from_permission_set", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "DetachManagedPolicyFromPermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        seen = super().look(aws, params)
        swapped = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}
        return Seen(swapped.get(seen.presence, seen.presence), seen.evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "sso-admin",
            "detach_managed_policy_from_permission_set",
            **self._of(params),
            ManagedPolicyArn=params["policy"],
        )
        return accepted(answer)


class PutInline(_OfASet):
    """Beside: ``policy`` (JSON without white space; empty takes it away) and ``was.policy``."""

    name = PUT_INLINE
    reads = needs("sso-admin", "get_inline_policy_for_permission_set", on=_ON)
    writes = needs(
        "sso-admin", "put_inline_policy_to_permission_set", "delete_inline_policy_from_permission_set", on=_ON
    )

    def call_name(self, direction: Direction) -> str:
        return "PutInlinePolicyToPermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        evidence = {"by": "GetInlinePolicyForPermissionSet"}
        try:
            answer = aws.read("sso-admin", "get_inline_policy_for_permission_set", **self._of(params))
        except NotFound as missing:
            return gone(missing, "GetInlinePolicyForPermissionSet")
        is_now = _plain(answer.get("InlinePolicy") or "")
        if is_now == params["policy"]:
            return Seen(Presence.PRESENT, evidence)
        return Seen(Presence.ABSENT if is_now == params["was.policy"] else Presence.DIFFERS, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        if not params["policy"]:
            return accepted(aws.mutate("sso-admin", "delete_inline_policy_from_permission_set", **self._of(params)))
        answer = aws.mutate(
            "sso-admin", "put_inline_policy_to_permission_set", **self._of(params), InlinePolicy=params["policy"]
        )
        return accepted(answer)


def _plain(text: str) -> str:
    """As the estate keeps policies: without white space, keys in order."""
    with suppress(ValueError):
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text


class Provision(_OfASet):
    """Beside: ``account``. Its role is brought up to the set as it is now."""

    name = PROVISION
    reads = needs("sso-admin", "list_accounts_for_provisioned_permission_set", on=_ON) | needs(
        "sso-admin", "describe_permission_set_provisioning_status", on=(INSTANCE,)
    )
    writes = needs("sso-admin", "provision_permission_set", on=(*_ON, TARGET_ACCOUNT))

    def lock(self, params: Mapping[str, str]) -> str:
        return f"sso:account:{params['account']}"

    def call_name(self, direction: Direction) -> str:
        return "ProvisionPermissionSet"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        latest = pages(
            aws,
            "sso-admin",
            "list_accounts_for_provisioned_permission_set",
            "AccountIds",
            **self._of(params),
            ProvisioningStatus="LATEST_PERMISSION_SET_PROVISIONED",
        )
        evidence = {"by": "ListAccountsForProvisionedPermissionSet"}
        return Seen(Presence.PRESENT if params["account"] in set(latest) else Presence.ABSENT, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "sso-admin",
            "provision_permission_set",
            **self._of(params),
            TargetId=params["account"],
            TargetType="AWS_ACCOUNT",
        )
        status = answer["PermissionSetProvisioningStatus"]
        return accepted(answer, None if status["Status"] == "SUCCEEDED" else status["RequestId"])

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        return self.poll(aws, params, operation, direction).state != "in_progress"

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        answer = aws.read(
            "sso-admin",
            "describe_permission_set_provisioning_status",
            InstanceArn=params["instance"],
            ProvisionPermissionSetRequestId=operation,
        )
        status = answer["PermissionSetProvisioningStatus"]
        if status["Status"] == "FAILED":
            return Progress("failed", status.get("FailureReason", ""))
        return Progress("succeeded" if status["Status"] == "SUCCEEDED" else "in_progress")


SET_ACTIONS = (
    CreateSet(),
    UpdateSet(),
    DeleteSet(),
    AttachPolicy(),
    DetachPolicy(),
    PutInline(),
    Provision(),
)
