"""Before production is approved, or a rule is saved, a person shows once more that it is them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Approval, Request, Rule
from kumoban.desk.people import Actor
from kumoban.desk.rule_book import disable_rule
from kumoban.estate.models import Account, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.search import search
from tests.integration.conftest import Office
from tests.integration.web.identity_provider.oidc import CLIENT, SECRET, OidcProvider, missing, oidc_provider
from tests.integration.web.identity_provider.saml import Answer, metadata, new_key, question
from tests.integration.web.test_saml import posted
from tests.integration.web.visitor import signed_in

WHY_NOT = missing()
needs_provider = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def on(office: Office, settings: Settings) -> Office:
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_OIDC_CLIENT_ID = "https://idp.example", CLIENT
    settings.KUMOBAN_STEP_UP_MINUTES = 15
    return office


def waiting(office: Office) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))


def proved(office: Office, name: str, minutes_ago: float) -> Actor:
    return Actor(office.actor(name).user, proved_at=database_now() - timedelta(minutes=minutes_ago))


def visitor(office: Office, name: str, minutes_ago: float | None) -> Client:
    client = signed_in(office, name)
    session = client.session
    session["proved_at"] = None if minutes_ago is None else time.time() - minutes_ago * 60
    session.save()
    return client


# --- the desk decides


def test_who_authenticated_a_moment_ago_approves_production(on: Office) -> None:
    made = waiting(on)
    requests.approve(proved(on, "suzuki", 14), made.number, plan_digest=made.plan.digest)
    assert Approval.objects.count() == 1


@pytest.mark.parametrize("minutes_ago", [None, 16])
def test_who_did_not_is_refused_and_nothing_is_sealed(on: Office, minutes_ago: float | None) -> None:
    made = waiting(on)
    actor = on.actor("suzuki") if minutes_ago is None else proved(on, "suzuki", minutes_ago)
    with pytest.raises(Refused, match="step_up"):
        requests.approve(actor, made.number, plan_digest=made.plan.digest)
    assert not Approval.objects.exists()


def test_a_token_approves_no_production(on: Office) -> None:
    made = waiting(on)
    with pytest.raises(Refused, match="step_up_not_by_token") as refused:
        requests.approve(on.actor("suzuki", frozenset({"approve"})), made.number, plan_digest=made.plan.digest)
    assert refused.value.attempt


def test_outside_production_nobody_is_asked(on: Office) -> None:
    Account.objects.update(environment="dev")
    Rule.objects.update(dimensions={"account": ["own-team"], "environment": ["dev"], "permission_set": ["*"]})
    made = waiting(on)
    requests.approve(on.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    assert Approval.objects.count() == 1


def test_an_account_without_an_environment_may_be_production(on: Office) -> None:
    Account.objects.update(environment="")
    Rule.objects.update(dimensions={"account": ["own-team"], "environment": ["*"], "permission_set": ["*"]})
    made = waiting(on)
    with pytest.raises(Refused, match="step_up"):
        requests.approve(on.actor("suzuki"), made.number, plan_digest=made.plan.digest)


def test_rules_are_saved_after_a_recent_proof_only(on: Office) -> None:
    rule = Rule.objects.get()
    for actor in (on.actor("takahashi"), on.actor("takahashi", frozenset({"rules"})), proved(on, "takahashi", 16)):
        with pytest.raises(Refused, match="step_up"):
            disable_rule(actor, rule.pk)
    disable_rule(proved(on, "takahashi", 1), rule.pk)
    assert not Rule.objects.get().enabled


@pytest.mark.parametrize("off", [{"KUMOBAN_STEP_UP_MINUTES": 0}, {"KUMOBAN_OIDC_ISSUER": ""}])
def test_it_can_be_switched_off_and_needs_a_provider(on: Office, settings: Settings, off: dict[str, object]) -> None:
    for name, value in off.items():
        setattr(settings, name, value)
    made = waiting(on)
    requests.approve(on.actor("suzuki", frozenset({"approve"})), made.number, plan_digest=made.plan.digest)
    assert Approval.objects.count() == 1


def test_denying_needs_no_proof(on: Office) -> None:
    made = waiting(on)
    requests.deny(on.actor("suzuki"), made.number, comment="いまは不要です")
    assert Request.objects.get().state == "denied"


# --- the pages


def test_the_page_keeps_what_was_typed_and_says_where_to_prove(on: Office) -> None:
    made = waiting(on)
    path = f"/requests/{made.number}/approve"
    sent = {"digest": made.plan.digest, "comment": "確認しました"}
    page = visitor(on, "suzuki", 16).post(path, sent).content.decode()
    assert "Show once more that it is you" in page
    assert 'href="/sign-in/again" target="_blank"' in page
    assert 'value="確認しました"' in page
    assert visitor(on, "suzuki", 1).post(path, sent).status_code == 302
    assert Approval.objects.count() == 1


def test_a_button_elsewhere_says_it_too(on: Office) -> None:
    client = visitor(on, "takahashi", None)
    page = client.post(f"/rules/{Rule.objects.get().pk}/disable", headers={"Referer": "http://testserver/rules"})
    assert 'href="/sign-in/again"' in page.content.decode()


def test_nothing_is_offered_where_nothing_is_asked_for(office: Office) -> None:
    client = visitor(office, "takahashi", None)
    assert "/sign-in/again" not in client.post("/rules/new", {}).content.decode()


# --- by OpenID Connect


@pytest.fixture(scope="module")
def process(live_server: LiveServer) -> Iterator[OidcProvider]:
    with oidc_provider(f"{live_server.url}/sign-in/oidc/callback") as provider:
        yield provider


@pytest.fixture
def provider(on: Office, process: OidcProvider, live_server: LiveServer, settings: Settings) -> OidcProvider:
    cache.clear()
    settings.KUMOBAN_BASE_URL = live_server.url
    settings.KUMOBAN_OIDC_ISSUER = process.issuer
    settings.KUMOBAN_OIDC_CLIENT_SECRET = SECRET
    for person in Person.objects.all():
        Person.objects.filter(pk=person.pk).update(external_id=f"dir-{person.user_name}")
    return process


@pytest.fixture
def browser(live_server: LiveServer) -> Iterator[httpx.Client]:
    cookies = {"kumoban_language": "en"}
    with httpx.Client(base_url=live_server.url, cookies=cookies, follow_redirects=True, timeout=30) as client:
        yield client


def approve(browser: httpx.Client, made: Request) -> httpx.Response:
    page = browser.get(f"/requests/{made.number}").text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    form = {"digest": made.plan.digest, "csrfmiddlewaretoken": token, "comment": ""}
    return browser.post(f"/requests/{made.number}/approve", data=form)


@needs_provider
def test_the_provider_asks_anew_and_then_the_button_works(
    on: Office, provider: OidcProvider, browser: httpx.Client
) -> None:
    made = waiting(on)
    provider.signs_in("dir-suzuki")
    browser.get("/")
    assert "Show once more that it is you" in approve(browser, made).text
    before = browser.cookies["sessionid"]
    provider.signs_in("dir-suzuki")
    assert "It is you" in browser.get("/sign-in/again").text
    assert [asked["prompt"] for asked in provider.asked()] == ["login"]
    assert browser.cookies["sessionid"] != before
    assert search(kind="person.proved_again")[0].actor == "u-suzuki"
    approve(browser, made)
    assert Approval.objects.get().person_id == "u-suzuki"


@needs_provider
def test_somebody_else_s_proof_changes_nothing(on: Office, provider: OidcProvider, browser: httpx.Client) -> None:
    made = waiting(on)
    provider.signs_in("dir-suzuki")
    browser.get("/")
    provider.signs_in("dir-tanaka")
    for cookie in [one for one in browser.cookies.jar if one.domain == "127.0.0.1"]:  # signed out at the provider
        browser.cookies.delete(cookie.name, cookie.domain, cookie.path)
    answer = browser.get("/sign-in/again")
    assert (answer.status_code, "Somebody else answered" in answer.text) == (403, True)
    assert Entry.objects.get(kind="attempt.refused").actor == "u-suzuki"
    assert "Show once more that it is you" in approve(browser, made).text
    assert "鈴木 花子" in browser.get("/").text


@needs_provider
def test_an_answer_without_a_new_authentication_is_refused(
    on: Office, provider: OidcProvider, browser: httpx.Client
) -> None:
    provider.signs_in("dir-suzuki")
    browser.get("/")
    address = browser.get("/sign-in/oidc?again=1", follow_redirects=False).headers["Location"]
    assert "prompt=login&max_age=0" in address
    answer = browser.get(address.replace("&prompt=login&max_age=0", ""))
    assert (answer.status_code, "Not signed in" in answer.text) == (400, True)
    assert not search(kind="person.proved_again")


# --- by SAML


def test_saml_forces_the_authentication_and_checks_when_it_was(
    on: Office, live_server: LiveServer, settings: Settings, tmp_path: object, browser: httpx.Client
) -> None:
    key, file = new_key(), f"{tmp_path}/metadata.xml"
    with open(file, "w") as written:
        written.write(metadata(key))
    cache.clear()
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_SAML_METADATA_FILE = "", file
    settings.KUMOBAN_BASE_URL = live_server.url
    Person.objects.filter(pk="u-suzuki").update(external_id="dir-suzuki")

    def answered(path: str, **said: object) -> httpx.Response:
        asked = question(browser.get(path, follow_redirects=False).headers["Location"])
        assert (asked.get("ForceAuthn") == "true") == ("again" in path)
        answer = Answer(key, live_server.url, asked.get("ID") or "", "dir-suzuki")
        return posted(browser, answer.but(**said))

    made = waiting(on)
    answered("/sign-in/saml", authenticated=-300)
    assert "Show once more that it is you" in approve(browser, made).text
    assert answered("/sign-in/saml?again=1", authenticated=-5).status_code == 400
    assert "It is you" in answered("/sign-in/saml?again=1").text
    approve(browser, made)
    assert Approval.objects.get().person_id == "u-suzuki"
