"""Signing in by OpenID Connect, at a real provider, through real redirects: who is somebody here, and who is not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from kumoban.core.reason import Refused
from kumoban.desk.models import User
from kumoban.desk.sign_in import Subject, user_of_subject
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.search import search
from tests.integration.conftest import Office
from tests.integration.web.identity_provider.oidc import CLIENT, SECRET, OidcProvider, missing, oidc_provider
from tests.integration.web.visitor import signed_in

WHY_NOT = missing()
needs_provider = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(scope="module")
def process(live_server: LiveServer) -> Iterator[OidcProvider]:
    with oidc_provider(f"{live_server.url}/sign-in/oidc/callback") as provider:
        yield provider


@pytest.fixture
def provider(office: Office, process: OidcProvider, live_server: LiveServer, settings: Settings) -> OidcProvider:
    """The desk trusts this provider; everybody of the office has the id ``dir-<name>`` in the company's directory."""
    cache.clear()
    settings.KUMOBAN_BASE_URL = live_server.url
    settings.KUMOBAN_OIDC_ISSUER = process.issuer
    settings.KUMOBAN_OIDC_CLIENT_ID = CLIENT
    settings.KUMOBAN_OIDC_CLIENT_SECRET = SECRET
    for person in Person.objects.all():
        person.external_id, person.email = f"dir-{person.user_name}", f"{person.user_name}@example.jp"
        person.save()
    return process


@pytest.fixture
def browser(live_server: LiveServer) -> Iterator[httpx.Client]:
    with new_browser(live_server) as client:
        yield client


def new_browser(server: LiveServer, language: str = "en") -> httpx.Client:
    cookies = {"kumoban_language": language}
    return httpx.Client(base_url=server.url, cookies=cookies, follow_redirects=True, timeout=30)


def callback_of(answer: httpx.Response) -> str:
    """The address by which the provider sent the browser back."""
    return next(str(one.url) for one in answer.history if "/sign-in/oidc/callback" in str(one.url))


def to_the_provider(browser: httpx.Client) -> str:
    """Where the desk sends the browser; nothing has been followed yet."""
    return browser.get("/sign-in/oidc", follow_redirects=False).headers["Location"]


def changed(address: str, **values: str) -> str:
    parts = urlsplit(address)
    query = {name: found[0] for name, found in parse_qs(parts.query).items()} | values
    return urlunsplit(parts._replace(query=urlencode(query)))


def nobody_came_in(answer: httpx.Response, status: int, sentence: str) -> None:
    assert answer.status_code == status
    assert sentence in answer.text
    assert not any("_auth_user_id" in session.get_decoded() for session in Session.objects.all())
    assert not User.objects.exists()
    assert not search(kind="person.signed_in")


# --- who comes in


@needs_provider
def test_who_opens_a_page_is_signed_in_on_the_way_and_comes_back_to_it(
    provider: OidcProvider, browser: httpx.Client
) -> None:
    provider.signs_in("dir-sato")
    answer = browser.get("/mine?q=x")
    assert answer.status_code == 200
    assert (answer.url.path, answer.url.query) == ("/mine", b"q=x")
    assert "佐藤 美咲" in answer.text
    assert User.objects.get().person_id == "u-sato"


