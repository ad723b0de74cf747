"""Settings that would weaken the sign-in, or mean nothing, are refused when a process starts."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest


def started(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"from kumoban import settings; {code}"]
    given = {**os.environ, **environment}
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUMOBAN_SIGN_IN_CLAIM", "email"),
        ("KUMOBAN_SIGN_IN_CLAIM", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
        ("KUMOBAN_SIGN_IN_CLAIM", "urn:oid:0.9.2342.19200300.100.1.3"),
        ("KUMOBAN_SIGN_IN_MATCH", "email"),
        ("KUMOBAN_OIDC_ISSUER", "http://idp.example"),
        ("KUMOBAN_MODE", "watch"),
        ("KUMOBAN_SAML_METADATA_URL", "http://idp.example/metadata"),
    ],
)
def test_no_process_starts_with(name: str, value: str) -> None:
    done = started("", **{name: value})
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr


SENDER = {"KUMOBAN_EMAIL_FROM": "kumoban@example.jp"}


@pytest.mark.parametrize(
    "given",
    [
        {"KUMOBAN_EMAIL_URL": "smtp://mail.example.jp"},  # from whom?
        {**SENDER, "KUMOBAN_EMAIL_URL": "http://mail.example.jp"},
        {"KUMOBAN_SLACK_API_URL": "http://slack.example/api/"},
        {"KUMOBAN_WEBHOOKS": "itsm=http://itsm.example.jp", "KUMOBAN_WEBHOOK_SECRETS": "itsm=whsec_a2V5"},
        {"KUMOBAN_WEBHOOKS": "itsm=https://itsm.example.jp"},
        {"KUMOBAN_WEBHOOKS": "itsm=https://itsm.example.jp", "KUMOBAN_WEBHOOK_SECRETS": "itsm=secret"},
        {"KUMOBAN_WEBHOOKS": "https://itsm.example.jp", "KUMOBAN_WEBHOOK_SECRETS": "itsm=whsec_a2V5"},
    ],
    ids=lambda given: " ".join(given.values()),
)
def test_no_process_starts_with_a_way_out_that_is_not_safe(given: dict[str, str]) -> None:
    done = started("", **given)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr


@pytest.mark.parametrize(
    ("url", "port", "starttls"),
    [
        ("smtp://mail.example.jp", 587, True),
        ("smtps://u:p%40ss@mail.example.jp", 465, False),
        ("smtp://relay:25?tls=no", 25, False),
        ("smtp://relay?tls=no", 25, False),
    ],
)
def test_mail_is_sent_in_clear_only_where_that_is_asked_for(url: str, port: int, starttls: bool) -> None:
    done = started("print(settings.KUMOBAN_EMAIL)", **SENDER, KUMOBAN_EMAIL_URL=url)
    mail = ast.literal_eval(done.stdout)
    assert (mail["port"], mail["starttls"]) == (port, starttls)
    assert mail["password"] in ("", "p@ss")


def test_the_client_s_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    code = "print(settings.KUMOBAN_OIDC_CLIENT_SECRET)"
    assert started(code, KUMOBAN_OIDC_CLIENT_SECRET_FILE=str(file)).stdout == "from a file\n"


def test_the_demo_asks_nobody_twice() -> None:
    code = "print(settings.KUMOBAN_STEP_UP_MINUTES)"
    assert (started(code, KUMOBAN_DEMO="1").stdout, started(code).stdout) == ("0\n", "15\n")
