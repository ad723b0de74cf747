"""Which service and operation a request means, for every protocol botocore speaks.

The signing name in the SigV4 scope narrows it to one or a few services; ``X-Amz-Target``, ``Action`` or the REST
path decides. Unsigned requests are known by their path (the access portal of Identity Center).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from kumoban_emulator.models import has_operation, service_model
from kumoban_emulator.signature import Scope, scope_of
from kumoban_emulator.wire import RawRequest

__all__ = ["CallName", "UnknownCall", "iam_action", "identify", "is_reading"]

#: signing name → services that sign with it, where it is not simply the service's own name
_SERVICES = {
    "sso": ("sso-admin",),
    "awsssoportal": ("sso",),
    "sso-oauth": ("sso-oidc",),
    "monitoring": ("cloudwatch",),
    "email": ("ses",),
    "ses": ("sesv2", "ses"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "es": ("opensearch", "es"),
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime", "bedrock-agent-runtime"),
    "servicequotas": ("service-quotas",),
    "s3": ("s3", "s3control"),
    "aws-marketplace": ("marketplace-entitlement", "meteringmarketplace"),
    "application-autoscaling": ("application-autoscaling",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "ecr": ("ecr",),
    "kinesisanalytics": ("kinesisanalyticsv2",),
    "rds": ("rds", "neptune", "docdb"),
    "route53domains": ("route53domains",),
    "execute-api": ("apigatewaymanagementapi",),
}

_PORTAL = ("/federation/credentials", "/assignment/", "/logout")
_READING = re.compile(
    r"^(Get|List|Describe|Lookup|Is|Search|BatchGet|Head|Select|Query|Scan|Preview|Simulate|Validate|Estimate|Check)"
)
_RPC_PATH = re.compile(r"^/service/[^/]+/operation/(\w+)$")

_IAM_PREFIX = {
    "sso-admin": "sso",
    "cloudwatch": "cloudwatch",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "ses": "ses",
    "sesv2": "ses",
    "stepfunctions": "states",
    "service-quotas": "servicequotas",
    "s3control": "s3",
}
_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "DeleteObjects": "DeleteObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}


@dataclass(frozen=True)
class CallName:
    service: str
    operation: str
    region: str
    protocol: str


class UnknownCall(Exception):
    """Nothing in botocore's models answers to this request."""


def identify(request: RawRequest) -> CallName:
    scope = scope_of(request)
    if scope is None and request.path.startswith(_PORTAL):
        scope = Scope("", "", "ap-northeast-1", "awsssoportal")
    if scope is None:
        return _unsigned(request)
    for service in _SERVICES.get(scope.service, (scope.service,)):
        found = _in_service(request, service)
        if found:
            return CallName(service, found[0], scope.region, found[1])
    raise UnknownCall(scope.service)


def _unsigned(request: RawRequest) -> CallName:
    if "action=" in request.body[:2000].decode("latin-1").lower():
        found = _in_service(request, "sts")
        if found:
            return CallName("sts", found[0], "us-east-1", found[1])
    found = _in_service(request, "s3")
    if found:
        return CallName("s3", found[0], "us-east-1", found[1])
    raise UnknownCall("unsigned")


def _in_service(request: RawRequest, service: str) -> tuple[str, str] | None:
    """(operation, protocol) when this service has what the request asks."""
    try:
        model = service_model(service)
    except Exception as error:
        raise UnknownCall(service) from error
    target = request.headers.get("x-amz-target")
    rpc = _RPC_PATH.match(request.path)
    if rpc and request.headers.get("smithy-protocol"):
        return (rpc[1], "smithy-rpc-v2-cbor") if has_operation(service, rpc[1]) else None
    if target:
        prefix, _, operation = target.rpartition(".")
        ours = model.metadata.get("targetPrefix") == prefix
        return (operation, "json") if ours and has_operation(service, operation) else None
    if model.protocol in ("query", "ec2"):
        return _query(request, service, str(model.protocol))
    return _rest(request, service, str(model.protocol))


def _query(request: RawRequest, service: str, protocol: str) -> tuple[str, str] | None:
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True) or parse_qs(request.query)
    operation = (fields.get("Action") or [""])[0]
    version = (fields.get("Version") or [""])[0]
    if version and version != service_model(service).api_version:
        return None
    return (operation, protocol) if has_operation(service, operation) else None


def _rest(request: RawRequest, service: str, protocol: str) -> tuple[str, str] | None:
    try:
        operation, _ = get_service_router(service).match(moto_request(request))
    except (NotFound, NotImplementedError):
        return None
    return operation.name, protocol


def moto_request(request: RawRequest) -> MotoRequest:
    """The same request as moto's parsers want it."""
    return MotoRequest.from_primitives(
        request.method,
        f"http://{request.headers.get('host', 'localhost')}{request.path}"
        + (f"?{request.query}" if request.query else ""),
        dict(request.headers),
        request.body,
    )


def is_reading(service: str, operation: str) -> bool:
    """Whether the call leaves everything as it was, by the convention of AWS's operation names."""
    if service == "sts":
        return operation in ("GetCallerIdentity", "GetAccessKeyInfo", "DecodeAuthorizationMessage")
    return bool(_READING.match(operation)) and (service, operation) != ("sso", "GetRoleCredentials")


def iam_action(service: str, operation: str) -> str:
    """The IAM action that permits an operation (service authorization reference)."""
    if service == "s3":
        operation = _S3_ACTIONS.get(operation, operation)
    prefix: Any = _IAM_PREFIX.get(service, service)
    return f"{prefix}:{operation}"