@needs_provider
def test_the_question_has_state_nonce_and_pkce(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    browser.get("/")
    asked = provider.asked()[0]
    assert asked["code_challenge_method"] == "S256"
    assert {len(str(asked[name])) for name in ("state", "nonce", "code_challenge")} == {43}
    assert asked["scope"] == "openid"


@needs_provider
def test_signing_in_and_out_is_in_the_ledger_with_the_issuer(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato", email="sato@example.jp", email_verified=True)
    browser.get("/")
    came = search(kind="person.signed_in")[0]
    assert (came.actor, came.facts) == ("u-sato", {"method": "oidc", "issuer": provider.issuer})
    token = browser.cookies["csrftoken"]
    answer = browser.post("/sign-out", headers={"X-CSRFToken": token})
    assert "Sign in with your company account" in answer.text
    assert answer.url.query == b"stay=1"
    assert search(kind="person.signed_out")[0].actor == "u-sato"


@needs_provider
def test_the_session_has_a_new_key_and_a_fixed_end(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    to_the_provider(browser)
    before = browser.cookies["sessionid"]
    browser.get("/")
    assert browser.cookies["sessionid"] != before
    assert not Session.objects.filter(pk=before).exists()
    session = Session.objects.get(pk=browser.cookies["sessionid"]).get_decoded()
    assert isinstance(session["_session_expiry"], str)  # an instant, not an idle time


@needs_provider
def test_another_claim_may_carry_the_id(provider: OidcProvider, browser: httpx.Client, settings: Settings) -> None:
    settings.KUMOBAN_SIGN_IN_CLAIM = "oid"
    provider.signs_in("a pairwise subject", oid="dir-suzuki")
    assert "鈴木 花子" in browser.get("/").text


@needs_provider
@pytest.mark.parametrize(("match", "sub"), [("user_id", "u-sato"), ("user_name", "sato")])
def test_the_id_may_be_matched_with_the_identity_store_s_own(
    provider: OidcProvider, browser: httpx.Client, settings: Settings, match: str, sub: str
) -> None:
    settings.KUMOBAN_SIGN_IN_MATCH = match
    provider.signs_in(sub)
    assert "佐藤 美咲" in browser.get("/").text


@needs_provider
def test_a_target_on_another_site_is_not_followed(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    assert browser.get("/sign-in?next=https://evil.example/").url.path == "/"


# --- who does not


@needs_provider
@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "has nobody with your id"), ("ja", "あなたの ID を持つ人がいません")]
)
def test_nobody_s_id_is_refused_in_the_reader_s_language_and_remembered(
    provider: OidcProvider, live_server: LiveServer, language: str, sentence: str
) -> None:
    provider.signs_in("dir-unknown", email="sato@example.jp", email_verified=True)
    nobody_came_in(new_browser(live_server, language).get("/"), 403, sentence)
    entry = Entry.objects.get(kind="attempt.refused")
    assert (entry.actor, entry.subject) == ("subject:dir-unknown", "sign-in")
    assert "example.jp" not in entry.body


@needs_provider
@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("match", ["external_id", "user_id", "user_name"])
@pytest.mark.parametrize("sub", ["attacker", "suzuki@example.jp"])
def test_somebody_else_s_address_gives_nothing(
    provider: OidcProvider, browser: httpx.Client, settings: Settings, sub: str, match: str, verified: bool
) -> None:
    settings.KUMOBAN_SIGN_IN_MATCH = match
    settings.KUMOBAN_OIDC_SCOPES = ["openid", "email"]
    provider.signs_in(sub, email="suzuki@example.jp", email_verified=verified)
    nobody_came_in(browser.get("/"), 403, "has nobody with your id")


@needs_provider
@pytest.mark.parametrize("gone", [{"enabled": False}, {"absent_since": database_now}])
def test_who_is_disabled_or_gone_from_the_identity_store_is_refused(
    provider: OidcProvider, browser: httpx.Client, gone: dict[str, object]
) -> None:
    values = {name: value() if callable(value) else value for name, value in gone.items()}
    Person.objects.filter(id="u-sato").update(**values)
    provider.signs_in("dir-sato")
    nobody_came_in(browser.get("/"), 403, "Ask the operations team")
    assert Entry.objects.filter(kind="attempt.refused").count() == 1


@needs_provider
def test_a_token_without_the_claim_is_nobody_s(
    provider: OidcProvider, browser: httpx.Client, settings: Settings
) -> None:
    settings.KUMOBAN_SIGN_IN_CLAIM = "oid"
    provider.signs_in("dir-sato")
    nobody_came_in(browser.get("/"), 400, "Sign in again")


@pytest.mark.parametrize("match", ["external_id", "user_id", "user_name"])
@pytest.mark.parametrize("no_id", ["", " ", "\x00", "x" * 300, "dir\x00sato", "%", "DIR-SATO", "dir-sato "])
def test_what_is_no_id_matches_nobody(office: Office, settings: Settings, match: str, no_id: str) -> None:
    settings.KUMOBAN_SIGN_IN_MATCH = match
    Person.objects.filter(id="u-sato").update(external_id="dir-sato")
    with pytest.raises(Refused, match="sign_in_unknown"):
        user_of_subject(Subject("oidc", "https://idp.example", no_id))
    assert not User.objects.exists()


def test_an_id_that_two_people_have_is_neither_s(office: Office, settings: Settings) -> None:
    Person.objects.filter(id__in=["u-sato", "u-ren"]).update(external_id="dir-same")
    with pytest.raises(Refused, match="sign_in_ambiguous"):
        user_of_subject(Subject("oidc", "https://idp.example", "dir-same"))


def test_a_deactivated_user_is_refused(office: Office) -> None:
    Person.objects.filter(id="u-sato").update(external_id="dir-sato")
    User.objects.filter(pk=office.actor("sato").user.pk).update(is_active=False)
    with pytest.raises(Refused, match="sign_in_disabled"):
        user_of_subject(Subject("oidc", "https://idp.example", "dir-sato"))


def test_refusals_without_end_are_remembered_ten_times_a_minute(office: Office) -> None:
    for number in range(15):
        with pytest.raises(Refused):
            user_of_subject(Subject("oidc", "https://idp.example", f"nobody-{number}"))
    assert Entry.objects.filter(kind="attempt.refused").count() == 10


# --- answers that prove nothing


@needs_provider
def test_the_same_answer_counts_once(provider: OidcProvider, browser: httpx.Client, live_server: LiveServer) -> None:
    provider.signs_in("dir-sato")
    callback = callback_of(browser.get("/"))
    assert browser.get(callback).status_code == 400
    assert new_browser(live_server).get(callback).status_code == 400
    assert len(search(kind="person.signed_in")) == 1


@needs_provider
def test_an_answer_with_another_state_is_refused(
    provider: OidcProvider, browser: httpx.Client, live_server: LiveServer
) -> None:
    provider.signs_in("dir-sato")
    to_the_provider(browser)
    stolen = new_browser(live_server)
    address = to_the_provider(stolen)
    for_the_victim = stolen.get(changed(address, state="another state"), follow_redirects=False)
    while "/sign-in/oidc/callback" not in for_the_victim.headers["Location"]:
        following = httpx.URL(address).join(for_the_victim.headers["Location"])
        for_the_victim = stolen.get(following, follow_redirects=False)
    nobody_came_in(browser.get(for_the_victim.headers["Location"]), 400, "Sign in again")


@needs_provider
def test_a_token_with_another_nonce_is_refused(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    answer = browser.get(changed(to_the_provider(browser), nonce="another nonce"))
    nobody_came_in(answer, 400, "Sign in again")


@needs_provider
def test_a_code_with_another_pkce_challenge_is_refused(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    answer = browser.get(changed(to_the_provider(browser), code_challenge="a" * 43))
    nobody_came_in(answer, 400, "Sign in again")


@needs_provider
def test_an_answer_of_another_issuer_is_refused(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato")
    state = parse_qs(urlsplit(to_the_provider(browser)).query)["state"][0]
    answer = browser.get(f"/sign-in/oidc/callback?state={state}&code=x&iss=https://other.example")
    nobody_came_in(answer, 400, "Sign in again")


@needs_provider
def test_who_stops_at_the_provider_reads_that_they_did(provider: OidcProvider, browser: httpx.Client) -> None:
    provider.signs_in("dir-sato", refuse=True)
    nobody_came_in(browser.get("/"), 400, "you stopped there")


@needs_provider
def test_a_wrong_client_secret_is_told_and_never_logged(
    provider: OidcProvider, browser: httpx.Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.KUMOBAN_OIDC_CLIENT_SECRET = "quite another secret"
    provider.signs_in("dir-sato")
    nobody_came_in(browser.get("/"), 400, "Sign in again")
    of_the_desk = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("kumoban"))
    assert "status 401" in of_the_desk
    assert "another secret" not in caplog.text


# --- a provider that is not there


def test_a_provider_that_is_down_is_a_page_and_no_crash(
    office: Office, live_server: LiveServer, browser: httpx.Client, settings: Settings
) -> None:
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_OIDC_CLIENT_ID = "http://127.0.0.1:9", CLIENT
    nobody_came_in(browser.get("/"), 503, "does not answer now")


@needs_provider
def test_a_provider_that_goes_down_meanwhile_is_a_page_too(
    provider: OidcProvider, browser: httpx.Client, settings: Settings
) -> None:
    provider.signs_in("dir-sato")
    state = parse_qs(urlsplit(to_the_provider(browser)).query)["state"][0]
    metadata = {**cache.get(f"oidc:{provider.issuer}"), "token_endpoint": "http://127.0.0.1:9/token"}
    cache.set(f"oidc:{provider.issuer}", metadata)
    answer = browser.get("/sign-in/oidc/callback", params={"state": state, "code": "x", "iss": provider.issuer})
    nobody_came_in(answer, 503, "does not answer now")


@needs_provider
def test_a_description_of_another_issuer_is_not_believed(
    provider: OidcProvider, browser: httpx.Client, settings: Settings
) -> None:
    settings.KUMOBAN_OIDC_ISSUER = provider.issuer.replace("127.0.0.1", "localhost")
    nobody_came_in(browser.get("/"), 503, "does not answer now")


# --- what exists, and what does not


def test_without_a_provider_nothing_but_a_sentence_is_there(office: Office, browser: httpx.Client) -> None:
    assert "is not configured" in browser.get("/sign-in").text
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback", "/accounts/login/", "/accounts/signup/"):
        assert browser.get(path).status_code == 404


def test_nobody_signs_in_as_a_person_of_the_demo_outside_the_demo(office: Office, browser: httpx.Client) -> None:
    browser.get("/sign-in")
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]} if "csrftoken" in browser.cookies else {}
    browser.post("/sign-in", data={"user_name": "sato"}, headers=headers)
    assert browser.get("/", follow_redirects=False).headers["Location"].startswith("/sign-in")


def test_nobody_of_the_demo_by_that_name_is_a_page(office: Office, settings: Settings, browser: httpx.Client) -> None:
    settings.KUMOBAN_DEMO = True
    browser.get("/sign-in")
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
    answer = browser.post("/sign-in", data={"user_name": "nobody"}, headers=headers)
    nobody_came_in(answer, 403, "There is no such person")


def test_the_demo_offers_its_people_and_the_provider(office: Office, settings: Settings, browser: httpx.Client) -> None:
    settings.KUMOBAN_DEMO = True
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_OIDC_CLIENT_ID = "https://idp.example", CLIENT
    page = browser.get("/sign-in").text
    assert "Sign in as one of the demo" in page
    assert "OpenID Connect · idp.example" in page


def test_a_form_sent_after_the_session_s_end_stays_on_this_site(office: Office, settings: Settings) -> None:
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_OIDC_CLIENT_ID = "https://idp.example", CLIENT
    visitor = signed_in(office, "sato")
    visitor.logout()
    assert visitor.post("/ask/temporary-access")["Location"] == "/sign-in?stay=1"
