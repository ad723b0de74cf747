"""The ARN patterns that policies are limited to. Source: AWS service authorization reference, resource types."""

from __future__ import annotations

__all__ = [
    "ACCESS_APPLICATION",
    "GROUPS",
    "IAM_USER",
    "INSTANCE",
    "MEMBERSHIPS",
    "MEMBER_ACCOUNT",
    "MEMBER_READER",
    "ORGANIZATION_ACCOUNT",
    "ORGANIZATION_ROOT",
    "ORGANIZATION_UNIT",
    "PERMISSION_SET",
    "STORE",
    "TARGET_ACCOUNT",
    "USERS",
]

INSTANCE = "arn:{partition}:sso:::instance/{instance}"
PERMISSION_SET = "arn:{partition}:sso:::permissionSet/{instance}/*"
TARGET_ACCOUNT = "arn:{partition}:sso:::account/*"

STORE = "arn:{partition}:identitystore::{management}:identitystore/{store}"
USERS = "arn:{partition}:identitystore:::user/*"
GROUPS = "arn:{partition}:identitystore:::group/*"
MEMBERSHIPS = "arn:{partition}:identitystore:::membership/*"

ACCESS_APPLICATION = "arn:{partition}:account-access:*:*:application/*"
IAM_USER = "arn:{partition}:iam::*:user/*"
MEMBER_READER = "arn:{partition}:iam::*:role/KumobanReader"

#: a member account in Account management
MEMBER_ACCOUNT = "arn:{partition}:account::{management}:account/{organization}/*"

ORGANIZATION_ACCOUNT = "arn:{partition}:organizations::{management}:account/{organization}/*"
ORGANIZATION_UNIT = "arn:{partition}:organizations::{management}:ou/{organization}/*"
ORGANIZATION_ROOT = "arn:{partition}:organizations::{management}:root/{organization}/*"
