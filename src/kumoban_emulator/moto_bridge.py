"""moto behind the gateway, loaded when something first needs it.

moto's settings must stand in the environment before it is imported: no default AMIs (3.6 MB per account and Region),
managed policies known to IAM. Which account a request is for is said by us (``x-moto-account-id``), never guessed.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.keys import Key, Principal
from kumoban_emulator.roles import Role, RoleTable
from kumoban_emulator.state.iam_user import IamUser, UserKey
from kumoban_emulator.wire import Answer, RawRequest

__all__ = [
    "forward",
    "has_service",
    "key_in_moto",
    "project_roles",
    "put_object",
    "put_users",
    "reset",
    "role_in_moto",
    "seed",
]

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

_loading = threading.Lock()


@lru_cache(maxsize=1)
def _dispatcher() -> Any:
    with _loading:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        _share_managed_policies()
        _hold_what_is_locked()
        return DomainDispatcherApplication(create_backend_app)


def _share_managed_policies() -> None:
    """AWS's own policies are the same in every account; moto would read all 1,500 anew for each of them."""
    from moto.iam.models import IAMBackend
    from moto.moto_api._internal import mock_random

    drawn = mock_random.getstate()  # their ids are drawn too, and a replay must draw the same for all else
    policies = IAMBackend("aws", "000000000000").aws_managed_policies
    mock_random.setstate(drawn)

    def of_account(backend: Any) -> list[Any]:
        return [_of_account(policy, backend.account_id) for policy in policies]

    IAMBackend._init_aws_policies = of_account  # type: ignore[method-assign,assignment]


def _hold_what_is_locked() -> None:
    """A retention in compliance mode is never shortened nor loosened; moto takes any.

    Source: S3 user guide, "Locking objects with Object Lock", "Retention modes".
    """
    from moto.s3.exceptions import AccessDeniedByLock
    from moto.s3.models import S3Backend

    really = S3Backend.put_object_retention

    def only_longer(
        backend: Any, bucket_name: str, key_name: str, version_id: str | None, retention: tuple[str | None, str | None]
    ) -> None:
        held = backend.get_object(bucket_name, key_name, version_id=version_id)
        mode, until = retention
        strict = held is not None and held.lock_mode == "COMPLIANCE" and held.is_locked(False)
        if strict and (mode != "COMPLIANCE" or (until or "") < (held.lock_until or "")):
            raise AccessDeniedByLock
        really(backend, bucket_name, key_name, version_id, retention)

    S3Backend.put_object_retention = only_longer  # type: ignore[method-assign,assignment]


def _of_account(policy: Any, account: str) -> Any:
    """The same policy, with its own count of what it is attached to."""
    own = copy(policy)
    own.account_id, own.tags, own.versions = account, {}, [copy(version) for version in policy.versions]
    return own


def is_loaded() -> bool:
    return "moto.moto_server.werkzeug_app" in sys.modules


def reset() -> None:
    """Forget everything moto holds; its state is the process's, not a server's."""
    if not is_loaded():
        return
    from moto.core.base_backend import BackendDict
    from moto.iam.models import iam_backends

    iam_backends.clear()  # moto would build each account's anew before it forgets it
    BackendDict.reset()


def seed(value: int) -> None:
    """Make moto draw the same ids again in a replay."""
    from moto.moto_api._internal import mock_random

    mock_random.seed(value)


def has_service(request: RawRequest) -> bool:
    host = _dispatcher().infer_service_region_host(_environ(request, ""), request.path)
    return host is not None and _is_served(host)


@lru_cache(maxsize=1024)
def _is_served(host: str) -> bool:
    """As moto's own search, which prints what it does not find."""
    from moto import backend_index, backends

    if host in backends.list_of_moto_modules():
        return True
    return any(pattern.match(f"http://{host}") for _, pattern in backend_index.backend_url_patterns)


def forward(request: RawRequest, account: str) -> Answer:
    """Have moto answer. Raises AwsError(NotImplemented) or AwsError(InternalFailure), never HTML."""
    environ = _environ(request, account)
    try:
        answer = _run(environ)
    except NotImplementedError as error:
        raise AwsError("NotImplemented", str(error) or "The emulator does not have this operation.", 501) from error
    except Exception as error:
        raise AwsError("InternalFailure", f"moto failed: {type(error).__name__}: {error}", 500) from error
    html = "text/html" in answer.headers.get("Content-Type", "")
    if answer.status == 404 and html and b"<title>404 Not Found</title>" in answer.body:
        raise AwsError("NotImplemented", "The emulator does not have this operation.", 501)
    if answer.status == 500 and html:
        raise AwsError("InternalFailure", "moto failed.", 500)
    return answer


def _environ(request: RawRequest, account: str) -> dict[str, Any]:
    environ = dict(request.environ) or _made_environ(request)
    environ["RAW_URI"] = request.path + (f"?{request.query}" if request.query else "")
    environ["wsgi.input"] = io.BytesIO(request.body)
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _made_environ(request: RawRequest) -> dict[str, Any]:
    """An environ for a request that did not come over HTTP: a replay."""
    from werkzeug.test import EnvironBuilder

    builder = EnvironBuilder(
        method=request.method,
        path=request.path,
        query_string=request.query,
        headers=list(request.headers.items()),
        data=request.body,
        base_url=f"http://{request.headers.get('host', 'localhost')}",
    )
    return builder.get_environ()


