"""The door: every call to AWS leaves here, limited, signed for its request, and understood when it fails."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import botocore.config
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings

from kumoban.aws import buckets
from kumoban.aws.credentials import CallCredentials, SessionKey, SessionPool, current
from kumoban.aws.errors import AwsError, Denied, Expired, Postponed, Throttled, understood
from kumoban.aws.mode import observing

__all__ = ["Door", "NotReading", "ObserveMode", "Pass", "door", "pages"]

# No SDK retries: whether a call may be repeated is the step's decision, not the SDK's.
_CALLS = botocore.config.Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
    user_agent_extra="kumoban",
)


#: how the names of operations begin that only read
_READING = ("batch_get_", "describe_", "get_", "head_", "is_", "list_", "lookup_", "search_", "simulate_")


class ObserveMode(AwsError):
    """Nothing that changes AWS can be built: the desk only observes, or has no role to change anything with."""

    def __init__(self, why: str) -> None:
        super().__init__("ObserveMode", why)


class NotReading(AwsError):
    """A call that changes something was to leave as a reading: a mistake of ours, and nothing was sent."""

    def __init__(self, operation: str) -> None:
        super().__init__("NotReading", operation)


class Transport(Protocol):
    """What actually sends a call; benchmarks and the emulator's absence put their own here."""

    def __call__(self, service: str, operation: str, session: SessionKey, params: dict[str, Any]) -> dict[str, Any]: ...


@dataclass
class Pass:
    """The door as one piece of work sees it: who it acts for, whether others wait for it, and its fence.

    ``session_name`` carries the request's number, so that CloudTrail proves whom each call was for.
    """

    door: Door
    session_name: str
    urgent: bool = False
    fence: buckets.Fence | None = None
    permit: buckets.Permit | None = None
    patience: float = 20.0

    def read(
        self,
        service: str,
        operation: str,
        account: str | None = None,
        *,
        region: str = "",
        by: str = "reader",
        **params: Any,
    ) -> dict[str, Any]:
        """``by``: the operator looks where the reader cannot be yet (an account that was only just made)."""
        if not operation.startswith(_READING):
            raise NotReading(operation)
        if settings.KUMOBAN_AWS_LIMITS:
            buckets.take(service, urgent=self.urgent, fence=None, patience=self.patience)
        session = self._operator(account) if by == "operator" else self._reader(account)
        return self.door.send(service, operation, session, params, region)

    def _reader(self, account: str | None) -> SessionKey:
        """The reader of the desk's account, or of a member account, which only that one assumes. Raises Denied."""
        own = self._session(settings.KUMOBAN_READER_ROLE)
        if account is None or f"::{account}:" in own.role_arn:
            return own
        if not settings.KUMOBAN_MEMBER_READER_ROLE:
            raise Denied("NoRole", "KUMOBAN_MEMBER_READER_ROLE is not set")
        partition = own.role_arn.split(":")[1]
        arn = f"arn:{partition}:iam::{account}:role/{settings.KUMOBAN_MEMBER_READER_ROLE}"
        return SessionKey(arn, self.session_name, through=own)

    def _operator(self, account: str | None) -> SessionKey:
        """The operator of the desk's account; of the management account; or of a member, which that one may enter."""
        if observing():
            raise ObserveMode("KUMOBAN_MODE is observe")
        if not settings.KUMOBAN_OPERATOR_ROLE:
            raise ObserveMode("KUMOBAN_OPERATOR_ROLE is not set")
        own = self._session(settings.KUMOBAN_OPERATOR_ROLE)
        if account is None or f"::{account}:" in own.role_arn:
            return own
        above = settings.KUMOBAN_MANAGEMENT_ROLE
        management = SessionKey(above, self.session_name, through=own) if above else own
        if f"::{account}:" in management.role_arn:
            return management
        partition = own.role_arn.split(":")[1]
        arn = f"arn:{partition}:iam::{account}:role/{settings.KUMOBAN_ACCOUNT_ACCESS_ROLE}"
        return SessionKey(arn, self.session_name, through=management)

    def mutate(
        self, service: str, operation: str, account: str | None = None, *, region: str = "", **params: Any
    ) -> dict[str, Any]:
        session = self._operator(account)
        try:
            self.door.prepare(session)
        except AwsError as refused:  # nothing was sent to the service: worth trying again
            raise Postponed(refused.code, refused.message, refused.aws_request_id) from refused
        permit, self.permit = self.permit, None
        if settings.KUMOBAN_AWS_LIMITS or permit is None or not permit.fresh:
            permit = buckets.take(service, urgent=self.urgent, fence=self.fence, patience=self.patience)
        if not permit.fresh:
            permit = buckets.take(service, urgent=self.urgent, fence=self.fence, patience=self.patience)
        if not permit.fresh:  # nothing is signed on a lease that was asked about too long ago
            raise Postponed("StalePermit", "the database answers too slowly")
        return self.door.send(service, operation, session, params, region)

    def _session(self, role_arn: str) -> SessionKey:
        return SessionKey(role_arn, self.session_name)


