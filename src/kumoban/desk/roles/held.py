"""What the roles really may, and how AWS is set up for the desk: asked with calls that change nothing.

A role's policies are simulated where IAM lets the reader ask; otherwise every declared reading is tried once, with
values of the estate: whatever AWS answers but "denied" shows that it is permitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore import xform_name

from kumoban.aws.door import Pass, door, pages
from kumoban.aws.errors import AwsError, Denied, Throttled
from kumoban.core.needs import Need, needs
from kumoban.desk.roles.policy import iam_action
from kumoban.estate.models import Account, Group, Organization, PermissionSet, Person

__all__ = ["READS", "Held", "aws_clock", "delegated", "held_by", "in_progress", "instances", "trusted"]

_SSO = "sso.amazonaws.com"
#: what the checks call beside what the desk calls anyway
READS = needs("organizations", "list_delegated_administrators", "list_aws_service_access_for_organization") | needs(
    "iam", "simulate_principal_policy", on=("{reader}", "{operator}")
)
_BATCH = 50


@dataclass(frozen=True)
class Held:
    """``missing`` of what is needed, by IAM's names; ``untried`` could not be found out; ``simulated`` by IAM."""

    missing: tuple[str, ...]
    untried: tuple[str, ...]
    simulated: bool


def held_by(role_arn: str, needed: Iterable[Need], *, tried: bool) -> Held:
    """Of what is needed, what the role lacks. ``tried``: readings of the reader's own may be tried. Raises AwsError."""
    aws, wanted = _pass(), sorted(needed)
    try:
        return _simulated(aws, role_arn, wanted)
    except Throttled:
        raise
    except AwsError:  # the reader may not ask, or nobody answers this
        pass
    if not tried:
        return Held((), tuple(iam_action(need) for need in wanted), simulated=False)
    samples = _samples()
    found = {need: _permitted(aws, need, samples) for need in wanted}
    missing = tuple(iam_action(need) for need, permitted in found.items() if permitted is False)
    return Held(missing, tuple(iam_action(need) for need, permitted in found.items() if permitted is None), False)


def _pass() -> Pass:
    return door().open("kumoban-doctor")


def _simulated(aws: Pass, role_arn: str, wanted: list[Need]) -> Held:
    actions = [iam_action(need) for need in wanted]
    missing: list[str] = []
    for start in range(0, len(actions), _BATCH):
        asked: dict[str, Any] = {"PolicySourceArn": role_arn, "ActionNames": actions[start : start + _BATCH]}
        results = aws.read("iam", "simulate_principal_policy", **asked)["EvaluationResults"]
        missing += [one["EvalActionName"] for one in results if one["EvalDecision"] != "allowed"]
    return Held(tuple(missing), (), simulated=True)


def _permitted(aws: Pass, need: Need, samples: Mapping[str, Any]) -> bool | None:
    """None where nothing of the estate fits the call."""
    required = _required(need)
    if not set(required) <= set(samples):
        return None
    try:
        aws.read(need.service, need.operation, **{name: samples[name] for name in required})
    except Denied:
        return False
    except Throttled:
        raise
    except AwsError:  # it looked, and did not find what was made up: that is permission
        return True
    return True


@lru_cache(maxsize=256)
def _required(need: Need) -> tuple[str, ...]:
    """The members a call cannot do without, by botocore's model."""
    model = botocore.session.get_session().get_service_model(need.service)
    name = next(name for name in model.operation_names if xform_name(name) == need.operation)
    shape = model.operation_model(name).input_shape
    return tuple(shape.required_members) if shape else ()


def _samples() -> dict[str, Any]:
    """A value for each member that a reading asks for; a request id that nobody ever had."""
    organization = Organization.objects.first()
    nobody = "00000000-0000-4000-8000-000000000000"
    found = {
        "InstanceArn": organization and organization.instance_arn,
        "IdentityStoreId": organization and organization.identity_store_id,
        "ParentId": organization and organization.root_id,
        "AccountId": _first(Account, "id"),
        "ChildId": _first(Account, "id"),
        "ResourceId": _first(Account, "id"),
        "PermissionSetArn": _first(PermissionSet, "arn"),
        "GroupId": _first(Group, "id"),
        "MemberId": {"UserId": _first(Person, "id")} if Person.objects.exists() else None,
        "AccountAssignmentCreationRequestId": nobody,
        "AccountAssignmentDeletionRequestId": nobody,
    }
    return {name: value for name, value in found.items() if value}


def _first(model: Any, field: str) -> str:
    return str(model.objects.filter(absent_since=None).order_by(field).values_list(field, flat=True).first() or "")


def instances() -> list[str]:
    """The ARNs of the Identity Center instances the reader sees. Raises AwsError."""
    return [one["InstanceArn"] for one in pages(_pass(), "sso-admin", "list_instances", "Instances")]


def delegated() -> bool | None:
    """Whether the desk's account is delegated administrator; None: it is the management account. Raises AwsError."""
    aws = _pass()
    own = aws.read("sts", "get_caller_identity")["Account"]
    if own == aws.read("organizations", "describe_organization")["Organization"]["MasterAccountId"]:
        return None
    asked = {"ServicePrincipal": _SSO}
    found = pages(aws, "organizations", "list_delegated_administrators", "DelegatedAdministrators", **asked)
    return any(one["Id"] == own for one in found)


def trusted() -> bool:
    """Whether the organisation lets Identity Center work in its accounts. Raises AwsError."""
    key = "EnabledServicePrincipals"
    found = pages(_pass(), "organizations", "list_aws_service_access_for_organization", key)
    return any(one["ServicePrincipal"] == _SSO for one in found)


def in_progress() -> int:
    """How many assignment operations are under way at AWS, whoever began them. Raises AwsError."""
    aws, instance = _pass(), Organization.objects.get().instance_arn
    asked: Mapping[str, Any] = {"InstanceArn": instance, "Filter": {"Status": "IN_PROGRESS"}}
    kinds = {"creation": "AccountAssignmentsCreationStatus", "deletion": "AccountAssignmentsDeletionStatus"}
    return sum(
        1
        for kind, key in kinds.items()
        for _ in pages(aws, "sso-admin", f"list_account_assignment_{kind}_status", key, **asked)
    )


def aws_clock() -> datetime | None:
    """AWS's clock, to the second, as its answers say it. Raises AwsError."""
    answer = _pass().read("sts", "get_caller_identity")
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    return parsedate_to_datetime(said) if said else None
