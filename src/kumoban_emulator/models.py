"""botocore's service models, loaded when first needed and kept: about 0.3 to 6 MB each."""

from __future__ import annotations

import threading
from typing import Any

from moto.core.utils import get_service_model

__all__ = ["has_operation", "operation_model", "service_model"]

_lock = threading.Lock()
_kept: dict[str, Any] = {}


def service_model(service: str) -> Any:
    """The model of one service, in moto's flavour (its parsers and serialisers need it)."""
    with _lock:
        if service not in _kept:
            _kept[service] = get_service_model(service)
        return _kept[service]


def has_operation(service: str, operation: str) -> bool:
    return operation in service_model(service).operation_names


def operation_model(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation)
