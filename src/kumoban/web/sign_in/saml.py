"""SAML 2.0: signed assertions that answer a question of ours. The question goes by redirect, the answer comes by POST.

The POST comes from another site, so without this browser's session. What it proves is therefore checked first, put
under our own signature, and carried by a redirect to where the session is: only there is the question known.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Saml
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from kumoban.desk.sign_in import Subject
from kumoban.web.sign_in.asked import Asked
from kumoban.web.sign_in.proof import Proof, cancelled, not_proved, provider_down

__all__ = ["begin", "carried", "configured", "metadata", "opened", "read"]

_METADATA = "/sign-in/saml/metadata"
_ACS = "/sign-in/saml/acs"
_SALT = "kumoban.sign_in.saml"
#: from the POST to the page that knows the session
_CARRIED_SECONDS = 60
_METADATA_SECONDS = 3600
_CANCELLED = "was RequestDenied", "was AuthnFailed"


def configured() -> bool:
    return bool(settings.KUMOBAN_SAML_METADATA_URL or settings.KUMOBAN_SAML_METADATA_FILE)


def begin(next_page: str, *, again: bool = False) -> tuple[str, Asked]:
    """Where to send the browser, and what to keep until it comes back. Raises Refused without the metadata."""
    auth = _auth("")
    address = auth.login(return_to="", force_authn=again)
    return address, Asked("saml", key=auth.get_last_request_id(), next=next_page, at=time.time(), again=again)


def read(response: str) -> Proof:
    """Whom the response's one assertion proves, and which question it answers. Raises Refused."""
    auth = _auth(response)
    try:
        auth.process_response()
    except Exception as error:  # whatever decoders and parsers say of what is no response at all
        raise not_proved(f"SAML: {type(error).__name__}") from error
    why = auth.get_last_error_reason() or ""
    if auth.get_errors() or not auth.is_authenticated():
        raise cancelled(why[:200]) if any(status in why for status in _CANCELLED) else not_proved(f"SAML: {why[:200]}")
    key, at = _answered(auth)
    return Proof(Subject("saml", auth.get_settings().get_idp_data()["entityId"], _id_of(auth)), key, at)


def carried(proof: Proof) -> str:
    """The proof under our own signature."""
    subject = proof.subject
    return signing.dumps([subject.issuer, subject.id, proof.key, proof.at], salt=_SALT)


def opened(text: str) -> Proof:
    try:
        issuer, directory_id, key, at = signing.loads(text, salt=_SALT, max_age=_CARRIED_SECONDS)
    except signing.BadSignature as error:
        raise not_proved("SAML: what was carried is not ours, or too old") from error
    return Proof(Subject("saml", issuer, directory_id), key, at)


def metadata() -> bytes:
    """What the identity provider's administrator loads: our entity id, where answers go, that assertions are signed."""
    own = OneLogin_Saml2_Settings({"strict": True, "sp": _sp(), "security": _SECURITY}, sp_validation_only=True)
    written = own.get_sp_metadata()
    return written if isinstance(written, bytes) else str(written).encode()


# --- what an assertion must say beyond the library's checks


def _answered(auth: OneLogin_Saml2_Auth) -> tuple[str, float]:
    """Which question the signed assertion itself answers, and when the person authenticated.

    The library lets an assertion pass that names no audience, no recipient and no question; here it must name ours.
    """
    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    assertion = _only(document, "//saml:Assertion")
    if _sp()["entityId"] not in [
        (audience.text or "").strip() for audience in _all(assertion, ".//saml:AudienceRestriction/saml:Audience")
    ]:
        raise not_proved("SAML: the assertion names another audience, or none")
    bearer = f"./saml:Subject/saml:SubjectConfirmation[@Method='{Saml.CM_BEARER}']/saml:SubjectConfirmationData"
    confirmed = _only(assertion, bearer)
    if confirmed.get("Recipient") != settings.KUMOBAN_BASE_URL + _ACS or not confirmed.get("NotOnOrAfter"):
        raise not_proved("SAML: the assertion names another recipient, or no end")
    if not confirmed.get("InResponseTo"):
        raise not_proved("SAML: the assertion answers no question of ours (started at the identity provider)")
    return confirmed.get("InResponseTo"), _instant(_only(assertion, "./saml:AuthnStatement").get("AuthnInstant", ""))


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise not_proved("SAML: the instant of authentication is not written as one") from error


def _all(node: Any, path: str) -> list[Any]:
    return list(node.xpath(path, namespaces=Saml.NSMAP))


def _only(node: Any, path: str) -> Any:
    found = _all(node, path)
    if len(found) != 1:
        raise not_proved(f"SAML: {len(found)} of {path[:40]}")
    return found[0]


def _id_of(auth: OneLogin_Saml2_Auth) -> str:
    name = settings.KUMOBAN_SIGN_IN_CLAIM
    values = (auth.get_attributes().get(name) or []) if name else [auth.get_nameid()]
    if len(values) != 1 or not values[0]:
        raise not_proved(f"SAML: the assertion has not one {name or 'NameID'}")
    return str(values[0])


# --- the two sides


_SECURITY = {
    "wantAssertionsSigned": True,
    "wantNameId": False,
    "wantAttributeStatement": False,
    "requestedAuthnContext": False,
    "rejectDeprecatedAlgorithm": True,
    "allowRepeatAttributeName": True,
}


def _auth(response: str) -> OneLogin_Saml2_Auth:
    base = urlsplit(settings.KUMOBAN_BASE_URL)
    request = {
        "https": "on" if base.scheme == "https" else "off",
        "http_host": base.netloc,
        "script_name": _ACS,
        "get_data": {},
        "post_data": {"SAMLResponse": response} if response else {},
    }
    try:
        return OneLogin_Saml2_Auth(request, {"strict": True, "sp": _sp(), "idp": _idp(), "security": _SECURITY})
    except OneLogin_Saml2_Error as error:
        raise provider_down(f"its SAML metadata lacks something: {error}") from error


def _sp() -> dict[str, Any]:
    base = settings.KUMOBAN_BASE_URL
    return {
        "entityId": base + _METADATA,
        "assertionConsumerService": {"url": base + _ACS, "binding": Saml.BINDING_HTTP_POST},
        "NameIDFormat": Saml.NAMEID_UNSPECIFIED,
    }


def _idp() -> dict[str, Any]:
    """The identity provider as its metadata describes it."""
    source = settings.KUMOBAN_SAML_METADATA_FILE or settings.KUMOBAN_SAML_METADATA_URL
    known: dict[str, Any] | None = cache.get(f"saml:{source}")
    if known is not None:
        return known
    written = _written(source)
    try:
        parsed = OneLogin_Saml2_IdPMetadataParser.parse(written, required_sso_binding=Saml.BINDING_HTTP_REDIRECT)
    except Exception as error:  # whatever an XML parser may say
        raise provider_down(f"its SAML metadata is not read: {type(error).__name__}") from error
    found: dict[str, Any] = parsed.get("idp") or {}
    if "singleSignOnService" not in found:
        raise provider_down("its SAML metadata names no single sign-on by redirect")
    found.pop("singleLogoutService", None)
    cache.set(f"saml:{source}", found, _METADATA_SECONDS)
    return found


def _written(source: str) -> bytes:
    try:
        if settings.KUMOBAN_SAML_METADATA_FILE:
            return Path(source).read_bytes()
        return httpx.get(source, timeout=5.0).raise_for_status().content
    except (OSError, httpx.HTTPError) as error:
        raise provider_down(f"its SAML metadata {source}: {type(error).__name__}") from error
