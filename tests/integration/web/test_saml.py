"""Signing in by SAML: real signatures, and everything an assertion may get wrong."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Saml
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from kumoban.desk.models import User
from kumoban.estate.models import Person
from kumoban.ledger.models import Entry
from kumoban.ledger.search import search
from tests.integration.conftest import Office
from tests.integration.web.identity_provider.saml import ENTITY, SSO, Answer, Key, metadata, new_key, question

KEY, STRANGER = new_key(), new_key()


@pytest.fixture
def desk(office: Office, live_server: LiveServer, settings: Settings, tmp_path: Path) -> str:
    """The desk's address; it trusts the provider whose metadata is in a file. Everybody has the id ``dir-<name>``."""
    cache.clear()
    file = tmp_path / "metadata.xml"
    file.write_text(metadata(KEY))
    settings.KUMOBAN_SAML_METADATA_FILE = str(file)
    settings.KUMOBAN_BASE_URL = live_server.url
    for person in Person.objects.all():
        person.external_id, person.email = f"dir-{person.user_name}", f"{person.user_name}@example.jp"
        person.save()
    return live_server.url


@pytest.fixture
def browser(live_server: LiveServer) -> Iterator[httpx.Client]:
    with new_browser(live_server.url) as client:
        yield client


def new_browser(desk: str) -> httpx.Client:
    return httpx.Client(base_url=desk, cookies={"kumoban_language": "en"}, follow_redirects=True, timeout=30)


def asked(browser: httpx.Client, desk: str, path: str = "/", **said: object) -> Answer:
    """What an honest provider answers to the question that this browser is sent away with."""
    first = browser.get(path, follow_redirects=False).headers["Location"]
    address = browser.get(first, follow_redirects=False).headers["Location"]
    if not address.startswith(SSO):
        address = browser.get(address, follow_redirects=False).headers["Location"]
    assert address.startswith(SSO)
    return Answer(KEY, desk, question(address).get("ID") or "", "dir-sato").but(**said)


def posted(browser: httpx.Client, answer: Answer | str) -> httpx.Response:
    """The provider's page posts from its own site: without the desk's cookies, which follow only on the redirect."""
    xml = answer if isinstance(answer, str) else answer.xml()
    form = {"SAMLResponse": base64.b64encode(xml.encode()).decode(), "RelayState": ""}
    with new_browser(str(browser.base_url)) as elsewhere:
        came = elsewhere.post("/sign-in/saml/acs", data=form, follow_redirects=False)
    return browser.get(came.headers["Location"]) if came.status_code == 303 else came


def nobody_came_in(answer: httpx.Response, status: int = 400, sentence: str = "Sign in again") -> None:
    assert answer.status_code == status
    assert sentence in answer.text
    assert not any("_auth_user_id" in session.get_decoded() for session in Session.objects.all())
    assert not User.objects.exists()
    assert not search(kind="person.signed_in")


# --- who comes in


def test_a_signed_answer_to_our_question_signs_in_and_comes_back_to_the_page(desk: str, browser: httpx.Client) -> None:
    answer = posted(browser, asked(browser, desk, "/mine?q=x"))
    assert (answer.status_code, answer.url.path, answer.url.query) == (200, "/mine", b"q=x")
    assert "佐藤 美咲" in answer.text
    came = search(kind="person.signed_in")[0]
    assert (came.actor, came.facts) == ("u-sato", {"method": "saml", "issuer": ENTITY})


def test_the_whole_response_may_be_signed_as_well(desk: str, browser: httpx.Client) -> None:
    assert "佐藤 美咲" in posted(browser, asked(browser, desk, sign_response=True)).text


def test_an_attribute_may_carry_the_id(desk: str, browser: httpx.Client, settings: Settings) -> None:
    settings.KUMOBAN_SIGN_IN_CLAIM = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    said = {settings.KUMOBAN_SIGN_IN_CLAIM: ["dir-suzuki"]}
    assert "鈴木 花子" in posted(browser, asked(browser, desk, attributes=said)).text


def test_the_question_goes_by_redirect_and_names_where_to_answer(desk: str, browser: httpx.Client) -> None:
    address = browser.get("/sign-in/saml", follow_redirects=False).headers["Location"]
    asked_for = question(address)
    assert asked_for.get("AssertionConsumerServiceURL") == f"{desk}/sign-in/saml/acs"
    assert asked_for.get("ForceAuthn") is None


