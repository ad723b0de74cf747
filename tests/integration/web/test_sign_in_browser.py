"""Signing in with a real browser: its rules for cookies and forms between sites, and the pages for everybody."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from kumoban.estate.models import Person
from kumoban.ledger.search import search
from tests.integration.conftest import Office
from tests.integration.web.identity_provider.oidc import CLIENT, SECRET, missing, oidc_provider
from tests.integration.web.identity_provider.saml import SSO, Answer, metadata, new_key, question

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]

KEY = new_key()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def browser(chromium_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's loop and the rows share this thread
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium_path), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def desk(office: Office, live_server: LiveServer, settings: Settings) -> str:
    cache.clear()
    settings.KUMOBAN_BASE_URL = live_server.url
    Person.objects.filter(pk="u-sato").update(external_id="dir-sato")
    return live_server.url


class Provider(BaseHTTPRequestHandler):
    """The SAML provider's page: a form with the answer, which its reader sends to the desk from another site."""

    desk = ""

    def do_GET(self) -> None:
        xml = Answer(KEY, self.desk, question(self.path).get("ID") or "", "dir-sato").xml()
        packed = base64.b64encode(xml.encode()).decode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            f'<form method="post" action="{self.desk}/sign-in/saml/acs">'
            f'<input type="hidden" name="SAMLResponse" value="{packed}"><button>Send</button></form>'.encode()
        )

    def log_message(self, format: str, *args: object) -> None:
        """Not on the tests' screen."""


@pytest.fixture
def saml(desk: str, settings: Settings, tmp_path: Path) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfThisDesk", (Provider,), {"desk": desk}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "metadata.xml"
    file.write_text(metadata(KEY).replace(SSO, f"http://127.0.0.1:{server.server_port}/sso"))
    settings.KUMOBAN_SAML_METADATA_FILE = str(file)
    yield
    server.shutdown()
    server.server_close()


def context_of(browser: Browser, desk: str, scheme: str = "light") -> BrowserContext:
    context = browser.new_context(bypass_csp=False, color_scheme="dark" if scheme == "dark" else "light")
    context.add_cookies([{"name": "kumoban_language", "value": "en", "url": desk}])
    return context


def test_the_provider_s_form_comes_from_another_site_and_still_finds_the_session(
    desk: str, saml: None, browser: Browser
) -> None:
    assert "//localhost:" in desk  # and the provider is at 127.0.0.1: to the browser, two sites
    page = context_of(browser, desk).new_page()
    page.goto(f"{desk}/mine")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(f"{desk}/mine")
    assert page.get_by_text("佐藤 美咲").first.is_visible()
    assert search(kind="person.signed_in")[0].facts["method"] == "saml"


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_way_by_openid_connect_needs_no_click_and_signing_out_stays_out(
    desk: str, browser: Browser, settings: Settings
) -> None:
    with oidc_provider(f"{desk}/sign-in/oidc/callback") as provider:
        settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_OIDC_CLIENT_ID = provider.issuer, CLIENT
        settings.KUMOBAN_OIDC_CLIENT_SECRET = SECRET
        provider.signs_in("dir-sato")
        page = context_of(browser, desk).new_page()
        page.goto(f"{desk}/mine")
        assert page.url == f"{desk}/mine"
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("link", name="Sign in with your company account").click()
        page.wait_for_url(f"{desk}/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_signing_in(desk: str, saml: None, browser: Browser, scheme: str) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    for path in ("/sign-in?stay=1", "/sign-in/saml/finish?proof=x"):
        page.goto(desk + path)
        found = Axe().run(page, options=RULES).response["violations"]
        assert [f"{one['id']} {node['html'][:120]}" for one in found for node in one["nodes"]] == []
