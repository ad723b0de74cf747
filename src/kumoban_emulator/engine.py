"""The engine: performs one call on the world or on moto, keeps the journal, and replays it."""

from __future__ import annotations

import base64
import contextlib
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kumoban_emulator.fakes  # noqa: F401  (fills the registry)
from kumoban_emulator import moto_bridge
from kumoban_emulator.clock import Clock
from kumoban_emulator.errors import AwsError, not_implemented
from kumoban_emulator.fakes.registry import REPLACED, Call, Fake, find
from kumoban_emulator.identify import CallName, is_reading
from kumoban_emulator.ids import drawn, token
from kumoban_emulator.journal import Journal
from kumoban_emulator.keys import Principal
from kumoban_emulator.models import operation_model
from kumoban_emulator.protocols import answer_result, parameters
from kumoban_emulator.scenarios import build
from kumoban_emulator.shapes import complaints
from kumoban_emulator.state.settle import settle
from kumoban_emulator.state.world import Failure, Login
from kumoban_emulator.trail import Trail
from kumoban_emulator.wire import Answer, RawRequest

__all__ = ["Done", "Engine"]

_JOURNALLED_BODY = 4 * 1024 * 1024
_KEPT_HEADERS = ("authorization", "content-type", "host", "user-agent", "content-md5", "content-encoding")
_INVALID_INPUT = {
    "organizations": "InvalidInputException",
    "sts": "ValidationError",
    "cloudtrail": "InvalidParameterException",
    "guardduty": "BadRequestException",
}


class Done:
    """What a performed call came to."""

    def __init__(self, answer: Answer, params: Any = None, result: Any = None) -> None:
        self.answer, self.params, self.result = answer, params, result