def test_the_metadata_has_what_an_administrator_enters(desk: str, browser: httpx.Client) -> None:
    page = browser.get("/sign-in/saml/metadata")
    assert page.headers["Content-Type"].startswith("application/samlmetadata+xml")
    assert f'entityID="{desk}/sign-in/saml/metadata"' in page.text
    assert f'Location="{desk}/sign-in/saml/acs"' in page.text
    assert 'WantAssertionsSigned="true"' in page.text
    assert "SingleLogoutService" not in page.text


# --- assertions that prove nothing


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"sign_assertion": False}, "not signed and", id="unsigned"),
        pytest.param(
            {"sign_assertion": False, "sign_response": True}, "not signed and", id="only the response is signed"
        ),
        pytest.param({"key": STRANGER}, "Signature validation failed", id="signed by a stranger"),
        pytest.param(
            {"algorithm": Saml.RSA_SHA1, "digest": Saml.SHA1}, "Deprecated signature algorithm", id="signed with SHA-1"
        ),
        pytest.param({"audience": "https://another.example"}, "not a valid audience", id="for another audience"),
        pytest.param({"audience": ""}, "another audience, or none", id="for any audience"),
        pytest.param(
            {"recipient": "https://another.example/acs"},
            "A valid SubjectConfirmation was not found",
            id="for another recipient",
        ),
        pytest.param({"begins": -20, "ends": -10}, "timestamp: expired", id="expired"),
        pytest.param({"begins": 30, "ends": 60}, "not yet valid", id="not valid yet"),
        pytest.param({"issuer": "https://another.example"}, "Invalid issuer", id="of another issuer"),
        pytest.param({"assertion_in_response_to": ""}, "answers no question of ours", id="started at the provider"),
        pytest.param(
            {"assertion_in_response_to": "ONELOGIN_other"},
            "A valid SubjectConfirmation was not found",
            id="answers another question than its response",
        ),
        pytest.param(
            {"in_response_to": "ONELOGIN_never_asked"}, "asked no such question", id="answers what nobody asked"
        ),
        pytest.param({"name_id": ""}, "has not one NameID", id="says nobody"),
    ],
)
def test_an_assertion_is_refused_that_is(
    desk: str, browser: httpx.Client, caplog: pytest.LogCaptureFixture, said: dict[str, object], why: str
) -> None:
    nobody_came_in(posted(browser, asked(browser, desk, **said)))
    assert [why in record.getMessage() for record in caplog.records if record.name == "kumoban.sign_in"] == [True]


def test_an_assertion_changed_after_signing_is_refused(desk: str, browser: httpx.Client) -> None:
    xml = asked(browser, desk).xml()
    nobody_came_in(posted(browser, xml.replace("dir-sato", "dir-suzuki")))


@pytest.mark.parametrize("first", [True, False])
def test_a_forged_assertion_beside_the_signed_one_is_refused(desk: str, browser: httpx.Client, first: bool) -> None:
    honest = asked(browser, desk)
    forged, signed = honest.but(name_id="dir-suzuki").assertion("_forged"), honest.signed(honest.assertion())
    both = forged + signed if first else signed + forged
    xml = honest.but(sign_assertion=False).xml()
    nobody_came_in(posted(browser, re.sub(r"<saml:Assertion.*</saml:Assertion>", lambda _: both, xml, flags=re.DOTALL)))


def test_the_signed_assertion_wrapped_into_a_forged_one_is_refused(desk: str, browser: httpx.Client) -> None:
    honest = asked(browser, desk)
    forged, signed = honest.but(name_id="dir-suzuki").assertion("_forged"), honest.signed(honest.assertion())
    wrapped = forged.replace("</saml:Assertion>", f"<saml:Advice>{signed}</saml:Advice></saml:Assertion>")
    xml = honest.but(sign_assertion=False).xml()
    xml = re.sub(r"<saml:Assertion.*</saml:Assertion>", lambda _: wrapped, xml, flags=re.DOTALL)
    nobody_came_in(posted(browser, xml))


def test_the_same_answer_counts_once(desk: str, browser: httpx.Client) -> None:
    answer = asked(browser, desk)
    assert posted(browser, answer).status_code == 200
    browser.cookies.delete("sessionid")
    assert posted(browser, answer).status_code == 400
    assert len(search(kind="person.signed_in")) == 1


