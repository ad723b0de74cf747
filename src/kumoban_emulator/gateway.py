"""The gateway: one WSGI application through which every call goes.

identify → authenticate → fault rules → rate limit → authorise → perform → fault rules → count and record.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from kumoban_emulator.access import authenticate, authorise
from kumoban_emulator.admin import Admin
from kumoban_emulator.calls import CallCounts
from kumoban_emulator.engine import Done, Engine
from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.sso_admin_instance import identity_store_arn_of
from kumoban_emulator.faults import Faults, Target
from kumoban_emulator.identify import CallName, UnknownCall, identify, is_reading
from kumoban_emulator.keys import Principal
from kumoban_emulator.limits import Bucket, RateGauge
from kumoban_emulator.protocols import answer_error
from kumoban_emulator.trail import Seen, write_record
from kumoban_emulator.trail_files import TrailFiles
from kumoban_emulator.wire import Answer, RawRequest, read_request, send

__all__ = ["Gateway"]

log = logging.getLogger(__name__)

_IDENTITY_CENTER = ("sso-admin", "identitystore")
_RATE = 20.0


class _Passage:
    """One call on its way through the gateway."""

    def __init__(self, request: RawRequest) -> None:
        self.request = request
        self.wall = time.time()
        self.request_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
        self.name: CallName | None = None
        self.principal: Principal | None = None
        self.access_key = ""
        self.done: Done | None = None
        self.error: AwsError | None = None

    @property
    def account(self) -> str:
        return self.principal.account if self.principal else ""

    @property
    def target(self) -> Target:
        service, operation = (self.name.service, self.name.operation) if self.name else ("", "")
        return Target(service, operation, self.account, self.request.body)


class Gateway:
    def __init__(self, engine: Engine, files: TrailFiles) -> None:
        self.engine = engine
        self.files = files
        self.faults = Faults()
        self.counts = CallCounts()
        self.gauge = RateGauge()
        self._rate = Bucket(_RATE, _RATE)
        self._admin = Admin(self)

    def __call__(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            request = read_request(environ)
        except ValueError as error:
            return send(Answer(413, str(error).encode()), environ, start_response)
        if request.path.startswith("/_emulator"):
            return send(self._admin.answer(request), environ, start_response)
        return send(self.handle(request), environ, start_response)

    def handle(self, request: RawRequest) -> Answer:
        passage = _Passage(request)
        try:
            answer = self._pass(passage)
        except AwsError as error:
            passage.error = error
            answer = answer_error(passage.name, error, passage.request_id)
        except Exception as error:
            log.exception("the emulator failed on %s %s", request.method, request.path)
            passage.error = AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500)
            answer = answer_error(passage.name, passage.error, passage.request_id)
        self._remember(passage, answer)
        if passage.name and passage.error is None:
            answer = self.faults.after(passage.target, answer)
        answer.headers.setdefault("x-amzn-RequestId", passage.request_id)
        return answer

    def _pass(self, passage: _Passage) -> Answer:
        request = passage.request
        try:
            name = passage.name = identify(request)
        except UnknownCall as unknown:
            raise AwsError("NotImplemented", f"The emulator does not know this call ({unknown}).", 501) from unknown
        world = self.engine.world
        passage.principal, passage.access_key = authenticate(
            world, name, request, passage.wall, self.engine.clock.now()
        )
        if name.service in _IDENTITY_CENTER:
            self.gauge.count()
        self.faults.before(passage.target)
        self._limit(name)
        authorise(world, name, passage.principal)
        if name.service == "s3" and passage.account == world.audit:
            self.files.show(self.engine)
        passage.done = self.engine.perform(
            request, name, passage.principal, passage.access_key, passage.wall, passage.request_id
        )
        return passage.done.answer

    def _limit(self, name: CallName) -> None:
        limited = name.service in _IDENTITY_CENTER and self.engine.world.settings.enforce_limits
        if limited and not self._rate.take():
            raise AwsError("ThrottlingException", "Rate exceeded", 400)

    def _remember(self, passage: _Passage, answer: Answer) -> None:
        """Count the call and write its record."""
        name = passage.name
        error = passage.error
        code = error.code if error else (f"status {answer.status}" if answer.status >= 400 else "")
        service, operation = (name.service, name.operation) if name else ("unknown", passage.request.path[:80])
        self.counts.add(service, operation, passage.account, code or "ok")
        if name is None:
            return
        done = passage.done
        self.files.record(
            self.engine.trail,
            write_record(
                Seen(
                    service,
                    operation,
                    name.region or self.engine.world.region,
                    is_reading(service, operation),
                    passage.wall,
                    passage.request_id,
                    str(uuid.UUID(int=random.getrandbits(128), version=4)),
                    passage.principal,
                    passage.access_key,
                    done.params if done else None,
                    done.result if done else None,
                    code,
                    error.message if error else "",
                    passage.request.headers.get("user-agent", "")[:256],
                    identity_store_arn_of(self.engine.world),
                )
            ),
        )
