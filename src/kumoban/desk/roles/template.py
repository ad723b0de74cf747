"""CloudFormation: the two roles of the desk's account, a reader in every member account, the watchdog elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kumoban.desk.heartbeat import ENDS_PROVEN, NAMESPACE
from kumoban.desk.roles.declared import ARCHIVE, MANAGEMENT, MEMBER, OPERATOR, READER, WATCHDOG, declared
from kumoban.desk.roles.policy import Place, policy

__all__ = ["TEMPLATES", "template"]

_VERSION = "2010-09-09"
_PRINCIPAL = "arn:aws[a-z-]*:iam::[0-9]{12}:.+"
_INSTALLED = Place(
    partition="${AWS::Partition}",
    management="${ManagementAccount}",
    organization="${OrganizationId}",
    instance="${InstanceId}",
    store="${IdentityStoreId}",
    reader="arn:${AWS::Partition}:iam::${AWS::AccountId}:role/KumobanReader",
    operator="arn:${AWS::Partition}:iam::${AWS::AccountId}:role/KumobanOperator",
)


def template(name: str) -> dict[str, Any]:
    """The template of this name. Raises KeyError."""
    return TEMPLATES[name]()


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"Type": "String", "Description": description, **more}


def _roles() -> dict[str, Any]:
    """For the account of the delegated administrator (or the management account), where the desk's machine is."""
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: the role that looks and, in operate mode, the role that acts",
        "Parameters": {
            "TrustedPrincipal": _text(
                "ARN of the identity of the machine that runs Kumoban",
                AllowedPattern=_PRINCIPAL,
            ),
            "ExternalId": _text("The same as KUMOBAN_EXTERNAL_ID; empty: none", Default="", NoEcho=True),
            "Mode": _text("observe creates the reader only", Default="observe", AllowedValues=["observe", "operate"]),
            "OrganizationId": _text("Such as o-exampleorgid", AllowedPattern="o-[a-z0-9]{10,32}"),
            "ManagementAccount": _text("Its number", AllowedPattern="[0-9]{12}"),
            "InstanceId": _text("Of IAM Identity Center", AllowedPattern="ssoins-[a-zA-Z0-9-.]{16}"),
            "IdentityStoreId": _text("Such as d-1234567890", AllowedPattern="d-[0-9a-f]{10}"),
        },
        "Conditions": {
            "Operates": {"Fn::Equals": [{"Ref": "Mode"}, "operate"]},
            "HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]},
        },
        "Resources": {
            "Reader": _role("KumobanReader", READER),
            "Operator": {"Condition": "Operates", **_role("KumobanOperator", OPERATOR)},
        },
        "Outputs": {
            "ReaderRole": {"Description": "KUMOBAN_READER_ROLE", "Value": {"Fn::GetAtt": ["Reader", "Arn"]}},
            "OperatorRole": {
                "Condition": "Operates",
                "Description": "KUMOBAN_OPERATOR_ROLE",
                "Value": {"Fn::GetAtt": ["Operator", "Arn"]},
            },
        },
    }


def _role(name: str, role: str) -> dict[str, Any]:
    document = policy(declared(role), _INSTALLED, lambda arn: {"Fn::Sub": arn})
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": _trusting(
                {"Ref": "TrustedPrincipal"},
                {"Fn::If": ["HasExternalId", {"sts:ExternalId": {"Ref": "ExternalId"}}, {"Ref": "AWS::NoValue"}]},
            ),
            "Policies": [{"PolicyName": "Declared", "PolicyDocument": document}],
        },
    }


def _trusting(principal: Any, equals: Any = None) -> dict[str, Any]:
    """Only this identity, and only under session names that say that it is the desk and for which request."""
    condition = {"StringLike": {"sts:RoleSessionName": "kumoban-*"}, **({"StringEquals": equals} if equals else {})}
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _members() -> dict[str, Any]:
    """For the account that administers StackSets: a reader in every account of some OUs, also in later ones."""
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: KumobanReader in every member account",
        "Parameters": {
            "ReaderRole": _text("ARN of KumobanReader in the desk's account"),
            "OrganizationalUnitIds": {"Type": "CommaDelimitedList", "Description": "Where the reader is wanted"},
        },
        "Resources": {
            "Readers": {
                "Type": "AWS::CloudFormation::StackSet",
                "Properties": {
                    "StackSetName": "KumobanReader",
                    "PermissionModel": "SERVICE_MANAGED",
                    "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
                    "Capabilities": ["CAPABILITY_NAMED_IAM"],
                    "Parameters": [{"ParameterKey": "ReaderRole", "ParameterValue": {"Ref": "ReaderRole"}}],
                    "StackInstancesGroup": [
                        {
                            "DeploymentTargets": {"OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"}},
                            "Regions": [{"Ref": "AWS::Region"}],
                        }
                    ],
                    "TemplateBody": json.dumps(_member(), indent=1),
                },
            }
        },
    }


