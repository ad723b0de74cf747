"""Settings, flat and from the environment. Every name here is documented in docs/operator/settings.en.md."""

from __future__ import annotations

import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PACKAGE = Path(__file__).resolve().parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(f"KUMOBAN_{name}", default)


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in _env(name, default).split(",") if item.strip()]


_MATCHES = ("external_id", "user_id", "user_name")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ImproperlyConfigured(f"KUMOBAN_{name} must be one of: {', '.join(allowed)}")
    return value


def _no_address(claim: str) -> str:
    """Nobody is known by an e-mail address: who may change an address would become somebody else."""
    name = claim.casefold().rsplit("/", 1)[-1]
    if "mail" in name or name in ("urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1"):
        raise ImproperlyConfigured("KUMOBAN_SIGN_IN_CLAIM must name the directory's id of a person, no address")
    return claim


def _private(address: str) -> str:
    """HTTPS, but on this machine itself."""
    parts = urlsplit(address)
    if address and parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ImproperlyConfigured(f"an identity provider is spoken to over HTTPS only, not {parts.scheme}://")
    return address


def _content(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip() if path else ""


KUMOBAN_DATA_DIR = Path(_env("DATA_DIR", str(Path.cwd() / "var")))
KUMOBAN_DEMO = _env("DEMO") == "1"
KUMOBAN_BASE_URL = _env("BASE_URL", "http://127.0.0.1:8420").rstrip("/")


def _secret_key() -> str:
    """From ``KUMOBAN_SECRET_KEY``, else a file of the data directory, made on first use."""
    if key := _env("SECRET_KEY"):
        return key
    path = KUMOBAN_DATA_DIR / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii")


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]) or ":memory:",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        query = parse_qs(parts.query)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.get("host", [parts.hostname or ""])[0],
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,  # after a restart of the server every kept connection is dead
            # A paused client must not hold the ledger's head for everybody else.
            "OPTIONS": {"options": "-c idle_in_transaction_session_timeout=5s -c lock_timeout=10s -c timezone=UTC"},
        }
    raise ImproperlyConfigured("KUMOBAN_DATABASE_URL must start with sqlite:/// or postgresql://")


def _mail(url: str) -> dict[str, Any]:
    """Where mail goes: ``smtp://`` (STARTTLS), ``smtps://`` or ``ses://region``; empty: nowhere."""
    parts = urlsplit(url)
    if not url:
        return {}
    if not _env("EMAIL_FROM"):
        raise ImproperlyConfigured("KUMOBAN_EMAIL_URL needs KUMOBAN_EMAIL_FROM")
    query = parse_qs(parts.query)
    if parts.scheme == "ses":
        role = query.get("role", [_env("READER_ROLE")])[0]
        return {"scheme": "ses", "region": parts.hostname or _env("AWS_REGION", "ap-northeast-1"), "role": role}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured("KUMOBAN_EMAIL_URL must start with smtp://, smtps:// or ses://")
    plain = query.get("tls") == ["no"]
    usual = 465 if parts.scheme == "smtps" else 25 if plain else 587
    return {
        "scheme": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or usual,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or "") or _content(_env("EMAIL_PASSWORD_FILE")),
        "starttls": parts.scheme == "smtp" and not plain,
    }


def _slack_api(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ImproperlyConfigured("KUMOBAN_SLACK_API_URL must start with https://")
    return url.rstrip("/") + "/"


def _webhooks(addresses: list[str], secret_lines: list[str]) -> dict[str, tuple[str, str]]:
    """Name → address and secret (``whsec_…``), of ``name=https://…`` and ``name=whsec_…``."""
    given = dict(line.partition("=")[::2] for line in secret_lines)
    found: dict[str, tuple[str, str]] = {}
    for item in addresses:
        name, _, url = item.partition("=")
        if not name.isidentifier() or len(name) > 40 or not url:
            raise ImproperlyConfigured(f"KUMOBAN_WEBHOOKS: write name=https://…, not {item}")
        if urlsplit(url).scheme != "https" and not KUMOBAN_DEMO:
            raise ImproperlyConfigured(f"KUMOBAN_WEBHOOKS: {name} must be called over https://")
        if not given.get(name, "").startswith("whsec_"):
            raise ImproperlyConfigured(f"KUMOBAN_WEBHOOK_SECRETS has no {name}=whsec_…")
        found[name] = (url, given[name])
    return found


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [KUMOBAN_BASE_URL]
DATABASES = {"default": _database(_env("DATABASE_URL", f"sqlite:///{KUMOBAN_DATA_DIR / 'kumoban.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "desk.User"


def _apps_of(room: str) -> list[str]:
    return [f"kumoban.{room}.{path.parent.name}" for path in sorted((PACKAGE / room).glob("*/apps.py"))]


INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "lucide",
    "kumoban.ledger",
    "kumoban.aws",
    "kumoban.estate",
    "kumoban.desk",
    "kumoban.findings",
    "kumoban.reviews",
    "kumoban.evidence",
    "kumoban.evidence.audit",
    *_apps_of("watches"),
    *_apps_of("routines"),
    "kumoban.web",
    "kumoban.api",
    "ninja",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kumoban.web.language.ReaderLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "kumoban.urls"
WSGI_APPLICATION = "kumoban.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kumoban.web.context.frame",
            ],
            "builtins": ["kumoban.web.templatetags.kumoban"],
        },
    }
]

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # a number or two of everybody at work; of Django's 300 a third would be forgotten again and again
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

