"""What a caller may do: identity policies, session policy and service control policies, by action.

A small part of IAM's evaluation (user guide, "Policy evaluation logic"): explicit deny wins, an allow is needed,
and what narrows (boundary, session policy, service control policies) must allow too. Resources other than ``*`` are
not compared; conditions are understood for the keys in ``_context`` only, and an unknown one makes its statement
not apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from kumoban_emulator.keys import Principal

__all__ = ["Context", "context_of", "documents", "permits", "refusal"]

Context = Mapping[str, str]

_READ = ["*:Get*", "*:List*", "*:Describe*", "*:Lookup*", "*:Search*", "*:BatchGet*", "*:Head*", "*:Select*", "*:View*"]

#: what AWS managed policies permit, abridged to what the scenarios use; a name not listed permits reading
_MANAGED: dict[str, list[dict[str, Any]]] = {
    "AdministratorAccess": [{"Effect": "Allow", "Action": "*"}],
    "PowerUserAccess": [
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"]},
        {
            "Effect": "Allow",
            "Action": ["iam:CreateServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"],
        },
    ],
    "ReadOnlyAccess": [{"Effect": "Allow", "Action": [*_READ, "sts:GetCallerIdentity"]}],
    "ViewOnlyAccess": [{"Effect": "Allow", "Action": ["*:List*", "*:Describe*"]}],
    "SecurityAudit": [{"Effect": "Allow", "Action": ["*:List*", "*:Describe*", "*:Get*Policy*", "*:Lookup*"]}],
    "Billing": [{"Effect": "Allow", "Action": ["aws-portal:*", "billing:*", "budgets:*", "ce:*", "cur:*"]}],
    "NetworkAdministrator": [
        {"Effect": "Allow", "Action": ["ec2:*", "route53:*", "directconnect:*", "elasticloadbalancing:*"]}
    ],
    "DatabaseAdministrator": [{"Effect": "Allow", "Action": ["rds:*", "dynamodb:*", "elasticache:*", "redshift:*"]}],
    "SupportUser": [{"Effect": "Allow", "Action": ["support:*", *_READ]}],
    "DataScientist": [
        {"Effect": "Allow", "Action": ["athena:*", "glue:*", "s3:*", "redshift:*", "sagemaker:*", "logs:*"]}
    ],
    "CloudWatchLogsReadOnlyAccess": [
        {
            "Effect": "Allow",
            "Action": ["logs:Describe*", "logs:Get*", "logs:List*", "logs:StartQuery", "logs:FilterLogEvents"],
        }
    ],
    "AmazonRDSReadOnlyAccess": [{"Effect": "Allow", "Action": ["rds:Describe*", "rds:List*", "cloudwatch:Get*"]}],
}
_FALLBACK = [{"Effect": "Allow", "Action": _READ}]
_ALWAYS = ("sts:GetCallerIdentity", "sts:GetAccessKeyInfo")


def documents(managed: Iterable[str], inline: Iterable[str]) -> list[dict[str, Any]]:
    """The statements of some managed policies (ARNs) and some inline documents (JSON)."""
    found = [statement for arn in managed for statement in _MANAGED.get(arn.rsplit("/", 1)[-1], _FALLBACK)]
    return found + [statement for text in inline for statement in _statements(text)]


@lru_cache(maxsize=1024)
def _statements(text: str) -> tuple[dict[str, Any], ...]:
    try:
        found = json.loads(text).get("Statement", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(found if isinstance(found, list) else [found])


def context_of(principal: Principal, region: str) -> Context:
    since = datetime.fromtimestamp(principal.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "aws:requestedregion": region,
        "aws:principalarn": principal.role.arn if principal.role else principal.arn,
        "aws:principalaccount": principal.account,
        "aws:tokenissuetime": since if principal.is_session else "",
        "identitystore:userid": principal.on_behalf_of,
    }


def refusal(
    principal: Principal, action: str, context: Context, own: list[dict[str, Any]], control: list[list[dict[str, Any]]]
) -> str:
    """Why the call is not permitted, in IAM's words; empty when it is.

    ``own`` are the caller's identity statements, ``control`` the service control policies of each level above.
    """
    who = f"User: {principal.arn} is not authorized to perform: {action}"
    if action in _ALWAYS:
        return ""
    for level in control:
        if _denies(level, action, context):
            return f"{who} with an explicit deny in a service control policy"
        if not permits(level, action, context):
            return f"{who} because no service control policy allows the {action} action"
    if _denies(own, action, context):
        return f"{who} with an explicit deny in an identity-based policy"
    if not permits(own, action, context):
        return f"{who} because no identity-based policy allows the {action} action"
    if principal.session_policy and not permits(list(_statements(principal.session_policy)), action, context):
        return f"{who} because no session policy allows the {action} action"
    return ""


def permits(statements: Iterable[Mapping[str, Any]], action: str, context: Context) -> bool:
    return any(_applies(statement, action, context) for statement in statements if statement.get("Effect") == "Allow")


def _denies(statements: Iterable[Mapping[str, Any]], action: str, context: Context) -> bool:
    return any(_applies(statement, action, context) for statement in statements if statement.get("Effect") == "Deny")


def _applies(statement: Mapping[str, Any], action: str, context: Context) -> bool:
    return _names(statement, action) and _conditions(statement.get("Condition") or {}, context)


def _names(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern, action) for pattern in _listed(statement["NotAction"]))
    return any(_like(pattern, action) for pattern in _listed(statement.get("Action", ())))


def _conditions(conditions: Mapping[str, Any], context: Context) -> bool:
    return all(_condition(operator, wanted, context) for operator, wanted in conditions.items())


def _condition(operator: str, wanted: Mapping[str, Any], context: Context) -> bool:
    test = _OPERATORS.get(operator)
    if test is None:
        return False
    for key, values in wanted.items():
        actual = context.get(key.lower())
        if not actual or not test(actual, _listed(values)):
            return False
    return True


_OPERATORS = {
    "StringEquals": lambda actual, values: actual in values,
    "ForAnyValue:StringEquals": lambda actual, values: actual in values,
    "StringNotEquals": lambda actual, values: actual not in values,
    "StringLike": lambda actual, values: any(_like(value, actual) for value in values),
    "StringNotLike": lambda actual, values: not any(_like(value, actual) for value in values),
    "ArnLike": lambda actual, values: any(_like(value, actual) for value in values),
    "ArnNotLike": lambda actual, values: not any(_like(value, actual) for value in values),
    "DateLessThan": lambda actual, values: any(actual < value for value in values),
}


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
