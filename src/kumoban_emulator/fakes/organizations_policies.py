"""AWS Organizations policies: kept, attached, and (service control policies) enforced by ``permissions``.

Source: AWS Organizations user guide, "Service control policies (SCPs)".
"""

from __future__ import annotations

import json

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.organizations_read import arn, may_manage, may_read, reading
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.ids import alnum
from kumoban_emulator.state.organization import Organization, Policy

_SERVICE = "organizations"


def _summary(organization: Organization, policy: Policy) -> Params:
    owner = "arn:aws:organizations::aws:policy" if policy.aws_managed else arn(organization, "policy")
    kind = policy.kind.lower()
    return {
        "Id": policy.id,
        "Arn": f"{owner}/{kind}/{policy.id}",
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.kind,
        "AwsManaged": policy.aws_managed,
    }


def _policy(organization: Organization, params: Params) -> Policy:
    policy = organization.policies.get(params["PolicyId"])
    if policy is None:
        raise AwsError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    return policy


@fake(_SERVICE, "ListPolicies")
def list_policies(call: Call, params: Params) -> Params:
    organization = may_read(call)
    found = [policy for policy in organization.policies.values() if policy.kind == params["Filter"]]
    return reading([_summary(organization, policy) for policy in found], params, "Policies")


@fake(_SERVICE, "ListPoliciesForTarget")
def list_policies_for_target(call: Call, params: Params) -> Params:
    organization = may_read(call)
    target = _target(organization, params["TargetId"])
    found = [
        policy
        for policy in organization.policies.values()
        if policy.kind == params["Filter"] and target in policy.targets
    ]
    return reading([_summary(organization, policy) for policy in found], params, "Policies")


@fake(_SERVICE, "ListTargetsForPolicy")
def list_targets(call: Call, params: Params) -> Params:
    organization = may_read(call)
    targets = sorted(_policy(organization, params).targets)
    return reading([_target_shape(organization, target) for target in targets], params, "Targets")


def _target_shape(organization: Organization, target: str) -> Params:
    if target == organization.root:
        return {"TargetId": target, "Arn": arn(organization, "root", target), "Name": "Root", "Type": "ROOT"}
    if target in organization.units:
        kind, found = "ou", organization.units[target].name
        return {
            "TargetId": target,
            "Arn": arn(organization, kind, target),
            "Name": found,
            "Type": "ORGANIZATIONAL_UNIT",
        }
    name = organization.accounts[target].name
    return {"TargetId": target, "Arn": arn(organization, "account", target), "Name": name, "Type": "ACCOUNT"}


@fake(_SERVICE, "DescribePolicy")
def describe_policy(call: Call, params: Params) -> Params:
    organization = may_read(call)
    policy = _policy(organization, params)
    return {"Policy": {"PolicySummary": _summary(organization, policy), "Content": policy.content}}


@fake(_SERVICE, "CreatePolicy")
def create_policy(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    _readable(params["Content"])
    if any(
        policy.name == params["Name"] and policy.kind == params["Type"] for policy in organization.policies.values()
    ):
        raise AwsError("DuplicatePolicyException", "A policy with the same name already exists.")
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    policy = Policy(
        f"p-{alnum(call.chance, 8)}",
        params["Name"],
        params["Description"],
        params["Type"],
        params["Content"],
        tags=tags,
    )
    organization.policies[policy.id] = policy
    return {"Policy": {"PolicySummary": _summary(organization, policy), "Content": policy.content}}


@fake(_SERVICE, "UpdatePolicy")
def update_policy(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    policy = _own(organization, params)
    content = params.get("Content") or policy.content
    _readable(content)
    policy.content = content
    policy.name = params.get("Name") or policy.name
    policy.description = params.get("Description", policy.description)
    return {"Policy": {"PolicySummary": _summary(organization, policy), "Content": policy.content}}


@fake(_SERVICE, "DeletePolicy")
def delete_policy(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    policy = _own(organization, params)
    if policy.targets:
        raise AwsError("PolicyInUseException", "The policy is attached to one or more entities.")
    del organization.policies[policy.id]
    return {}


def _own(organization: Organization, params: Params) -> Policy:
    policy = _policy(organization, params)
    if policy.aws_managed:
        raise AwsError("InvalidInputException", "An AWS managed policy can't be changed.", Reason="IMMUTABLE_POLICY")
    return policy


def _readable(content: str) -> None:
    try:
        readable = isinstance(json.loads(content), dict)
    except ValueError:
        readable = False
    if not readable:
        raise AwsError(
            "MalformedPolicyDocumentException", "The provided policy document does not meet the requirements."
        )


@fake(_SERVICE, "AttachPolicy")
def attach_policy(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    policy, target = _policy(organization, params), _target(organization, params["TargetId"])
    if policy.kind not in organization.policy_types:
        raise AwsError("PolicyTypeNotEnabledException", "The policy type is not enabled in this root.")
    if target in policy.targets:
        raise AwsError("DuplicatePolicyAttachmentException", "The policy is already attached to this target.")
    policy.targets.add(target)
    return {}


@fake(_SERVICE, "DetachPolicy")
def detach_policy(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    policy, target = _policy(organization, params), _target(organization, params["TargetId"])
    if target not in policy.targets:
        raise AwsError("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    left = [found for found in organization.policies.values() if target in found.targets and found.kind == policy.kind]
    if policy.kind == "SERVICE_CONTROL_POLICY" and len(left) == 1:
        raise AwsError(
            "ConstraintViolationException",
            "An entity needs one policy at least.",
            Reason="MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    policy.targets.discard(target)
    return {}


def _target(organization: Organization, target: str) -> str:
    if not organization.exists(target) and target not in organization.accounts:
        raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
    return target


@fake(_SERVICE, "EnablePolicyType", "DisablePolicyType")
def switch_policy_type(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    change = (
        organization.policy_types.add if call.operation == "EnablePolicyType" else organization.policy_types.discard
    )
    change(params["PolicyType"])
    types = [{"Type": kind, "Status": "ENABLED"} for kind in sorted(organization.policy_types)]
    root = organization.root
    return {"Root": {"Id": root, "Arn": arn(organization, "root", root), "Name": "Root", "PolicyTypes": types}}
