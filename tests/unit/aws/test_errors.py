"""What AWS's refusals mean: whether a call was done, may be repeated, or is refused for good."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from kumoban.aws.errors import (
    AlreadyThere,
    AnswerLost,
    AwsError,
    Conflict,
    Denied,
    Expired,
    NotFound,
    Throttled,
    Transient,
    understood,
)


def answered(code: str, status: int = 400) -> AwsError:
    response = {
        "Error": {"Code": code, "Message": "why"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-1"},
        "SomethingNew": {"of": "2027"},
    }
    return understood(ClientError(response, "CreateAccountAssignment"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("ThrottlingException", 400, Throttled),
        ("Whatever", 429, Throttled),
        ("ConflictException", 409, Conflict),
        ("ServiceQuotaExceededException", 402, Transient),
        ("ResourceNotFoundException", 404, NotFound),
        ("EntityAlreadyExists", 409, AlreadyThere),
        ("AccessDeniedException", 403, Denied),
        ("ExpiredTokenException", 403, Expired),
        ("InternalServerException", 500, AnswerLost),
        ("ServiceUnavailable", 503, AnswerLost),
        ("ValidationException", 400, AwsError),
        ("BrandNewException", 400, AwsError),
    ],
)
def test_an_error_is_understood_by_what_it_means(code: str, status: int, meaning: type[AwsError]) -> None:
    error = answered(code, status)
    assert type(error) is meaning
    assert (error.code, error.message, error.aws_request_id) == (code, "why", "req-1")


@pytest.mark.parametrize("code", ["ThrottlingException", "ConflictException", "ExpiredTokenException"])
def test_what_was_certainly_not_done_may_be_sent_again(code: str) -> None:
    assert isinstance(answered(code), Transient)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://x"),
        ConnectionClosedError(endpoint_url="https://x"),
        ResponseParserError("an HTML page of a proxy"),
    ],
)
def test_a_connection_that_broke_after_sending_leaves_the_outcome_open(error: Exception) -> None:
    assert type(understood(error)) is AnswerLost


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://x"),
        EndpointConnectionError(endpoint_url="https://x", error="refused"),
    ],
)
def test_a_connection_that_never_was_sent_nothing(error: Exception) -> None:
    assert type(understood(error)) is Transient


def test_what_is_no_error_of_aws_is_not_swallowed() -> None:
    with pytest.raises(KeyError):
        understood(KeyError("ours"))
