"""Identity Center: the instance, its tags, and who may touch what.

A delegated administrator may touch neither assignments in the management account nor permission sets provisioned
there. Source: Identity Center user guide, "Delegated administration".
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError, denied
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Center, PermissionSet
from kumoban_emulator.state.world import World

__all__ = [
    "administers",
    "administers_or_refuse",
    "center_of",
    "identity_store_arn_of",
    "may_change",
    "may_touch_account",
    "set_of",
]

_SERVICE = "sso-admin"


def identity_store_arn_of(world: World) -> str:
    return f"arn:aws:identitystore::{world.store.owner}:identitystore/{world.store.id}"


def administers(call: Call) -> bool:
    return call.account in (call.world.organization.management, call.world.delegate)


def administers_or_refuse(call: Call) -> None:
    """Raises AccessDeniedException for anyone who does not administer the instance."""
    if not administers(call):
        raise denied(f"User: {call.principal.arn} is not authorized to perform: sso:{call.operation}")


def center_of(call: Call, params: Params) -> Center:
    """The instance the call names. Raises AccessDeniedException for anyone who does not administer it."""
    center = call.world.center
    administers_or_refuse(call)
    if params["InstanceArn"] != center.instance:
        raise AwsError("ResourceNotFoundException", f"Instance {params['InstanceArn']} does not exist.")
    return center


def set_of(center: Center, params: Params) -> PermissionSet:
    found = center.sets.get(params["PermissionSetArn"])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"PermissionSet {params['PermissionSetArn']} does not exist.")
    return found


def may_touch_account(call: Call, account: str) -> None:
    management = call.world.organization.management
    if account == management and call.account != management:
        raise denied(
            f"User: {call.principal.arn} is not authorized to perform: sso:{call.operation} on the management account"
        )


def may_change(call: Call, center: Center, permission_set: str) -> None:
    """Whether the caller may change or assign a permission set, by where it is provisioned."""
    management = call.world.organization.management
    if call.account != management and (management, permission_set) in center.provisioned:
        raise denied(
            f"User: {call.principal.arn} is not authorized to perform: sso:{call.operation} "
            f"on resource: {permission_set}, which is provisioned in the management account"
        )


@fake(_SERVICE, "ListInstances")
def list_instances(call: Call, params: Params) -> Params:
    if call.account not in call.world.organization.accounts:
        return {"Instances": []}
    shape = _instance_shape(call)
    return page([shape] if call.region in ("", call.world.center.region) else [], params, "Instances")


def _instance_shape(call: Call) -> Params:
    center = call.world.center
    return {
        "InstanceArn": center.instance,
        "IdentityStoreId": call.world.store.id,
        "IdentityStoreArn": identity_store_arn_of(call.world),
        "OwnerAccountId": center.owner,
        "Name": center.name,
        "CreatedDate": moment(center.created),
        "Status": "ACTIVE",
        "PrimaryRegion": center.region,
    }


@fake(_SERVICE, "DescribeInstance")
def describe_instance(call: Call, params: Params) -> Params:
    center_of(call, params)
    encryption = {"KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED"}
    return {**_instance_shape(call), "EncryptionConfigurationDetails": encryption}


@fake(_SERVICE, "UpdateInstance")
def update_instance(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    center.name = params.get("Name", center.name)
    return {}


def _tags(call: Call, params: Params) -> dict[str, str]:
    center, resource = call.world.center, params["ResourceArn"]
    administers_or_refuse(call)
    if resource == center.instance:
        return center.tags
    if found := center.applications.get(resource) or center.issuers.get(resource):
        return found.tags
    return set_of(center, {"PermissionSetArn": resource}).tags


@fake(_SERVICE, "ListTagsForResource")
def list_tags(call: Call, params: Params) -> Params:
    tags = [{"Key": key, "Value": value} for key, value in _tags(call, params).items()]
    return page(tags, params, "Tags", default=75)


@fake(_SERVICE, "TagResource")
def tag_resource(call: Call, params: Params) -> Params:
    tags = _tags(call, params)
    may_change(call, call.world.center, params["ResourceArn"])
    added = {found["Key"]: found["Value"] for found in params["Tags"]}
    if len(tags.keys() | added.keys()) > 50:
        raise AwsError("ServiceQuotaExceededException", "A resource can have 50 tags at most.")
    tags.update(added)
    return {}


@fake(_SERVICE, "UntagResource")
def untag_resource(call: Call, params: Params) -> Params:
    tags = _tags(call, params)
    may_change(call, call.world.center, params["ResourceArn"])
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


@fake(_SERVICE, "DescribeInstanceAccessControlAttributeConfiguration")
def describe_attributes(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    if center.attributes is None:
        raise AwsError("ResourceNotFoundException", "Attributes for access control are not enabled.")
    return {
        "Status": "ENABLED",
        "InstanceAccessControlAttributeConfiguration": {"AccessControlAttributes": center.attributes},
    }


@fake(_SERVICE, "CreateInstanceAccessControlAttributeConfiguration")
def create_attributes(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    if center.attributes is not None:
        raise AwsError("ConflictException", "Attributes for access control are enabled already.")
    center.attributes = params["InstanceAccessControlAttributeConfiguration"]["AccessControlAttributes"]
    return {}


@fake(_SERVICE, "UpdateInstanceAccessControlAttributeConfiguration")
def update_attributes(call: Call, params: Params) -> Params:
    describe_attributes(call, params)
    call.world.center.attributes = params["InstanceAccessControlAttributeConfiguration"]["AccessControlAttributes"]
    return {}


@fake(_SERVICE, "DeleteInstanceAccessControlAttributeConfiguration")
def delete_attributes(call: Call, params: Params) -> Params:
    describe_attributes(call, params)
    call.world.center.attributes = None
    return {}
