"""Somebody with a token, calling the API."""

from __future__ import annotations

from typing import Any

from django.test import Client

from kumoban.desk.sign_in import make_token
from tests.integration.conftest import Office

__all__ = ["Caller"]


class Caller:
    def __init__(self, office: Office, name: str, *scopes: str) -> None:
        self.client = Client()
        token = make_token(office.actor(name).user, "test", list(scopes or ("read", "ask", "approve")))
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json", headers=self.headers)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.put(f"/api/v1/{path}", body, content_type="application/json", headers=self.headers)

    def get(self, path: str, /, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1/{path}", headers=self.headers)
