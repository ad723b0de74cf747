"""Parameters out of requests and answers into bytes, by protocol.

``json`` is done here (every service replaced whole speaks it); query, ec2 and the REST protocols by moto's
model-driven parsers and serialisers, which is why moto is pinned exactly.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.routing import get_service_router
from moto.core.serialize import SERIALIZERS, SerializationContext

from kumoban_emulator.errors import AwsError
from kumoban_emulator.identify import CallName, moto_request
from kumoban_emulator.models import operation_model, service_model
from kumoban_emulator.wire import Answer, RawRequest

__all__ = ["answer_error", "answer_result", "parameters"]


def parameters(request: RawRequest, call: CallName) -> dict[str, Any]:
    """The operation's input. Raises AwsError(SerializationException) when it cannot be read."""
    try:
        if call.protocol == "json":
            found = json.loads(request.body or b"{}")
            return found if isinstance(found, dict) else {}
        return _modelled(request, call)
    except ValueError as error:
        raise AwsError("SerializationException", f"could not read the request: {error}", 400) from error


def _modelled(request: RawRequest, call: CallName) -> dict[str, Any]:
    asked = moto_request(request)
    _, in_path = get_service_router(call.service).match(asked)
    parser = PROTOCOL_PARSERS[call.protocol](operation_model(call.service, call.operation))
    parsed: dict[str, Any] = parser.parse(
        {
            "method": asked.method,
            "values": asked.values,
            "headers": asked.headers,
            "body": asked.data,
            "url_path": asked.path,
            "url_params": in_path,
        }
    )
    return parsed


def answer_result(call: CallName, result: dict[str, Any], request_id: str) -> Answer:
    if call.protocol == "json":
        return _json_answer(call, 200, result, request_id)
    return _serialised(call, result, request_id)


def answer_error(call: CallName | None, error: AwsError, request_id: str) -> Answer:
    """The error as this service's protocol says it."""
    protocol = call.protocol if call else "json"
    status = error.status or (_modelled_status(call, error.code) if call else None) or 400
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        body: dict[str, Any] = {
            "__type": error.code,
            "message": error.message,
            "Message": error.message,
            **error.fields,
        }
        answer = _json_answer(call, status, body, request_id)
        answer.headers["x-amzn-ErrorType"] = error.code
        return answer
    text = _xml_error(protocol, call.service if call else "", error, request_id)
    return Answer(status, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id})


def _json_answer(call: CallName | None, status: int, body: dict[str, Any], request_id: str) -> Answer:
    version = service_model(call.service).metadata.get("jsonVersion", "1.1") if call else "1.1"
    text = json.dumps(body, default=_plain, ensure_ascii=False, separators=(",", ":"))
    headers = {"Content-Type": f"application/x-amz-json-{version}", "x-amzn-RequestId": request_id}
    return Answer(status, text.encode(), headers)


def _plain(value: Any) -> float:
    """Dates go as seconds since 1970."""
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"cannot answer with a {type(value).__name__}")


def _serialised(call: CallName, result: dict[str, Any], request_id: str) -> Answer:
    context = SerializationContext(request_id)
    serializer = SERIALIZERS[call.protocol](operation_model(call.service, call.operation), context)
    done = serializer.serialize(_naive(result))
    body = done["body"]
    headers = {**done["headers"], "x-amzn-RequestId": request_id}
    return Answer(done["status_code"], body.encode() if isinstance(body, str) else body, headers)


def _naive(value: Any) -> Any:
    """moto's serialisers expect naive UTC datetimes."""
    if isinstance(value, dict):
        return {key: _naive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_naive(item) for item in value]
    return value.astimezone(UTC).replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value


def _modelled_status(call: CallName | None, code: str) -> int | None:
    for shape in service_model(call.service).error_shapes if call else ():
        found = shape.metadata.get("error", {})
        if code in (shape.name, found.get("code")):
            status: int = found.get("httpStatusCode", 400)
            return status
    return None


def _xml_error(protocol: str, service: str, error: AwsError, request_id: str) -> str:
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        inner = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"<Response>{inner}<RequestID>{request_id}</RequestID></Response>"
    if protocol == "rest-xml" and service == "s3":
        return f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"
