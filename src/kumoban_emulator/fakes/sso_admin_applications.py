"""Identity Center: customer managed applications and who is assigned to them.

Source: sso-admin API reference (CreateApplication and its neighbours).
"""

from __future__ import annotations

from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_instance import administers_or_refuse, center_of, identity_store_arn_of
from kumoban_emulator.ids import hexa
from kumoban_emulator.paging import page
from kumoban_emulator.state.application import Application
from kumoban_emulator.state.center import Center

__all__ = ["application_of"]

_SERVICE = "sso-admin"
_PROVIDERS = {
    "custom": ("OAUTH", "Custom application", "Any application that speaks OAuth 2.0"),
    "custom-saml": ("SAML", "Custom SAML application", "Any application that speaks SAML 2.0"),
}


def application_of(call: Call, params: Params) -> Application:
    """The application the call names. Raises ResourceNotFoundException."""
    administers_or_refuse(call)
    found = call.world.center.applications.get(params["ApplicationArn"])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Application {params['ApplicationArn']} does not exist.")
    return found


def _provider_arn(name: str) -> str:
    return f"arn:aws:sso::aws:applicationProvider/{name}"


def _provider(name: str) -> Params:
    protocol, title, description = _PROVIDERS[name]
    return {
        "ApplicationProviderArn": _provider_arn(name),
        "FederationProtocol": protocol,
        "DisplayData": {"DisplayName": title, "Description": description},
    }


@fake(_SERVICE, "ListApplicationProviders")
def list_providers(call: Call, params: Params) -> Params:
    administers_or_refuse(call)
    return page([_provider(name) for name in _PROVIDERS], params, "ApplicationProviders")


@fake(_SERVICE, "DescribeApplicationProvider")
def describe_provider(call: Call, params: Params) -> Params:
    administers_or_refuse(call)
    for name in _PROVIDERS:
        if _provider_arn(name) == params["ApplicationProviderArn"]:
            return _provider(name)
    raise AwsError("ResourceNotFoundException", f"{params['ApplicationProviderArn']} does not exist.")