class Door:
    """One botocore session, one client per service, credentials per role session."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport
        self._clients: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._pool: SessionPool | None = None

    def open(self, session_name: str, *, urgent: bool = False, fence: buckets.Fence | None = None) -> Pass:
        return Pass(self, session_name, urgent, fence)

    def prepare(self, session: SessionKey) -> None:
        """Have the session's credentials ready, so that the permit is not spent on waiting for STS."""
        if self._transport is None:
            self._credentials(session)

    def send(
        self, service: str, operation: str, session: SessionKey, params: dict[str, Any], region: str = ""
    ) -> dict[str, Any]:
        """One call, as botocore spells it (``list_accounts``). Raises AwsError by meaning."""
        _only_the_reader(session)
        if self._transport is not None:
            return self._transport(service, operation, session, params)
        frozen = self._credentials(session)
        token = current.set(frozen)
        try:
            answer: dict[str, Any] = getattr(self._client(service, region), operation)(**params)
            return answer
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            meaning = understood(error)
            if isinstance(meaning, Throttled):
                buckets.slow_down(service)
            if isinstance(meaning, Expired):
                self.drop_credentials()
            raise meaning from error
        finally:
            current.reset(token)

    def itself(self) -> str:
        """The ARN of the identity that assumes the roles. Raises AwsError."""
        try:
            return str(self._new_client("sts", base=True).get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError) as error:
            raise understood(error) from error

    def drop_credentials(self) -> None:
        """Forget assumed-role credentials (the demo's clock was moved, or AWS called them expired)."""
        if self._pool:
            self._pool.drop()

    def _credentials(self, session: SessionKey) -> Any:
        _only_the_reader(session)
        if not session.role_arn:
            raise Denied("NoRole", "KUMOBAN_READER_ROLE is not set")
        with self._lock:
            if self._pool is None:
                self._pool = SessionPool(self._new_client("sts", base=True), settings.KUMOBAN_EXTERNAL_ID)
        try:
            return self._pool.credentials(session) if session.through is None else self._chained(session)
        except (ClientError, BotoCoreError) as error:
            raise understood(error) from error

    def _chained(self, session: SessionKey) -> Any:
        """Assumed by the session it goes through, whose credentials sign the call to STS."""
        assert session.through is not None
        assert self._pool is not None
        token = current.set(self._credentials(session.through))
        try:
            return self._pool.credentials(session, self._client("sts", ""))
        finally:
            current.reset(token)

    def _client(self, service: str, region: str) -> Any:
        kept = f"{service}/{region}"
        with self._lock:
            if kept not in self._clients:
                self._clients[kept] = self._new_client(service, region)
                while len(self._clients) > 32:
                    self._clients.popitem(last=False)
            self._clients.move_to_end(kept)
            return self._clients[kept]

    def _new_client(self, service: str, region: str = "", *, base: bool = False) -> Any:
        if settings.KUMOBAN_DEMO and not settings.KUMOBAN_AWS_ENDPOINT_URL:
            raise AwsError("NoEndpoint", "demo mode never builds a client without the emulator's endpoint")
        session = _base_session() if base else _call_session()
        return session.create_client(
            service,
            region_name=region or settings.KUMOBAN_AWS_REGION,
            endpoint_url=settings.KUMOBAN_AWS_ENDPOINT_URL or None,
            config=_CALLS,
        )


def _only_the_reader(session: SessionKey) -> None:
    """In observe mode no other role is assumed, whoever asks; but one that only sends mail, where there is one."""
    others = {settings.KUMOBAN_EMAIL.get("role")} - {settings.KUMOBAN_OPERATOR_ROLE}
    first = session.through.role_arn if session.through else session.role_arn  # what goes through the reader only reads
    if observing() and first not in {settings.KUMOBAN_READER_ROLE, *others}:
        raise ObserveMode(f"KUMOBAN_MODE is observe: {session.role_arn} is not assumed")


#: what services call the token of the next page, in the answer and in the call, where it is not NextToken
_TOKENS = {
    "s3": ("NextContinuationToken", "ContinuationToken"),
    "iam": ("Marker", "Marker"),
    "account-access": ("nextToken", "nextToken"),
}


def pages(aws: Any, service: str, operation: str, key: str, account: str | None = None, **params: Any) -> Iterator[Any]:
    """Every item of a paged read, whatever AWS calls its token."""
    said, asked = _TOKENS.get(service, ("NextToken", "NextToken"))
    inside = {"account": account} if account else {}
    token: dict[str, Any] = {}
    while True:
        answer = aws.read(service, operation, **inside, **params, **token)
        yield from answer.get(key) or ()
        if not answer.get(said):
            return
        token = {asked: answer[said]}


def _base_session() -> botocore.session.Session:
    return botocore.session.Session(profile=settings.KUMOBAN_AWS_PROFILE or None)


@lru_cache(maxsize=1)
def _call_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session._credentials = CallCredentials()  # type: ignore[attr-defined]
    return session


@lru_cache(maxsize=1)
def _process_door(_pid: int) -> Door:
    return Door()


def door() -> Door:
    """This process's door."""
    return _process_door(os.getpid())
