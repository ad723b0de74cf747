"""A SAML identity provider: real signatures by a key of its own, over whatever a test wants to be said."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Saml
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY = "https://saml.example/idp"
SSO = "https://saml.example/sso"
NAMES = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'


@dataclass(frozen=True)
class Key:
    private: str
    certificate: str


def new_key() -> Key:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "saml.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return Key(
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode(),
        certificate.public_bytes(pem).decode(),
    )


def metadata(key: Key) -> str:
    bare = "".join(key.certificate.strip().splitlines()[1:-1])
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}/post"/>
<md:SingleSignOnService Binding="{Saml.BINDING_HTTP_REDIRECT}" Location="{SSO}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def question(address: str) -> etree._Element:
    """The AuthnRequest in the address that the desk sends the browser to."""
    packed = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


@dataclass(frozen=True)
class Answer:
    """A response as an honest provider writes it; ``but(…)`` is one that says something else."""

    key: Key
    desk: str
    in_response_to: str
    name_id: str
    name_id_format: str = Saml.NAMEID_PERSISTENT
    attributes: dict[str, list[str]] = field(default_factory=dict)
    issuer: str = ENTITY
    audience: str | None = None
    recipient: str | None = None
    assertion_in_response_to: str | None = None
    #: minutes from now
    begins: float = -1
    ends: float = 5
    authenticated: float = 0
    status: str = Saml.STATUS_SUCCESS
    sign_assertion: bool = True
    sign_response: bool = False
    algorithm: str = Saml.RSA_SHA256
    digest: str = Saml.SHA256

    def but(self, **said: object) -> Answer:
        return replace(self, **said)  # type: ignore[arg-type]

    def assertion(self, identifier: str = "_assertion") -> str:
        audience = f"{self.desk}/sign-in/saml/metadata" if self.audience is None else self.audience
        answers = self.in_response_to if self.assertion_in_response_to is None else self.assertion_in_response_to
        recipient = self.recipient or f"{self.desk}/sign-in/saml/acs"
        restriction = f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        attributes = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        return (
            f'<saml:Assertion {NAMES} ID="{identifier}" Version="2.0" IssueInstant="{_at(0)}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>"
            f'<saml:Subject><saml:NameID Format="{self.name_id_format}">{escape(self.name_id)}</saml:NameID>'
            f'<saml:SubjectConfirmation Method="{Saml.CM_BEARER}"><saml:SubjectConfirmationData'
            f'{f""" InResponseTo="{answers}" """ if answers else ""} Recipient="{recipient}"'
            f' NotOnOrAfter="{_at(self.ends)}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{_at(self.begins)}" NotOnOrAfter="{_at(self.ends)}">'
            f"{restriction if audience else ''}</saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{_at(self.authenticated)}">'
            "<saml:AuthnContext><saml:AuthnContextClassRef>"
            f"{Saml.AC_UNSPECIFIED}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"{f'<saml:AttributeStatement>{attributes}</saml:AttributeStatement>' if attributes else ''}"
            "</saml:Assertion>"
        )

    def xml(self) -> str:
        assertion = self.assertion()
        if self.sign_assertion:
            assertion = self.signed(assertion)
        if self.status != Saml.STATUS_SUCCESS:
            assertion = ""
        response = (
            f'<samlp:Response {NAMES} ID="_response" Version="2.0" IssueInstant="{_at(0)}"'
            f' Destination="{self.desk}/sign-in/saml/acs" InResponseTo="{self.in_response_to}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>{assertion}</samlp:Response>'
        )
        return self.signed(response) if self.sign_response else response

    def signed(self, xml: str) -> str:
        key = self.key
        made = OneLogin_Saml2_Utils.add_sign(xml, key.private, key.certificate, False, self.algorithm, self.digest)
        return made.decode() if isinstance(made, bytes) else str(made)


def _at(minutes: float) -> str:
    return f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