SILENCED_SYSTEM_CHECKS = ["templates.W003"]  # web/templatetags/i18n.py stands in for Django's on purpose

LANGUAGE_CODE = _env("LANGUAGE", "ja")
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(float(_env("SESSION_HOURS", "12")) * 3600)
SESSION_COOKIE_SECURE = KUMOBAN_BASE_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# The organisation
KUMOBAN_TIME_ZONE = _env("TIME_ZONE", "Asia/Tokyo")
KUMOBAN_OPS_GROUP = _env("OPS_GROUP", "ops")
KUMOBAN_OPS_LEADS_GROUP = _env("OPS_LEADS_GROUP", "ops-leads")
KUMOBAN_AUDITOR_GROUP = _env("AUDITOR_GROUP", "auditors")
KUMOBAN_TEAM_GROUP_PREFIX = _env("TEAM_GROUP_PREFIX", "team-")
# where users are kept: in Identity Center, or in a directory from which SCIM brings them
KUMOBAN_IDENTITY_SOURCE = _one_of(
    "IDENTITY_SOURCE", _env("IDENTITY_SOURCE", "auto"), ("auto", "identity-center", "external")
)
KUMOBAN_TEAM_TAG = _env("TEAM_TAG", "Team")
KUMOBAN_ENVIRONMENT_TAG = _env("ENVIRONMENT_TAG", "Environment")
# New accounts: the root user's address ({name} is the account's), and the regions whose default VPC is removed: those
# enabled in every account (AWS Account Management reference guide, "Regions")
KUMOBAN_ACCOUNT_EMAIL = _env("ACCOUNT_EMAIL")
KUMOBAN_ENABLED_REGIONS = _list(
    "ENABLED_REGIONS",
    "us-east-1,us-east-2,us-west-1,us-west-2,ap-northeast-1,ap-northeast-2,ap-northeast-3,ap-south-1,ap-southeast-1,"
    "ap-southeast-2,ca-central-1,eu-central-1,eu-north-1,eu-west-1,eu-west-2,eu-west-3,sa-east-1",
)
# The account that administers GuardDuty for the organisation; empty: as Organizations says
KUMOBAN_GUARDDUTY_ACCOUNT = _env("GUARDDUTY_ACCOUNT")
KUMOBAN_WORK_KINDS = _list(
    "WORK_KINDS",
    "release=リリース/Release,incident=障害対応/Incident response,"
    "research=調査/Investigation,data=データ補正/Data correction",
)
# Systems in which people decide about requests (X-point, ServiceNow, …): name=secret, each secret as whsec_…
KUMOBAN_OUTSIDE_SYSTEMS = dict(pair.split("=", 1) for pair in _list("OUTSIDE_SYSTEMS", "") if "=" in pair)
# Classes of data in the account register at which an approver is to look twice
KUMOBAN_SENSITIVE_DATA_CLASSES = _list(
    "SENSITIVE_DATA_CLASSES", "個人情報,極秘,秘,personal,personal data,secret,confidential"
)
KUMOBAN_RECURRING_AHEAD_DAYS = int(_env("RECURRING_AHEAD_DAYS", "3"))
KUMOBAN_RECURRING_LONGEST_DAYS = int(_env("RECURRING_LONGEST_DAYS", "366"))
KUMOBAN_APPROVAL_VALID_HOURS = int(_env("APPROVAL_VALID_HOURS", "27"))  # business hours: three business days

# Signing in
KUMOBAN_SIGN_IN_MATCH = _one_of("SIGN_IN_MATCH", _env("SIGN_IN_MATCH", "external_id"), _MATCHES)
KUMOBAN_SIGN_IN_CLAIM = _no_address(_env("SIGN_IN_CLAIM"))
KUMOBAN_OIDC_ISSUER = _private(_env("OIDC_ISSUER"))
KUMOBAN_OIDC_CLIENT_ID = _env("OIDC_CLIENT_ID")
KUMOBAN_OIDC_CLIENT_SECRET = _env("OIDC_CLIENT_SECRET") or _content(_env("OIDC_CLIENT_SECRET_FILE"))
KUMOBAN_OIDC_SCOPES = _list("OIDC_SCOPES", "openid")
KUMOBAN_SAML_METADATA_URL = _private(_env("SAML_METADATA_URL"))
KUMOBAN_SAML_METADATA_FILE = _env("SAML_METADATA_FILE")
KUMOBAN_STEP_UP_MINUTES = int(_env("STEP_UP_MINUTES", "0" if KUMOBAN_DEMO else "15"))
#: how often one machine identity may call in a minute
KUMOBAN_MACHINE_CALLS = int(_env("MACHINE_CALLS", "60"))
KUMOBAN_PRODUCTION_ENVIRONMENTS = _list("PRODUCTION_ENVIRONMENTS", "prod")

