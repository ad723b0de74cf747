"""Whether people can sign in: the identity provider answers, describes itself, and its certificates still hold."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from django.conf import settings
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser

from kumoban.cli.doctor.checks import Look, Wrong
from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop
from kumoban.estate.models import Person

__all__ = ["CHECKS"]

#: a certificate that ends sooner is told
_SOON = timedelta(days=30)


def _provider() -> str:
    if settings.KUMOBAN_DEMO:
        return _("demo: one click")
    if settings.KUMOBAN_OIDC_ISSUER and settings.KUMOBAN_OIDC_CLIENT_ID:
        return _oidc()
    if settings.KUMOBAN_SAML_METADATA_URL or settings.KUMOBAN_SAML_METADATA_FILE:
        return _saml()
    raise Wrong(_("no identity provider is set: nobody can sign in"))


def _oidc() -> str:
    issuer = settings.KUMOBAN_OIDC_ISSUER
    described = _object(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if described.get("issuer") != issuer:
        raise Wrong(_("its description names another issuer: %(issuer)s") % {"issuer": described.get("issuer")})
    keys = _object(str(described.get("jwks_uri", ""))).get("keys") or ()
    if not keys:
        raise Wrong(_("it publishes no keys"))
    return f"{issuer} ({len(keys)})"


def _object(address: str) -> dict[str, Any]:
    answer = httpx.get(address, timeout=5.0).raise_for_status()
    try:
        found = answer.json()
    except ValueError as error:
        raise Wrong(_("%(address)s is not JSON") % {"address": address}) from error
    return found if isinstance(found, dict) else {}


def _saml() -> str:
    source = settings.KUMOBAN_SAML_METADATA_FILE or settings.KUMOBAN_SAML_METADATA_URL
    written = (
        Path(source).read_bytes()
        if settings.KUMOBAN_SAML_METADATA_FILE
        else httpx.get(source, timeout=5.0).raise_for_status().content
    )
    try:
        provider = Parser.parse(written).get("idp") or {}
    except Exception as error:  # whatever an XML parser may say
        raise Wrong(_("its SAML metadata is not read: %(error)s") % {"error": type(error).__name__}) from error
    ends = [_end(certificate) for certificate in _certificates(provider)]
    if not ends:
        raise Wrong(_("its SAML metadata has no certificate"))
    if max(ends) < datetime.now(UTC) + _SOON:
        raise Wrong(_("its certificate ends on %(day)s") % {"day": max(ends).date()})
    return f"{provider.get('entityId', source)} ({max(ends).date()})"


def _certificates(provider: dict[str, Any]) -> list[str]:
    several = provider.get("x509certMulti") or {}
    return [*several.get("signing", ()), *([provider["x509cert"]] if provider.get("x509cert") else [])]


def _end(certificate: str) -> datetime:
    try:
        return x509.load_der_x509_certificate(b64decode("".join(certificate.split()))).not_valid_after_utc
    except ValueError as error:
        raise Wrong(_("a certificate of its SAML metadata is not read")) from error


def _known() -> str:
    """People must be found by what the provider says about them."""
    people = Person.objects.filter(absent_since=None, enabled=True)
    n, known = people.count(), people.exclude(external_id="").count()
    if settings.KUMOBAN_SIGN_IN_MATCH == "external_id" and n and not known and not settings.KUMOBAN_DEMO:
        raise Wrong(_("no user of the identity store has an id of the company's directory (SCIM)"))
    return _("%(known)s of %(n)s users come from the company's directory (SCIM)") % {"known": known, "n": n}


CHECKS: tuple[Look, ...] = (
    (
        gettext_noop("identity provider"),
        _provider,
        gettext_noop("its description must be readable from here: docs/operator/sign-in"),
    ),
    (
        gettext_noop("people of the directory"),
        _known,
        gettext_noop("provision users by SCIM, or set KUMOBAN_SIGN_IN_MATCH to user_id or user_name"),
    ),
)
