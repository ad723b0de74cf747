"""What somebody does in the demo's console, past the desk: access that nobody asked for, to be noticed."""

from __future__ import annotations

import time

import boto3
from django.conf import settings

from kumoban.aws.door import door
from kumoban.estate.models import Account, Assignment, Organization, PermissionSet, Person
from kumoban.estate.scan import scan_account_assignments

__all__ = ["assign_past_the_desk"]

_WHO, _WHAT, _WHERE = "ishii.takeshi", "PowerUser", "logistics-prod"


def assign_past_the_desk() -> None:
    """As the administrator with the plain API, once; then the account is scanned as the runner would in a while."""
    if not settings.KUMOBAN_DEMO or Assignment.objects.exclude(appeared_at=None).exists():
        return
    account, person = Account.objects.get(name=_WHERE), Person.objects.get(user_name=_WHO)
    center = boto3.Session(profile_name="kumoban-admin").client(
        "sso-admin", endpoint_url=settings.KUMOBAN_AWS_ENDPOINT_URL, region_name=settings.KUMOBAN_AWS_REGION
    )
    instance = Organization.objects.get().instance_arn
    begun = center.create_account_assignment(
        InstanceArn=instance,
        TargetId=account.pk,
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=PermissionSet.objects.get(name=_WHAT).arn,
        PrincipalType="USER",
        PrincipalId=person.pk,
    )["AccountAssignmentCreationStatus"]
    for _ in range(50):
        asked = {"InstanceArn": instance, "AccountAssignmentCreationRequestId": begun["RequestId"]}
        status = center.describe_account_assignment_creation_status(**asked)["AccountAssignmentCreationStatus"]
        if status["Status"] != "IN_PROGRESS":
            break
        time.sleep(0.2)
    scan_account_assignments(door().open("kumoban-scan"), account.pk)
