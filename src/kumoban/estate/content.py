"""What a permission set may do, as data: the content an approver's signature covers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from kumoban.aws.arns import INSTANCE, PERMISSION_SET
from kumoban.aws.door import Pass, pages
from kumoban.aws.errors import NotFound
from kumoban.core.needs import needs
from kumoban.core.signing import canonical, digest

__all__ = ["READS", "administers", "content_digest", "read_content", "session_seconds"]

READS = needs(
    "sso-admin",
    "describe_permission_set",
    "get_inline_policy_for_permission_set",
    "get_permissions_boundary_for_permission_set",
    "list_customer_managed_policy_references_in_permission_set",
    "list_managed_policies_in_permission_set",
    on=(INSTANCE, PERMISSION_SET),
)
_DURATION = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$")


def read_content(aws: Pass, instance: str, arn: str) -> dict[str, Any]:
    """Everything that gives this permission set its power, read live (five calls)."""
    of = {"InstanceArn": instance, "PermissionSetArn": arn}
    described = aws.read("sso-admin", "describe_permission_set", **of)["PermissionSet"]
    managed = pages(aws, "sso-admin", "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **of)
    customer = pages(
        aws,
        "sso-admin",
        "list_customer_managed_policy_references_in_permission_set",
        "CustomerManagedPolicyReferences",
        **of,
    )
    inline = aws.read("sso-admin", "get_inline_policy_for_permission_set", **of).get("InlinePolicy") or ""
    return {
        "name": described["Name"],
        "description": described.get("Description", ""),
        "session": described.get("SessionDuration", "PT1H"),
        "managed": sorted(policy["Arn"] for policy in managed),
        "customer": sorted(policy.get("Path", "/") + policy["Name"] for policy in customer),
        "inline": _policy(inline),
        "boundary": _boundary(aws, of),
    }


def content_digest(content: Mapping[str, Any]) -> str:
    """Over what gives power; the name and the description do not."""
    power = {key: content[key] for key in ("session", "managed", "customer", "inline", "boundary")}
    return digest(canonical(power))


#: AWS managed policies with which somebody can give themselves everything
_ADMINISTERING = frozenset({"AdministratorAccess", "PowerUserAccess", "IAMFullAccess"})


def administers(content: Mapping[str, Any]) -> bool:
    """Whether it can do everything, or nearly: a policy known for that, or an own one that allows all or all of IAM."""
    managed = {arn.rsplit("/", 1)[-1] for arn in content.get("managed", ())}
    return bool(managed & _ADMINISTERING) or _allows_everything(content.get("inline", ""))


def _allows_everything(policy: str) -> bool:
    try:
        statements = json.loads(policy).get("Statement", []) if policy else []
    except ValueError:
        return True  # not understood: assume the most
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", []) if statement.get("Effect") == "Allow" else []
        if {"*", "*:*", "iam:*"} & {action.lower() for action in ([actions] if isinstance(actions, str) else actions)}:
            return True
    return False


def session_seconds(duration: str) -> int:
    """ISO 8601 duration of a session, in seconds (AWS: PT1H to PT12H)."""
    match = _DURATION.match(duration)
    if not match:
        return 43200  # not understood: assume the longest
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return int(timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds())


def _policy(text: str) -> str:
    """The policy with its formatting taken out, so that white space voids no approval."""
    with suppress(ValueError):
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text


def _boundary(aws: Pass, of: Mapping[str, str]) -> str:
    try:
        answer = aws.read("sso-admin", "get_permissions_boundary_for_permission_set", **of)
    except NotFound:
        return ""
    return json.dumps(answer.get("PermissionsBoundary") or {}, sort_keys=True)
