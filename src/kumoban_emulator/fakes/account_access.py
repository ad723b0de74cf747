"""AWS account access manager (``account-access``): the application of the instance and its entitlements.

Source: botocore's model of 2018-05-10. Only what administers Identity Center may ask; entitlements are listed in the
order in which they were made.
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError, denied
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_instance import administers
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.entitlement import Entitlement, Entitlements

__all__: list[str] = []

_SERVICE = "account-access"


def _entitlements(call: Call, params: Params) -> Entitlements:
    """Those of the application the call names. Raises AwsError."""
    _may_ask(call)
    found = call.world.entitlements
    if not found.application or params["applicationArn"] != found.application:
        raise AwsError("ResourceNotFoundException", f"Application {params['applicationArn']} does not exist.", 404)
    return found


def _may_ask(call: Call) -> None:
    if not administers(call):
        raise denied(f"User: {call.principal.arn} is not authorized to perform: {_SERVICE}:{call.operation}")


def _page(items: list[Params], params: Params, key: str) -> Params:
    """This service writes its paging in small letters."""
    answer = page(items, {"MaxResults": params.get("maxResults"), "NextToken": params.get("nextToken")}, key)
    following = answer.pop("NextToken", None)
    return {**answer, **({"nextToken": following} if following else {})}


@fake(_SERVICE, "ListApplications")
def list_applications(call: Call, params: Params) -> Params:
    _may_ask(call)
    found, at = call.world.entitlements, moment(call.world.entitlements.created)
    shown = [{"applicationArn": found.application, "createdAt": at, "updatedAt": at}] if found.application else []
    return _page(shown, params, "applications")


@fake(_SERVICE, "GetApplication")
def get_application(call: Call, params: Params) -> Params:
    found = _entitlements(call, params)
    at = moment(found.created)
    source = {"identityCenter": {"instanceArn": call.world.center.instance}}
    return {"identitySource": source, "status": "ACTIVE", "createdAt": at, "updatedAt": at}


@fake(_SERVICE, "ListEntitlements")
def list_entitlements(call: Call, params: Params) -> Params:
    wanted = (params.get("filter") or {}).get("principalRole") or {}
    found = [one for one in _entitlements(call, params).by_id.values() if _fits(one, wanted)]
    return _page([_shown(one) for one in found], params, "entitlements")


@fake(_SERVICE, "GetEntitlement")
def get_entitlement(call: Call, params: Params) -> Params:
    one = _one(call, params)
    return {"applicationArn": params["applicationArn"], **_shown(one)}


@fake(_SERVICE, "CreateEntitlement")
def create_entitlement(call: Call, params: Params) -> Params:
    found, asked = _entitlements(call, params), params["entitlement"]["principalRole"]
    kind, principal = _principal(asked["principal"])
    known = call.world.store.users if kind == "USER" else call.world.store.groups
    if principal not in known:
        raise AwsError("ResourceNotFoundException", f"The principal {principal} does not exist.", 404)
    account = asked["roleArn"].split(":")[4]
    if not call.world.is_member(account):
        raise AwsError("ValidationException", f"Account {account} is not in the organization.")
    same = (kind, principal, account, asked["roleArn"])
    if any((one.kind, one.principal, one.account, one.role_arn) == same for one in found.by_id.values()):
        raise AwsError("ConflictException", "The entitlement exists already.", 409)
    made = Entitlement(uuid4(call.chance), *same, created=call.now)
    found.by_id[made.id] = made
    return {"entitlementId": made.id}


@fake(_SERVICE, "DeleteEntitlement")
def delete_entitlement(call: Call, params: Params) -> Params:
    one = _one(call, params)
    del call.world.entitlements.by_id[one.id]
    return {}


def _one(call: Call, params: Params) -> Entitlement:
    one = _entitlements(call, params).by_id.get(params["entitlementId"])
    if one is None:
        raise AwsError("ResourceNotFoundException", f"Entitlement {params['entitlementId']} does not exist.", 404)
    return one


def _principal(given: Params) -> tuple[str, str]:
    center = given["identityCenter"]
    return ("USER", center["userId"]) if "userId" in center else ("GROUP", center["groupId"])


def _fits(one: Entitlement, wanted: Params) -> bool:
    """Every member of the filter that was given."""
    exact = {"roleArn": one.role_arn, "account": one.account}
    if any(name in wanted and wanted[name] != value for name, value in exact.items()):
        return False
    return "principal" not in wanted or _principal(wanted["principal"]) == (one.kind, one.principal)


def _shown(one: Entitlement) -> Params:
    principal = {"identityCenter": {"userId" if one.kind == "USER" else "groupId": one.principal}}
    role = {"principal": principal, "roleArn": one.role_arn, "account": one.account}
    return {"entitlementId": one.id, "entitlement": {"principalRole": role}, "createdAt": moment(one.created)}
