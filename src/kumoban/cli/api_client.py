"""The API as the command line uses it; problems become one plain sentence."""

from __future__ import annotations

from typing import Any

import click
import httpx

from kumoban.cli.language import gettext as _
from kumoban.cli.language import language

__all__ = ["ApiClient"]


class ApiClient:
    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1/",
            timeout=30,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language()},
        )

    def get(self, path: str, /, **query: Any) -> Any:
        return self._answer(self._send("GET", path, params=query))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(self._send("POST", path, json=body))

    def upload(self, path: str, content: bytes, **fields: str) -> Any:
        """A file, with plain fields beside it."""
        return self._answer(self._send("POST", path, files={"file": content}, data=fields))

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(self._send("PUT", path, json=body))

    def content(self, path: str) -> bytes:
        """A file, as it is sent."""
        response = self._send("GET", path)
        return response.content if response.is_success else self._answer(response)

    def delete(self, path: str) -> None:
        self._answer(self._send("DELETE", path))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            said = _("The desk does not answer at %(url)s: %(error)s")
            raise click.ClickException(said % {"url": self._http.base_url, "error": error}) from error

    def _answer(self, response: httpx.Response) -> Any:
        if response.is_success:
            return response.json() if response.content else None
        if response.status_code == 401:
            raise click.ClickException(_("The token is not valid (any more)."))
        try:
            errors = response.json()["errors"]
        except (ValueError, KeyError, TypeError):
            raise click.ClickException(f"{response.status_code}: {response.text[:300]}") from None
        raise click.ClickException("\n".join(f"{error['field']}: {error['detail']}".lstrip(": ") for error in errors))
