"""The ARN patterns that policies are limited to. Source: AWS service authorization reference, resource types."""

from __future__ import annotations

__all__ = [
    "GROUPS",
    "INSTANCE",
    "MEMBERSHIPS",
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

ORGANIZATION_ACCOUNT = "arn:{partition}:organizations::{management}:account/{organization}/*"
ORGANIZATION_UNIT = "arn:{partition}:organizations::{management}:ou/{organization}/*"
ORGANIZATION_ROOT = "arn:{partition}:organizations::{management}:root/{organization}/*"