@fake(_SERVICE, "CreateApplication")
def create_application(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    describe_provider(call, params)
    token = params.get("ClientToken", "")
    arn = center.made.get(token) if token else None
    if arn is None:
        arn = f"arn:aws:sso::{call.account}:application/{center.short}/apl-{hexa(call.chance, 16)}"
        center.applications[arn] = _new(call, arn, params)
        if token:
            center.made[token] = arn
    return _identified(call, center, arn)


def _new(call: Call, arn: str, params: Params) -> Application:
    return Application(
        arn,
        params["ApplicationProviderArn"],
        params["Name"],
        call.account,
        call.region or call.world.center.region,
        call.wall,
        description=params.get("Description", ""),
        status=params.get("Status", "ENABLED"),
        portal=params.get("PortalOptions") or {"Visibility": "ENABLED"},
        tags={tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()},
    )


def _identified(call: Call, center: Center, arn: str) -> Params:
    store = identity_store_arn_of(call.world)
    return {"ApplicationArn": arn, "InstanceArn": center.instance, "IdentityStoreArn": store}


def _shape(call: Call, found: Application) -> Params:
    shape: Params = {
        **_identified(call, call.world.center, found.arn),
        "ApplicationProviderArn": found.provider,
        "Name": found.name,
        "ApplicationAccount": found.account,
        "Status": found.status,
        "PortalOptions": found.portal,
        "CreatedDate": moment(found.created),
        "CreatedFrom": found.region,
    }
    return {**shape, "Description": found.description} if found.description else shape


@fake(_SERVICE, "DescribeApplication")
def describe_application(call: Call, params: Params) -> Params:
    return _shape(call, application_of(call, params))


@fake(_SERVICE, "ListApplications")
def list_applications(call: Call, params: Params) -> Params:
    center, wanted = center_of(call, params), params.get("Filter") or {}
    found = [
        _shape(call, application)
        for application in center.applications.values()
        if wanted.get("ApplicationAccount") in (None, application.account)
        and wanted.get("ApplicationProvider") in (None, application.provider)
    ]
    return page(found, params, "Applications")


@fake(_SERVICE, "UpdateApplication")
def update_application(call: Call, params: Params) -> Params:
    found = application_of(call, params)
    found.name, found.status = params.get("Name", found.name), params.get("Status", found.status)
    found.description = params.get("Description", found.description)
    found.portal = {**found.portal, **(params.get("PortalOptions") or {})}
    return {}


@fake(_SERVICE, "DeleteApplication")
def delete_application(call: Call, params: Params) -> Params:
    del call.world.center.applications[application_of(call, params).arn]
    return {}


# --- who may use it


def _principal(params: Params) -> tuple[str, str]:
    return params["PrincipalType"], params["PrincipalId"]


@fake(_SERVICE, "CreateApplicationAssignment")
def create_assignment(call: Call, params: Params) -> Params:
    found, who = application_of(call, params), _principal(params)
    if not call.world.store.knows(*who):
        raise AwsError("ResourceNotFoundException", f"{who[0]} with id {who[1]} does not exist.")
    if who in found.assigned:
        raise AwsError("ConflictException", "The principal is assigned to the application already.")
    found.assigned[who] = None
    return {}


@fake(_SERVICE, "DeleteApplicationAssignment")
def delete_assignment(call: Call, params: Params) -> Params:
    describe_assignment(call, params)
    del application_of(call, params).assigned[_principal(params)]
    return {}


@fake(_SERVICE, "DescribeApplicationAssignment")
def describe_assignment(call: Call, params: Params) -> Params:
    found, who = application_of(call, params), _principal(params)
    if who not in found.assigned:
        raise AwsError("ResourceNotFoundException", "The principal is not assigned to the application.")
    return _assignment(found, who)


def _assignment(found: Application, who: tuple[str, str]) -> dict[str, Any]:
    return {"ApplicationArn": found.arn, "PrincipalType": who[0], "PrincipalId": who[1]}


@fake(_SERVICE, "ListApplicationAssignments")
def list_assignments(call: Call, params: Params) -> Params:
    found = application_of(call, params)
    return page([_assignment(found, who) for who in found.assigned], params, "ApplicationAssignments")


@fake(_SERVICE, "ListApplicationAssignmentsForPrincipal")
def list_assignments_of(call: Call, params: Params) -> Params:
    """A user's own and those of the user's groups."""
    center, who = center_of(call, params), _principal(params)
    wanted = {who}
    if who[0] == "USER":
        wanted |= {("GROUP", membership.group) for membership in call.world.store.groups_of(who[1])}
    only = (params.get("Filter") or {}).get("ApplicationArn")
    found = [
        _assignment(application, assigned)
        for application in center.applications.values()
        if only in (None, application.arn)
        for assigned in application.assigned
        if assigned in wanted
    ]
    return page(found, params, "ApplicationAssignments")


@fake(_SERVICE, "GetApplicationAssignmentConfiguration")
def get_assignment_configuration(call: Call, params: Params) -> Params:
    return {"AssignmentRequired": application_of(call, params).assignment_required}


@fake(_SERVICE, "PutApplicationAssignmentConfiguration")
def put_assignment_configuration(call: Call, params: Params) -> Params:
    application_of(call, params).assignment_required = params["AssignmentRequired"]
    return {}


@fake(_SERVICE, "GetApplicationSessionConfiguration")
def get_session_configuration(call: Call, params: Params) -> Params:
    return {"UserBackgroundSessionApplicationStatus": application_of(call, params).background_sessions}


@fake(_SERVICE, "PutApplicationSessionConfiguration")
def put_session_configuration(call: Call, params: Params) -> Params:
    found = application_of(call, params)
    found.background_sessions = params.get("UserBackgroundSessionApplicationStatus", found.background_sessions)
    return {}