def _member() -> dict[str, Any]:
    """In one member account: its IAM users are looked at, and nothing else is permitted."""
    document = policy(declared(MEMBER), Place(partition="${AWS::Partition}"), lambda arn: {"Fn::Sub": arn})
    trust = _trusting({"Ref": "ReaderRole"}, {"aws:PrincipalArn": {"Ref": "ReaderRole"}})
    properties = {
        "RoleName": "KumobanReader",
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": trust,
        "Policies": [{"PolicyName": "Declared", "PolicyDocument": document}],
    }
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: the role that looks into a member account",
        "Parameters": {"ReaderRole": _text("ARN of KumobanReader in the desk's account")},
        "Resources": {"Reader": {"Type": "AWS::IAM::Role", "Properties": properties}},
    }


def _management() -> dict[str, Any]:
    """For the management account: what only that one may do, and only the desk's operator enters."""
    place = Place(
        partition="${AWS::Partition}", management="${AWS::AccountId}", organization="${OrganizationId}", store="*"
    )
    document = policy(declared(MANAGEMENT), place, lambda arn: {"Fn::Sub": arn})
    trust = _trusting({"Ref": "OperatorRole"}, {"aws:PrincipalArn": {"Ref": "OperatorRole"}})
    properties = {
        "RoleName": "KumobanManagement",
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": trust,
        "Policies": [{"PolicyName": "Declared", "PolicyDocument": document}],
    }
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: accounts are made and moved, budgets kept, new members entered",
        "Parameters": {
            "OperatorRole": _text("ARN of KumobanOperator in the desk's account"),
            "OrganizationId": _text("Such as o-exampleorgid", AllowedPattern="o-[a-z0-9]{10,32}"),
        },
        "Resources": {"Management": {"Type": "AWS::IAM::Role", "Properties": properties}},
        "Outputs": {
            "ManagementRole": {"Description": "KUMOBAN_MANAGEMENT_ROLE", "Value": {"Fn::GetAtt": ["Management", "Arn"]}}
        },
    }


def _watchdog() -> dict[str, Any]:
    """For an account the desk has nothing else to do with: it alarms also when the desk says nothing any more."""
    trust = _trusting({"Ref": "TrustedPrincipal"})
    permitted = policy(declared(WATCHDOG))
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: alarms when the desk no longer says that all ends are proven",
        "Parameters": {
            "TrustedPrincipal": _text("ARN of the identity that runs Kumoban", AllowedPattern=_PRINCIPAL),
            "MailAddress": _text("Who is told; confirmed by a mail of AWS", AllowedPattern="[^@ ]+@[^@ ]+"),
        },
        "Resources": {
            "Heartbeat": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": "KumobanHeartbeat",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": trust,
                    "Policies": [{"PolicyName": "Declared", "PolicyDocument": permitted}],
                },
            },
            "Told": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"Subscription": [{"Protocol": "email", "Endpoint": {"Ref": "MailAddress"}}]},
            },
            "EndsNotProven": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmDescription": "Kumoban: ends are overdue, or the desk is down. See docs/operator/emergency",
                    "Namespace": NAMESPACE,
                    "MetricName": ENDS_PROVEN,
                    "Statistic": "Minimum",
                    "Period": 60,
                    "EvaluationPeriods": 10,
                    "DatapointsToAlarm": 10,
                    "Threshold": 1,
                    "ComparisonOperator": "LessThanThreshold",
                    "TreatMissingData": "breaching",
                    "AlarmActions": [{"Ref": "Told"}],
                    "OKActions": [{"Ref": "Told"}],
                },
            },
        },
        "Outputs": {
            "HeartbeatRole": {"Description": "KUMOBAN_WATCHDOG_ROLE", "Value": {"Fn::GetAtt": ["Heartbeat", "Arn"]}}
        },
    }


def _archive() -> dict[str, Any]:
    """For an account that keeps logs: a bucket in which nothing can be changed or deleted, and who writes to it."""
    trust = _trusting({"Ref": "TrustedPrincipal"})
    held = Place(partition="${AWS::Partition}")
    permitted = policy(
        declared(ARCHIVE), held, lambda arn: {"Fn::Sub": arn.replace(":::*/", ":::*/*").replace(":::*", ":::${Store}")}
    )
    only_tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["Store", "Arn"]}, {"Fn::Sub": "${Store.Arn}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    store = {
        "ObjectLockEnabled": True,
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": "Kumoban: a store in which the ledger cannot be changed or deleted (S3 Object Lock)",
        "Parameters": {
            "TrustedPrincipal": _text("ARN of the identity that runs Kumoban", AllowedPattern=_PRINCIPAL),
        },
        "Resources": {
            "Store": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": store,
            },
            "OnlyTls": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Store"},
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [only_tls]},
                },
            },
            "Writer": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": "KumobanArchive",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": trust,
                    "Policies": [{"PolicyName": "Declared", "PolicyDocument": permitted}],
                },
            },
        },
        "Outputs": {
            "Bucket": {"Description": "KUMOBAN_ARCHIVE_BUCKET", "Value": {"Ref": "Store"}},
            "Role": {"Description": "KUMOBAN_ARCHIVE_ROLE", "Value": {"Fn::GetAtt": ["Writer", "Arn"]}},
        },
    }


TEMPLATES: dict[str, Callable[[], dict[str, Any]]] = {
    "roles": _roles,
    "members": _members,
    "management": _management,
    "watchdog": _watchdog,
    "archive": _archive,
}
