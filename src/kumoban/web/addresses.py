"""Addresses of this desk: where a page may send its reader on."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

__all__ = ["own_address"]


def own_address(request: HttpRequest, target: str) -> str:
    """An address of this desk, else its first page."""
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}) else "/"
