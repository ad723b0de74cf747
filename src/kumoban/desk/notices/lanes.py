"""The lanes that messages leave by: which there are on this installation."""

from __future__ import annotations

from django.conf import settings

__all__ = ["MAIL", "SLACK", "configured", "webhook"]

MAIL = "mail"
SLACK = "slack"


def webhook(name: str) -> str:
    return f"webhook:{name}"


def configured() -> tuple[str, ...]:
    mail = (MAIL,) if settings.KUMOBAN_EMAIL else ()
    slack = (SLACK,) if settings.KUMOBAN_SLACK_BOT_TOKEN else ()
    return (*mail, *slack, *(webhook(name) for name in settings.KUMOBAN_WEBHOOKS))
