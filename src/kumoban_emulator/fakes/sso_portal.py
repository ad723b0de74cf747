"""The access portal (``sso``): what a signed-in person sees and takes.

Source: IAM Identity Center Portal API reference.

Access tokens come from the admin path ``/_emulator/portal/token``, in place of a sign-in.
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.fakes.sso_admin_sets import session_seconds
from kumoban_emulator.fakes.sts import start_session
from kumoban_emulator.paging import page
from kumoban_emulator.state.identity import User
from kumoban_emulator.state.settle import reserved_role_name

_SERVICE = "sso"


def _signed_in(call: Call, params: Params) -> User:
    login = call.world.logins.get(params["accessToken"])
    user = call.world.store.users.get(login.user) if login and login.expires > call.now else None
    if user is None or not user.enabled:
        raise AwsError("UnauthorizedException", "Session token not found or invalid", 401)
    return user


def _reachable(call: Call, user: User) -> list[tuple[str, str]]:
    """(account, permission set) of everything assigned to the user or the user's groups."""
    who = {("USER", user.id)} | {("GROUP", membership.group) for membership in call.world.store.groups_of(user.id)}
    return [
        place
        for place, principals in call.world.center.assigned.items()
        if not who.isdisjoint(principals) and call.world.is_member(place[0])
    ]


def _paged(items: list[Params], params: Params, key: str) -> Params:
    asked = {"MaxResults": params.get("maxResults"), "NextToken": params.get("nextToken")}
    found = page(items, asked, key, error="InvalidRequestException")
    if "NextToken" in found:
        found["nextToken"] = found.pop("NextToken")
    return found


@fake(_SERVICE, "ListAccounts")
def list_accounts(call: Call, params: Params) -> Params:
    user = _signed_in(call, params)
    accounts = call.world.organization.accounts
    reachable = dict.fromkeys(account for account, _ in _reachable(call, user))
    shapes = [
        {"accountId": account, "accountName": accounts[account].name, "emailAddress": accounts[account].email}
        for account in reachable
    ]
    return _paged(shapes, params, "accountList")


@fake(_SERVICE, "ListAccountRoles")
def list_roles(call: Call, params: Params) -> Params:
    user, account = _signed_in(call, params), params["accountId"]
    names = [call.world.center.sets[arn].name for where, arn in _reachable(call, user) if where == account]
    return _paged([{"roleName": name, "accountId": account} for name in names], params, "roleList")


@fake(_SERVICE, "GetRoleCredentials")
def get_role_credentials(call: Call, params: Params) -> Params:
    user = _signed_in(call, params)
    permission_set = call.world.center.set_named(params["roleName"])
    if permission_set is None or (params["accountId"], permission_set.arn) not in _reachable(call, user):
        raise AwsError("ForbiddenException", "No access", 403)
    account = params["accountId"]
    role = call.world.roles.find(account, reserved_role_name(call.world, account, permission_set.arn))
    if role is None:
        raise AwsError("ResourceNotFoundException", "The role does not exist.", 404)
    duration = session_seconds(call.world.center.provisioned[account, permission_set.arn].session)
    key = start_session(call, role, user.user_name, duration, on_behalf_of=user.id)
    return {
        "roleCredentials": {
            "accessKeyId": key.access_key,
            "secretAccessKey": key.secret,
            "sessionToken": key.token,
            "expiration": (int(call.wall) + duration) * 1000,
        }
    }


@fake(_SERVICE, "Logout")
def logout(call: Call, params: Params) -> Params:
    _signed_in(call, params)
    del call.world.logins[params["accessToken"]]
    return {}
