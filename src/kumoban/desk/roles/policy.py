"""A role's needs as an IAM policy: one statement for what is limited to the same resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import botocore.session
from botocore import xform_name
from django.conf import settings
from django.db import DatabaseError

from kumoban.core.needs import Need
from kumoban.estate.models import Organization

__all__ = ["ANYWHERE", "Place", "here", "iam_action", "policy"]

#: where the prefix of IAM's actions is not the name of botocore's service
_PREFIX = {"sso-admin": "sso"}
#: where IAM knows an operation by another name (service authorization reference)
_ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "budgets:CreateBudget": "budgets:ModifyBudget",
    "budgets:DescribeBudget": "budgets:ViewBudget",
}


@dataclass(frozen=True)
class Place:
    """What the ARN patterns are filled with; ``*`` for what is not known (yet)."""

    partition: str = "aws"
    management: str = "*"
    organization: str = "*"
    instance: str = "*"
    store: str = "*"
    reader: str = "arn:aws:iam::*:role/KumobanReader"
    operator: str = "arn:aws:iam::*:role/KumobanOperator"


ANYWHERE = Place()


def here() -> Place:
    """This installation, as far as the settings and the estate know it."""
    try:
        organization = Organization.objects.first()
    except DatabaseError:  # before `kumoban migrate`: a policy is wanted before there is anything
        organization = None
    arn = organization.instance_arn if organization else ""
    return Place(
        partition=arn.split(":")[1] if arn else "aws",
        management=organization.management_account if organization else "*",
        organization=organization.id if organization else "*",
        instance=arn.rsplit("/", 1)[-1] or "*",
        store=(organization.identity_store_id if organization else "") or "*",
        reader=settings.KUMOBAN_READER_ROLE or ANYWHERE.reader,
        operator=settings.KUMOBAN_OPERATOR_ROLE or ANYWHERE.operator,
    )


def policy(needed: Iterable[Need], place: Place = ANYWHERE, filled: Callable[[str], Any] = str) -> dict[str, Any]:
    """The least that permits these calls. ``filled`` is what an ARN becomes in the document (CloudFormation's Sub)."""
    grouped: dict[tuple[str, tuple[str, ...], tuple[tuple[str, str, str], ...]], list[str]] = defaultdict(list)
    for need in needed:
        grouped[need.service, need.on, need.when].append(iam_action(need))
    counted: dict[str, int] = defaultdict(int)
    statements = []
    for (service, on, when), actions in sorted(grouped.items()):
        counted[service] += 1
        words = "".join(part.capitalize() for part in _PREFIX.get(service, service).split("-"))
        statement = {
            "Sid": f"{words}{counted[service]}",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": [filled(pattern.format(**asdict(place))) if pattern != "*" else "*" for pattern in on],
        }
        statements.append({**statement, **_condition(when)})
    return {"Version": "2012-10-17", "Statement": statements}


def _condition(when: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    found: dict[str, dict[str, str]] = {}
    for operator, key, value in when:
        found.setdefault(operator, {})[key] = value
    return {"Condition": found} if found else {}


def iam_action(need: Need) -> str:
    """``sso:ListInstances``. Raises KeyError for an operation that botocore does not know."""
    action = f"{_PREFIX.get(need.service, need.service)}:{_operations(need.service)[need.operation]}"
    return _ACTIONS.get(action, action)


@lru_cache(maxsize=64)
def _operations(service: str) -> dict[str, str]:
    """botocore's spelling → AWS's."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}