class Engine:
    def __init__(self, scenario: str, state: Path | None = None, **settings: Any) -> None:
        self.world = build(scenario)
        self.clock = Clock()
        self.trail = Trail()
        self.most_outstanding = 0
        self._lock = threading.RLock()
        self._moto_lock = threading.RLock()
        self._chance = random.SystemRandom()
        self._journal = Journal(state, scenario)
        #: accounts whose IAM users of the beginning moto has been given
        self._peopled: set[str] = set()
        moto_bridge.reset()
        self._replay()
        self.configure(settings)

    def close(self) -> None:
        self._journal.close()

    # --- calls -------------------------------------------------------------------------------------------------

    def perform(
        self,
        request: RawRequest,
        name: CallName,
        principal: Principal | None,
        access_key: str,
        wall: float,
        request_id: str,
    ) -> Done:
        """Raises AwsError."""
        function = find(name.service, name.operation)
        if function is not None:
            params = parameters(request, name)
            result = self._perform_fake(function, name, params, principal, access_key, wall, request_id)
            return Done(answer_result(name, result, request_id), params, result)
        if name.service in REPLACED:
            raise not_implemented(name.service, name.operation)
        return self._perform_moto(request, name, principal, request_id)

    def _perform_fake(
        self,
        function: Fake,
        name: CallName,
        params: dict[str, Any],
        principal: Principal | None,
        access_key: str,
        wall: float,
        request_id: str,
    ) -> dict[str, Any]:
        _check_input(name, params)
        seed = self._chance.getrandbits(63)
        reading = is_reading(name.service, name.operation)
        with self._lock:
            now = self.clock.now()
            settle(self.world, now)
            result = function(self._call(name, principal, wall, now, seed, request_id), params)
            if not reading:
                self._journal.write(
                    {
                        "kind": "call",
                        "service": name.service,
                        "operation": name.operation,
                        "region": name.region,
                        "key": access_key,
                        "wall": wall,
                        "now": now,
                        "seed": seed,
                        "request": request_id,
                        "params": params,
                    }
                )
                self.most_outstanding = max(self.most_outstanding, self.world.center.outstanding())
        return result

    def _call(
        self, name: CallName, principal: Principal | None, wall: float, now: float, seed: int, request_id: str
    ) -> Call:
        chance = drawn(seed)
        return Call(
            self.world, name.service, name.operation, name.region, wall, now, chance, request_id, self.trail, principal
        )

    def _perform_moto(self, request: RawRequest, name: CallName, principal: Principal | None, request_id: str) -> Done:
        if name.service != "s3" and not moto_bridge.has_service(request):
            raise not_implemented(name.service, name.operation)
        account = principal.account if principal else self.world.organization.management
        if name.service == "iam":
            self._prepare_iam(request, name, account)
        if is_reading(name.service, name.operation):
            answer = moto_bridge.forward(request, account)
        else:
            answer = self._change_moto(request, account, self._chance.getrandbits(63))
        answer.headers.setdefault("x-amzn-RequestId", request_id)
        return Done(answer, _guessed_params(request, name))

    def _prepare_iam(self, request: RawRequest, name: CallName, account: str) -> None:
        """Show the emulator's own roles in IAM, and protect those Identity Center made."""
        protected = b"AWSReservedSSO_" in request.body and not is_reading("iam", name.operation)
        if protected and name.operation != "PassRole":
            raise AwsError(
                "UnmodifiableEntity",
                "Cannot perform the operation on the protected role - this role is only modifiable by AWS",
                400,
            )
        with self._lock:
            settle(self.world, self.clock.now())
            self._people(account)
            moto_bridge.project_roles(self.world.roles, account)

    def _people(self, account: str) -> None:
        """The IAM users of the beginning, the first time somebody asks IAM in this account."""
        if account not in self._peopled:
            self._peopled.add(account)
            moto_bridge.put_users(self.world.iam_users, account)

    def _change_moto(self, request: RawRequest, account: str, seed: int) -> Answer:
        with self._moto_lock:
            moto_bridge.seed(seed)
            answer = moto_bridge.forward(request, account)
            if answer.status < 400 and len(request.body) <= _JOURNALLED_BODY:
                self._journal.write(_moto_entry(request, account, seed))
        return answer

    # --- admin -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        with self._lock:
            settle(self.world, self.clock.now())

    def tidy(self) -> None:
        """Forget keys that expired a day ago; a replay issues them again as it needs them."""
        with self._lock:
            self.world.keys.forget_expired(self.clock.now() - 86400)

    def advance(self, seconds: float) -> float:
        with self._lock:
            offset = self.clock.advance(seconds)
            self._journal.write({"kind": "clock", "offset": offset})
            settle(self.world, self.clock.now())
        return offset

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change how Identity Center behaves. Raises ValueError for what is not known."""
        with self._lock:
            self._configure(changes)
            if changes:
                self._journal.write({"kind": "settings", "changes": dict(changes)})

    def _configure(self, changes: Mapping[str, Any]) -> None:
        settings = self.world.settings
        for name, value in changes.items():
            if name == "fail_next":
                settings.failures.append(Failure(**value))
            elif hasattr(settings, name) and name != "failures":
                setattr(settings, name, type(getattr(settings, name))(value))
            else:
                raise ValueError(f"unknown setting {name}")

    def sign_in(self, user_name: str, hours: float = 8) -> Login:
        """A session in the access portal. Raises KeyError for an unknown user."""
        with self._lock:
            user = self.world.store.user_named(user_name)
            if user is None:
                raise KeyError(user_name)
            login = Login(token(drawn(self._chance.getrandbits(63))), user.id, self.clock.now() + hours * 3600)
            self.world.logins[login.token] = login
            self._journal.write({"kind": "login", "token": login.token, "user": login.user, "expires": login.expires})
        return login

    # --- replay ------------------------------------------------------------------------------------------------

    def _replay(self) -> None:
        for entry in self._journal.entries():
            match entry["kind"]:
                case "call":
                    self._replay_call(entry)
                case "moto":
                    self._replay_moto(entry)
                case "clock":
                    self.clock.offset = entry["offset"]
                case "settings":
                    self._configure(entry["changes"])
                case "login":
                    self.world.logins[entry["token"]] = Login(entry["token"], entry["user"], entry["expires"])
        self.tidy()

    def _replay_call(self, entry: Mapping[str, Any]) -> None:
        name = CallName(entry["service"], entry["operation"], entry["region"], "")
        key = self.world.keys.find(entry["key"])
        function = find(name.service, name.operation)
        settle(self.world, entry["now"])
        if function is None:
            return
        call = self._call(
            name, key.principal if key else None, entry["wall"], entry["now"], entry["seed"], entry["request"]
        )
        with contextlib.suppress(AwsError):
            function(call, entry["params"])

    def _replay_moto(self, entry: Mapping[str, Any]) -> None:
        body = base64.b64decode(entry["body"])
        request = RawRequest(entry["method"], entry["path"], entry["query"], entry["headers"], body)
        for_iam = "AWSReservedSSO_" in body.decode("latin-1") or "/iam/" in entry["headers"].get("authorization", "")
        if for_iam:
            self._people(entry["account"])
        moto_bridge.seed(entry["seed"])
        if for_iam:
            moto_bridge.project_roles(self.world.roles, entry["account"])
        with contextlib.suppress(AwsError):
            moto_bridge.forward(request, entry["account"])


def _check_input(name: CallName, params: dict[str, Any]) -> None:
    shape = operation_model(name.service, name.operation).input_shape
    wrong = complaints(shape, params) if shape is not None else []
    if wrong:
        code = _INVALID_INPUT.get(name.service, "ValidationException")
        count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
        raise AwsError(code, count + "; ".join(wrong[:10]))


def _moto_entry(request: RawRequest, account: str, seed: int) -> dict[str, Any]:
    kept = {name: value for name, value in request.headers.items() if name in _KEPT_HEADERS or name.startswith("x-amz")}
    return {
        "kind": "moto",
        "account": account,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": kept,
        "body": base64.b64encode(request.body).decode(),
        "seed": seed,
        "wall": time.time(),
    }


def _guessed_params(request: RawRequest, name: CallName) -> Any:
    """The parameters of a call moto answers, for the trail; large bodies are not parsed."""
    if name.service == "s3":
        bucket, _, key = request.path.lstrip("/").partition("/")
        return {"bucketName": bucket, "key": key} if key else {"bucketName": bucket}
    if len(request.body) > 65536:
        return None
    try:
        found = parameters(request, name)
    except Exception:
        return None
    return found