def _run(environ: dict[str, Any]) -> Answer:
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started["status"], started["headers"] = int(status.split(" ", 1)[0]), headers

    application = _dispatcher().get_application(environ)
    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    return Answer(started["status"], body, dict(started["headers"]))


def _iam(account: str) -> Any:
    from moto.iam.models import iam_backends

    _dispatcher()  # accounts share AWS's policies only after it
    return iam_backends[account]["aws"]


def project_roles(roles: RoleTable, account: str) -> None:
    """Make IAM in moto show the roles the emulator keeps by itself, no more and no less."""
    backend = _iam(account)
    wanted = {role.name: role for role in roles.of_account(account)}
    held = {role.name: identifier for identifier, role in backend.roles.items()}
    for name, identifier in held.items():
        if name.startswith("AWSReservedSSO_") and name not in wanted:
            del backend.roles[identifier]
    for name, role in wanted.items():
        if name not in held:
            _put_role(backend, role)
        _fill_role(backend, backend.roles[held.get(name, role.role_id)], role)


def put_users(users: Iterable[IamUser], account: str) -> None:
    """Show in IAM the users that were there from the beginning; once, as they can be changed since."""
    from moto.iam import models

    backend = _iam(account)
    for user in users:
        if user.account != account or user.name in backend.users:
            continue
        made: Any = backend.create_user("us-east-1", user.name)
        made.id, made.create_date = user.user_id, _naive(user.created)
        made.password = "not shown" if user.console else None
        made.password_last_used = _naive(user.signed_in) if user.signed_in else None
        made.managed_policies = {arn: backend.managed_policies[arn] for arn in user.managed}
        made.access_keys = [_key_of(models, user, key) for key in user.keys]
        backend.access_keys.update({key.physical_resource_id: key for key in made.access_keys})
        if user.mfa:
            serial = f"arn:aws:iam::{account}:mfa/{user.name}"
            device: Any = models.MFADevice
            made.mfa_devices[serial] = device(serial, "000000", "000000")


def _key_of(models: Any, user: IamUser, key: UserKey) -> Any:
    made = models.AccessKey(user.name, "AKIA", user.account, key.status)
    made.access_key_id, made.secret_access_key, made.create_date = key.id, key.secret, _naive(key.created)
    if key.last_used is not None:
        made.last_used = models.AccessKeyLastUsed(_naive(key.last_used), key.service, "ap-northeast-1")
    return made


def _naive(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _put_role(backend: Any, role: Role) -> None:
    from moto.iam import models

    moto_role: Any = models.Role
    made = moto_role(
        account_id=role.account,
        partition="aws",
        role_id=role.role_id,
        name=role.name,
        assume_role_policy_document=json.dumps(role.trust_policy),
        path=role.path,
        permissions_boundary=role.boundary or None,
        description=role.description,
        tags=[],
        max_session_duration=str(role.max_session),
    )
    made.create_date = _naive(role.created)
    backend.roles[role.role_id] = made


def _fill_role(backend: Any, held: Any, role: Role) -> None:
    held.policies = dict(role.inline)
    held.managed_policies = {
        arn: backend.managed_policies[arn] for arn in role.managed if arn in backend.managed_policies
    }


def role_in_moto(account: str, name: str) -> Role | None:
    """A role somebody made through IAM, in the emulator's terms."""
    if "moto.iam.models" not in sys.modules:
        return None
    found = next((role for role in _iam(account).roles.values() if role.name == name), None)
    if found is None:
        return None
    own = {
        policy_arn: policy for policy_arn, policy in found.managed_policies.items() if ":aws:policy/" not in policy_arn
    }
    documents = {name: _text(policy.document) for name, policy in own.items()}
    return Role(
        account,
        name,
        found.id,
        path=found.path,
        trusts=_trusted_by(found.assume_role_policy_document),
        managed=tuple(arn for arn in found.managed_policies if arn not in own),
        inline=documents | {name: _text(text) for name, text in found.policies.items()},
        max_session=int(found.max_session_duration or 3600),
    )


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _trusted_by(document: Any) -> tuple[str, ...]:
    try:
        statements = json.loads(_text(document)).get("Statement", [])
    except ValueError:
        return ()
    found: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") or {}
        named: Any = principal.get("AWS", []) if isinstance(principal, Mapping) else principal
        if statement.get("Effect") == "Allow":
            found += named if isinstance(named, list) else [named]
    return tuple(found)


def key_in_moto(access_key: str) -> tuple[Key, list[str], list[str]] | None:
    """A long-lived key made through IAM, with its user's managed policies and policy documents."""
    if "moto.iam.models" not in sys.modules:
        return None
    from moto.iam.models import iam_backends

    for account in list(iam_backends):
        backend = iam_backends[account]["aws"]
        for user in backend.users.values():
            for key in user.access_keys:
                if key.access_key_id == access_key and key.status == "Active":
                    principal = Principal(account, user.arn, user.id, user.name)
                    managed = list(user.managed_policies)
                    return Key(access_key, key.secret_access_key, principal), managed, list(user.policies.values())
    return None


def put_object(account: str, bucket: str, key: str, body: bytes, region: str) -> None:
    """Put a file into a bucket, making the bucket; used for the trail's log files."""
    from moto.s3.models import s3_backends

    backend = s3_backends[account]["aws"]
    if bucket not in backend.buckets:
        backend.create_bucket(bucket, region)
    backend.put_object(bucket, key, body)
