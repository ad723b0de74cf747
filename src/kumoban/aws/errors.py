"""What AWS can answer instead of doing what was asked, by what it means for the caller."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.parsers import ResponseParserError

__all__ = [
    "AlreadyThere",
    "AnswerLost",
    "AwsError",
    "Conflict",
    "Denied",
    "Expired",
    "NotFound",
    "Postponed",
    "Throttled",
    "Transient",
    "understood",
]


class AwsError(Exception):
    """AWS refused for good. ``code`` and ``aws_request_id`` are AWS's own."""

    def __init__(self, code: str, message: str = "", aws_request_id: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.aws_request_id = aws_request_id


class NotFound(AwsError):
    """AWS does not know the thing, by id."""


class AlreadyThere(AwsError):
    """What was to be made exists. Who made it is for the caller to know."""


class Denied(AwsError):
    """The desk's role may not do this (or a delegated administrator may not touch that account)."""


class Transient(AwsError):
    """Not done, and worth trying again."""


class Throttled(Transient):
    """Not done: too many calls."""


class Expired(Transient):
    """Not done: the role session's credentials had expired; the next call takes new ones."""


class Conflict(Transient):
    """Not done: another operation is under way on the same target."""


class Postponed(Transient):
    """The call was never sent: no token within the time a permit lives, or the lease has moved on."""


class AnswerLost(AwsError):
    """The call may or may not have been done: AWS's answer did not arrive or was a server error."""


_THROTTLES = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
}
_DENIALS = {
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
}
_EXPIRED = {"ExpiredTokenException", "ExpiredToken"}
_NOT_FOUND = {"ResourceNotFoundException", "AccountNotFoundException", "NoSuchEntity", "NotFoundException"}
_ALREADY_THERE = {
    *("EntityAlreadyExists", "EntityAlreadyExistsException", "ResourceAlreadyExistsException"),
    "DuplicateRecordException",  # AWS Budgets
}
_BUSY = {"ConcurrentModificationException", "FinalizingOrganizationException"}  # AWS Organizations
_QUOTAS = {"ServiceQuotaExceededException"}


def understood(error: Exception) -> AwsError:
    """The meaning of an exception of botocore's."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError):
        return Transient("NotConnected", str(error))
    if isinstance(error, HTTPClientError | ResponseParserError):
        return AnswerLost("AnswerLost", str(error))
    if isinstance(error, BotoCoreError):
        return AwsError(type(error).__name__, str(error))
    raise error


def _answered(error: ClientError) -> AwsError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    message = str(error.response.get("Error", {}).get("Message", ""))
    metadata = error.response.get("ResponseMetadata", {})
    request_id, status = str(metadata.get("RequestId", "")), int(metadata.get("HTTPStatusCode", 0))
    kind: type[AwsError] = AwsError
    if code in _THROTTLES or status == 429:
        kind = Throttled
    elif code == "ConflictException":
        taken = error.response.get("Reason") == "UNIQUENESS_CONSTRAINT_VIOLATION"  # the identity store's
        kind = AlreadyThere if taken else Conflict
    elif code in _BUSY:
        kind = Conflict
    elif code in _ALREADY_THERE:
        kind = AlreadyThere
    elif code in _NOT_FOUND:
        kind = NotFound
    elif code in _EXPIRED:
        kind = Expired
    elif code in _DENIALS:
        kind = Denied
    elif code in _QUOTAS:
        kind = Transient
    elif status >= 500:
        kind = AnswerLost
    return kind(code, message, request_id)