# AWS
KUMOBAN_AWS_ENDPOINT_URL = _env("AWS_ENDPOINT_URL")
KUMOBAN_AWS_REGION = _env("AWS_REGION", "ap-northeast-1")
KUMOBAN_AWS_PROFILE = _env("AWS_PROFILE")
KUMOBAN_MODE = _one_of("MODE", _env("MODE", "operate"), ("observe", "operate"))
KUMOBAN_READER_ROLE = _env("READER_ROLE")
# The operator's way into the management account (an ARN), and from there into accounts just made (a name)
KUMOBAN_MANAGEMENT_ROLE = _env("MANAGEMENT_ROLE")
KUMOBAN_ACCOUNT_ACCESS_ROLE = _env("ACCOUNT_ACCESS_ROLE", "OrganizationAccountAccessRole")
KUMOBAN_MEMBER_READER_ROLE = _env("MEMBER_READER_ROLE")
# Where the organisation's trail delivers its log files: the bucket, the account it is in, what stands before AWSLogs/
KUMOBAN_TRAIL_BUCKET = _env("TRAIL_BUCKET")
KUMOBAN_TRAIL_ACCOUNT = _env("TRAIL_ACCOUNT")
KUMOBAN_TRAIL_PREFIX = _env("TRAIL_PREFIX")
KUMOBAN_OPERATOR_ROLE = _env("OPERATOR_ROLE")
KUMOBAN_EXTERNAL_ID = _env("EXTERNAL_ID")
KUMOBAN_ACCESS_PORTAL_URL = _env("ACCESS_PORTAL_URL")
KUMOBAN_AWS_LIMITS = _env("AWS_LIMITS", "1") == "1"

# The runner
KUMOBAN_LEASE_SECONDS = float(_env("LEASE_SECONDS", "30"))
KUMOBAN_SECOND_LOOK_SECONDS = float(_env("SECOND_LOOK_SECONDS", "960"))
KUMOBAN_RUNNER_THREADS = int(_env("RUNNER_THREADS", "16"))

# Notices
KUMOBAN_EMAIL = _mail(_env("EMAIL_URL")) or ({"scheme": "demo"} if KUMOBAN_DEMO else {})
KUMOBAN_EMAIL_FROM = _env("EMAIL_FROM")
KUMOBAN_SLACK_BOT_TOKEN = _env("SLACK_BOT_TOKEN") or _content(_env("SLACK_BOT_TOKEN_FILE"))
KUMOBAN_SLACK_APP_TOKEN = _env("SLACK_APP_TOKEN") or _content(_env("SLACK_APP_TOKEN_FILE"))
KUMOBAN_SLACK_API_URL = _slack_api(_env("SLACK_API_URL", "https://slack.com/api/"))
KUMOBAN_WEBHOOKS = _webhooks(
    _list("WEBHOOKS"), _list("WEBHOOK_SECRETS") or _content(_env("WEBHOOK_SECRETS_FILE")).split()
)

# Watched from outside
KUMOBAN_METRICS_TOKEN = _env("METRICS_TOKEN") or _content(_env("METRICS_TOKEN_FILE"))
KUMOBAN_METRICS_FROM = [ip_network(network) for network in _list("METRICS_FROM")]
KUMOBAN_EMERGENCY_PRINCIPALS = _list("EMERGENCY_PRINCIPALS")
KUMOBAN_WATCHDOG_ROLE = _env("WATCHDOG_ROLE")
KUMOBAN_READY_SECONDS = float(_env("READY_SECONDS", "180"))

# The ledger
KUMOBAN_LEDGER_KEY_FILE = _env("LEDGER_KEY_FILE", str(KUMOBAN_DATA_DIR / "ledger.key"))
KUMOBAN_LEDGER_SEAL_FILE = _env("LEDGER_SEAL_FILE", str(KUMOBAN_DATA_DIR / "ledger.seal"))
# A store outside, locked for years: a bucket with S3 Object Lock, who writes to it, what stands before its names
KUMOBAN_ARCHIVE_BUCKET = _env("ARCHIVE_BUCKET")
KUMOBAN_ARCHIVE_ROLE = _env("ARCHIVE_ROLE")
KUMOBAN_ARCHIVE_PREFIX = _env("ARCHIVE_PREFIX")
KUMOBAN_ARCHIVE_DAYS = int(_env("ARCHIVE_DAYS", "2557"))  # seven years
# How long what may be let go of is kept
KUMOBAN_KEEP_EVENTS_DAYS = int(_env("KEEP_EVENTS_DAYS", "2557"))  # seven years
KUMOBAN_KEEP_PACKS_DAYS = int(_env("KEEP_PACKS_DAYS", "90"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": _env("LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("botocore", "urllib3", "boto3", "httpx", "waitress.queue")},
}