def test_the_same_answer_counts_once_in_the_same_session_too(desk: str, browser: httpx.Client) -> None:
    answer = asked(browser, desk)
    assert posted(browser, answer).status_code == 200
    assert posted(browser, answer).status_code == 400


def test_an_answer_stolen_from_another_browser_signs_nobody_in(desk: str, browser: httpx.Client) -> None:
    answer = asked(browser, desk)
    with new_browser(desk) as thief:
        asked(thief, desk)
        nobody_came_in(posted(thief, answer))


def test_what_is_no_response_at_all_is_a_page_and_no_crash(desk: str, browser: httpx.Client) -> None:
    for form in ({}, {"SAMLResponse": ""}, {"SAMLResponse": "%%%"}, {"SAMLResponse": "PGE+"}, {"SAMLResponse": "AAAA"}):
        nobody_came_in(browser.post("/sign-in/saml/acs", data=form))
    for proof in ("", "x", "W10:1:x"):
        nobody_came_in(browser.get("/sign-in/saml/finish", params={"proof": proof}))


def test_who_stops_at_the_provider_reads_that_they_did(desk: str, browser: httpx.Client) -> None:
    answer = asked(browser, desk, status="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
    nobody_came_in(posted(browser, answer), 400, "you stopped there")


# --- people who are not let in


@pytest.mark.parametrize("match", ["external_id", "user_id", "user_name"])
def test_somebody_else_s_address_gives_nothing(
    desk: str, browser: httpx.Client, settings: Settings, match: str
) -> None:
    settings.KUMOBAN_SIGN_IN_MATCH = match
    said = {"email": ["suzuki@example.jp"], "urn:oid:0.9.2342.19200300.100.1.3": ["suzuki@example.jp"]}
    answer = asked(browser, desk, name_id="suzuki@example.jp", name_id_format=Saml.NAMEID_EMAIL_ADDRESS)
    nobody_came_in(posted(browser, answer.but(attributes=said)), 403, "has nobody with your id")
    assert Entry.objects.get(kind="attempt.refused").actor == "subject:suzuki@example.jp"


def test_an_attribute_with_two_values_is_nobody_s(desk: str, browser: httpx.Client, settings: Settings) -> None:
    settings.KUMOBAN_SIGN_IN_CLAIM = "id"
    nobody_came_in(posted(browser, asked(browser, desk, attributes={"id": ["dir-sato", "dir-suzuki"]})))


def test_a_comment_inside_the_id_cuts_nothing_off(desk: str, browser: httpx.Client) -> None:
    honest = asked(browser, desk)
    assertion = honest.assertion().replace(">dir-sato<", ">dir-sato<!-- -->.evil<")
    xml = honest.but(sign_assertion=False).xml()
    signed = honest.signed(assertion)
    xml = re.sub(r"<saml:Assertion.*</saml:Assertion>", lambda _: signed, xml, flags=re.DOTALL)
    nobody_came_in(posted(browser, xml), 403, "has nobody with your id")


# --- a provider that is not there


@pytest.mark.parametrize("content", [None, "", "<a/>", "no XML"])
def test_metadata_that_cannot_be_read_is_a_page_and_no_crash(
    desk: str, browser: httpx.Client, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "other.xml"
    if content is not None:
        file.write_text(content)
    settings.KUMOBAN_SAML_METADATA_FILE = str(file)
    nobody_came_in(browser.get("/"), 503, "does not answer now")


def test_metadata_whose_address_is_down_is_a_page_and_no_crash(
    desk: str, browser: httpx.Client, settings: Settings
) -> None:
    settings.KUMOBAN_SAML_METADATA_FILE = ""
    settings.KUMOBAN_SAML_METADATA_URL = "http://127.0.0.1:9/metadata"
    nobody_came_in(browser.get("/"), 503, "does not answer now")


def test_without_metadata_there_is_no_saml(office: Office, browser: httpx.Client) -> None:
    for path in ("/sign-in/saml", "/sign-in/saml/finish", "/sign-in/saml/metadata"):
        assert browser.get(path).status_code == 404
    assert browser.post("/sign-in/saml/acs").status_code == 404


def test_a_new_key_of_the_provider_is_known_when_its_metadata_is(desk: str, settings: Settings) -> None:
    other: Key = new_key()
    Path(settings.KUMOBAN_SAML_METADATA_FILE).write_text(metadata(other))
    cache.clear()
    with new_browser(desk) as browser:
        assert posted(browser, asked(browser, desk, key=other)).status_code == 200
