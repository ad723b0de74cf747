"""Identity Center: the regions an instance is replicated to, and the making of instances.

Source: sso-admin API reference (AddRegion, CreateInstance, DeleteInstance).
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError, denied
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_instance import administers, center_of
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Center

__all__: list[str] = []

_SERVICE = "sso-admin"


def _region(call: Call, center: Center, name: str) -> Params:
    if name == center.region:
        added, status = center.created, "ACTIVE"
    else:
        added, active_from = center.regions[name]
        status = "ACTIVE" if call.now >= active_from else "ADDING"
    primary = name == center.region
    return {"RegionName": name, "Status": status, "AddedDate": moment(added), "IsPrimaryRegion": primary}


@fake(_SERVICE, "ListRegions")
def list_regions(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    return page([_region(call, center, name) for name in (center.region, *center.regions)], params, "Regions")


@fake(_SERVICE, "DescribeRegion")
def describe_region(call: Call, params: Params) -> Params:
    center, name = center_of(call, params), params["RegionName"]
    if name != center.region and name not in center.regions:
        raise AwsError("ResourceNotFoundException", f"The instance is not in {name}.")
    return _region(call, center, name)


@fake(_SERVICE, "AddRegion")
def add_region(call: Call, params: Params) -> Params:
    center, name = center_of(call, params), params["RegionName"]
    if name == center.region or name in center.regions:
        raise AwsError("ConflictException", f"The instance is in {name} already.")
    center.regions[name] = (call.wall, call.now + call.world.settings.provisioning_delay)
    return {"Status": "ADDING"}


@fake(_SERVICE, "RemoveRegion")
def remove_region(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    if params["RegionName"] == center.region:
        raise AwsError("ValidationException", "The primary region cannot be removed.")
    describe_region(call, params)
    del center.regions[params["RegionName"]]
    return {"Status": "REMOVING"}


@fake(_SERVICE, "CreateInstance")
def create_instance(call: Call, params: Params) -> Params:
    """The organisation has its instance; account instances of members are not enabled."""
    if administers(call):
        raise AwsError("ConflictException", "The organization already has an instance of IAM Identity Center.")
    raise denied(f"User: {call.principal.arn} is not authorized to perform: sso:CreateInstance")


@fake(_SERVICE, "DeleteInstance")
def delete_instance(call: Call, params: Params) -> Params:
    """Only the account that owns it may, and here never while it holds permission sets (assumed, to be safe)."""
    center = center_of(call, params)
    if call.account != center.owner:
        raise denied(f"User: {call.principal.arn} is not authorized to perform: sso:DeleteInstance")
    raise AwsError("ConflictException", f"{center.instance} holds {len(center.sets)} permission sets.")
