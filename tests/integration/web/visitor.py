"""Somebody signed in, in one language."""

from __future__ import annotations

from django.test import Client

from tests.integration.conftest import Office

__all__ = ["signed_in"]


def signed_in(office: Office, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(office.actor(name).user)
    client.cookies["kumoban_language"] = language
    return client
