"""Identity Center: how applications exchange tokens: scopes, grants, authentication methods, trusted token issuers.

Source: sso-admin API reference; Identity Center user guide, "Trusted identity propagation".
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.fakes.sso_admin_applications import application_of
from kumoban_emulator.fakes.sso_admin_instance import administers_or_refuse, center_of
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.application import TokenIssuer

__all__: list[str] = []

_SERVICE = "sso-admin"


def _missing(what: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} {name} does not exist.")


# --- scopes


@fake(_SERVICE, "PutApplicationAccessScope")
def put_scope(call: Call, params: Params) -> Params:
    application_of(call, params).scopes[params["Scope"]] = list(params.get("AuthorizedTargets") or ())
    return {}


@fake(_SERVICE, "GetApplicationAccessScope")
def get_scope(call: Call, params: Params) -> Params:
    found = application_of(call, params).scopes.get(params["Scope"])
    if found is None:
        raise _missing("Scope", params["Scope"])
    return {"Scope": params["Scope"], "AuthorizedTargets": found}


@fake(_SERVICE, "ListApplicationAccessScopes")
def list_scopes(call: Call, params: Params) -> Params:
    scopes = application_of(call, params).scopes.items()
    return page([{"Scope": scope, "AuthorizedTargets": targets} for scope, targets in scopes], params, "Scopes")


@fake(_SERVICE, "DeleteApplicationAccessScope")
def delete_scope(call: Call, params: Params) -> Params:
    get_scope(call, params)
    del application_of(call, params).scopes[params["Scope"]]
    return {}


# --- grants


@fake(_SERVICE, "PutApplicationGrant")
def put_grant(call: Call, params: Params) -> Params:
    application_of(call, params).grants[params["GrantType"]] = params["Grant"]
    return {}


@fake(_SERVICE, "GetApplicationGrant")
def get_grant(call: Call, params: Params) -> Params:
    found = application_of(call, params).grants.get(params["GrantType"])
    if found is None:
        raise _missing("Grant", params["GrantType"])
    return {"Grant": found}


@fake(_SERVICE, "ListApplicationGrants")
def list_grants(call: Call, params: Params) -> Params:
    grants = application_of(call, params).grants.items()
    return page([{"GrantType": kind, "Grant": grant} for kind, grant in grants], params, "Grants")


@fake(_SERVICE, "DeleteApplicationGrant")
def delete_grant(call: Call, params: Params) -> Params:
    get_grant(call, params)
    del application_of(call, params).grants[params["GrantType"]]
    return {}


# --- authentication methods


@fake(_SERVICE, "PutApplicationAuthenticationMethod")
def put_method(call: Call, params: Params) -> Params:
    application_of(call, params).methods[params["AuthenticationMethodType"]] = params["AuthenticationMethod"]
    return {}


@fake(_SERVICE, "GetApplicationAuthenticationMethod")
def get_method(call: Call, params: Params) -> Params:
    found = application_of(call, params).methods.get(params["AuthenticationMethodType"])
    if found is None:
        raise _missing("Authentication method", params["AuthenticationMethodType"])
    return {"AuthenticationMethod": found}


@fake(_SERVICE, "ListApplicationAuthenticationMethods")
def list_methods(call: Call, params: Params) -> Params:
    methods = application_of(call, params).methods.items()
    found = [{"AuthenticationMethodType": kind, "AuthenticationMethod": method} for kind, method in methods]
    return page(found, params, "AuthenticationMethods")


@fake(_SERVICE, "DeleteApplicationAuthenticationMethod")
def delete_method(call: Call, params: Params) -> Params:
    get_method(call, params)
    del application_of(call, params).methods[params["AuthenticationMethodType"]]
    return {}


# --- trusted token issuers


def _issuer(call: Call, params: Params) -> TokenIssuer:
    administers_or_refuse(call)
    found = call.world.center.issuers.get(params["TrustedTokenIssuerArn"])
    if found is None:
        raise _missing("Trusted token issuer", params["TrustedTokenIssuerArn"])
    return found


def _refuse_twin(call: Call, name: str, url: str, but: TokenIssuer | None = None) -> None:
    for other in call.world.center.issuers.values():
        theirs = other.configuration["OidcJwtConfiguration"]["IssuerUrl"]
        if other is not but and (other.name == name or theirs == url):
            raise AwsError("ConflictException", f"A trusted token issuer {other.name} ({theirs}) exists already.")


@fake(_SERVICE, "CreateTrustedTokenIssuer")
def create_issuer(call: Call, params: Params) -> Params:
    center, token = center_of(call, params), params.get("ClientToken", "")
    if token in center.made:
        return {"TrustedTokenIssuerArn": center.made[token]}
    configuration = params["TrustedTokenIssuerConfiguration"]
    _refuse_twin(call, params["Name"], configuration["OidcJwtConfiguration"]["IssuerUrl"])
    arn = f"arn:aws:sso::{call.account}:trustedTokenIssuer/{center.short}/tti-{uuid4(call.chance)}"
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    center.issuers[arn] = TokenIssuer(arn, params["Name"], params["TrustedTokenIssuerType"], configuration, tags)
    if token:
        center.made[token] = arn
    return {"TrustedTokenIssuerArn": arn}


def _summary(found: TokenIssuer) -> Params:
    return {"TrustedTokenIssuerArn": found.arn, "Name": found.name, "TrustedTokenIssuerType": found.kind}


@fake(_SERVICE, "DescribeTrustedTokenIssuer")
def describe_issuer(call: Call, params: Params) -> Params:
    found = _issuer(call, params)
    return {**_summary(found), "TrustedTokenIssuerConfiguration": found.configuration}


@fake(_SERVICE, "ListTrustedTokenIssuers")
def list_issuers(call: Call, params: Params) -> Params:
    return page(list(map(_summary, center_of(call, params).issuers.values())), params, "TrustedTokenIssuers")


@fake(_SERVICE, "UpdateTrustedTokenIssuer")
def update_issuer(call: Call, params: Params) -> Params:
    """The issuer's URL cannot be changed. Source: API reference of this operation."""
    found = _issuer(call, params)
    before = found.configuration["OidcJwtConfiguration"]
    name = params.get("Name", found.name)
    _refuse_twin(call, name, before["IssuerUrl"], but=found)
    changed = (params.get("TrustedTokenIssuerConfiguration") or {}).get("OidcJwtConfiguration") or {}
    found.name, found.configuration = name, {"OidcJwtConfiguration": {**before, **changed}}
    return {}


@fake(_SERVICE, "DeleteTrustedTokenIssuer")
def delete_issuer(call: Call, params: Params) -> Params:
    del call.world.center.issuers[_issuer(call, params).arn]
    return {}
