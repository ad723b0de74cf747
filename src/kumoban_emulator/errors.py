"""What a fake raises: an AWS error by its code."""

from __future__ import annotations

from typing import Any

__all__ = ["AwsError", "denied", "not_implemented"]


class AwsError(Exception):
    """An error as AWS answers it.

    ``status`` only where the service model does not say; ``fields`` are the error's modelled members.
    """

    def __init__(self, code: str, message: str, status: int | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


def denied(message: str) -> AwsError:
    return AwsError("AccessDeniedException", message)


def not_implemented(service: str, operation: str) -> AwsError:
    """A clean 501, instead of an answer that looks like an outage."""
    return AwsError("NotImplemented", f"The emulator does not have {service}.{operation}.", 501)
