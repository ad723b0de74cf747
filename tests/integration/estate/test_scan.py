"""The estate says what AWS has, when it was seen, and what is gone; and costs AWS few calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.db.models import Count

from kumoban.aws.door import door
from kumoban.estate import scan
from kumoban.estate.models import (
    Account,
    Assignment,
    Group,
    Membership,
    OrganizationalUnit,
    PermissionSet,
    Person,
    Team,
)
from kumoban.ledger.clock import database_now
from kumoban_emulator.server import EmulatorServer


@pytest.fixture
def scanned(practice: EmulatorServer) -> EmulatorServer:
    scan.scan_all()
    practice.admin.clear_calls()
    return practice


def client(practice: EmulatorServer, service: str, profile: str = "kumoban-admin") -> Any:
    session = boto3.Session(profile_name=profile)
    return session.client(service, region_name="ap-northeast-1", endpoint_url=practice.endpoint_url)


def health(practice: EmulatorServer) -> dict[str, Any]:
    return practice.admin.health()


def test_a_scan_brings_the_whole_organisation_with_the_time_it_was_seen(scanned: EmulatorServer) -> None:
    assert Account.objects.filter(absent_since=None).count() == 42
    assert Person.objects.filter(absent_since=None).count() == 120
    assert Group.objects.filter(absent_since=None).count() == 30
    assert PermissionSet.objects.filter(absent_since=None).count() == 15
    assert Team.objects.filter(absent_since=None).count() == 12
    assert not Account.objects.filter(assignments_seen_at=None).exists()
    assert max(unit.id_path.count("/") for unit in OrganizationalUnit.objects.all()) == 3
    account = Account.objects.get(name="payments-prod")
    assert (account.team, account.environment) == ("payments", "prod")


def test_one_human_under_two_users_is_known_by_the_employee_number(scanned: EmulatorServer) -> None:
    numbers = Person.objects.exclude(employee_number="").values_list("employee_number", flat=True)
    assert len(set(numbers)) == len(numbers) == 120


def test_the_id_that_the_company_s_directory_gave_is_read_with_the_person(scanned: EmulatorServer) -> None:
    users = client(scanned, "identitystore").list_users(IdentityStoreId=health(scanned)["identityStore"])["Users"]
    given = {user["UserId"]: user["ExternalIds"][0]["Id"] for user in users}
    read = dict(Person.objects.filter(id__in=given).values_list("id", "external_id"))
    assert read == given
    assert len(set(Person.objects.values_list("external_id", flat=True))) == 120


def test_what_is_removed_on_aws_is_absent_and_not_deleted(scanned: EmulatorServer) -> None:
    store = client(scanned, "identitystore")
    person = Person.objects.filter(absent_since=None).latest("user_name")
    memberships = Membership.objects.filter(person_id=person.id, absent_since=None).count()
    assert memberships
    store.delete_user(IdentityStoreId=health(scanned)["identityStore"], UserId=person.id)
    scan.scan_next(Group.objects.values_list("id", flat=True))
    person.refresh_from_db()
    assert person.absent_since is not None
    assert not Membership.objects.filter(person_id=person.id, absent_since=None).exists()


def test_a_permission_set_that_was_edited_has_another_digest_though_its_name_is_the_same(
    scanned: EmulatorServer,
) -> None:
    chosen = PermissionSet.objects.filter(in_management_account=False).earliest("name")
    of = {"InstanceArn": health(scanned)["instance"], "PermissionSetArn": chosen.arn}
    client(scanned, "sso-admin").attach_managed_policy_to_permission_set(
        **of, ManagedPolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    scan.scan_next()
    edited = PermissionSet.objects.get(arn=chosen.arn)
    assert edited.name == chosen.name
    assert edited.digest != chosen.digest


def test_what_one_principal_has_is_kept_account_by_account(scanned: EmulatorServer) -> None:
    """The same permission set in another account is another assignment, however recently the first was seen."""
    assignment = (
        Assignment.objects.filter(absent_since=None)
        .values("principal_type", "principal_id", "permission_set_arn")
        .annotate(accounts=Count("account_id"))
        .filter(accounts__gt=1)
        .order_by("principal_id")[0]
    )
    kind, principal = assignment["principal_type"], assignment["principal_id"]
    theirs = Assignment.objects.filter(principal_type=kind, principal_id=principal, absent_since=None)
    before = set(theirs.values_list("account_id", "permission_set_arn"))
    first = theirs.order_by("account_id")[0]
    Assignment.objects.filter(pk=first.pk).update(seen_at=database_now() + timedelta(hours=1))
    other = theirs.exclude(account_id=first.account_id).filter(permission_set_arn=first.permission_set_arn)
    other.update(absent_since=first.seen_at)
    scan.scan_assignments_of(door().open("test"), kind, principal)
    assert set(theirs.values_list("account_id", "permission_set_arn")) == before


def test_an_assignment_made_elsewhere_is_seen_and_its_removal_too(scanned: EmulatorServer) -> None:
    account, person = Account.objects.get(name="payments-dev"), Person.objects.get(user_name="sato.misaki")
    chosen = PermissionSet.objects.filter(in_management_account=False).earliest("name")
    asked = {
        "InstanceArn": health(scanned)["instance"],
        "TargetId": account.id,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": chosen.arn,
        "PrincipalType": "USER",
        "PrincipalId": person.id,
    }
    client(scanned, "sso-admin").create_account_assignment(**asked)
    scanned.admin.advance(60)
    scan.scan_account_assignments(door().open("test"), account.id)
    row = {"account_id": account.id, "principal_id": person.id, "permission_set_arn": chosen.arn}
    assert Assignment.objects.filter(**row, absent_since=None).exists()
    client(scanned, "sso-admin").delete_account_assignment(**asked)
    scanned.admin.advance(60)
    scan.scan_account_assignments(door().open("test"), account.id)
    assert Assignment.objects.filter(**row).exclude(absent_since=None).exists()


def test_an_account_moved_to_another_ou_keeps_its_row_and_changes_its_path(scanned: EmulatorServer) -> None:
    account = Account.objects.select_related("ou").get(name="sandbox-data")
    target = OrganizationalUnit.objects.get(name_path="Workloads/Development/Data")
    client(scanned, "organizations", "kumoban-management").move_account(
        AccountId=account.id, SourceParentId=account.ou_id, DestinationParentId=target.id
    )
    scan.scan_next()
    account.refresh_from_db()
    assert account.ou_id == target.id
    assert account.ou.id_path.split("/")[-1] == target.id


def test_a_turn_reads_only_a_slice_of_what_is_many(scanned: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_TAGS", "_PERMISSION_SETS", "_GROUPS", "_ACCOUNTS"):
        monkeypatch.setattr(scan, name, 2)
    scan.scan_next()
    assert scanned.admin.count("organizations", "ListTagsForResource") == 2
    assert scanned.admin.count("sso-admin", "DescribePermissionSet") == 2
    assert scanned.admin.count("sso-admin", "ListPermissionSetsProvisionedToAccount") == 2


def test_what_was_seen_longest_ago_is_read_next(scanned: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_ACCOUNTS", 1)
    oldest = Account.objects.filter(absent_since=None).earliest("assignments_seen_at")
    before = oldest.assignments_seen_at
    scan.scan_next()
    oldest.refresh_from_db()
    assert oldest.assignments_seen_at > before


def test_a_slow_reading_of_a_group_does_not_bring_back_who_was_seen_to_have_left(
    scanned: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, group = Person.objects.get(user_name="sato.misaki"), Group.objects.get(name="team-payments")
    store = client(scanned, "identitystore")
    answered = store.list_group_memberships(IdentityStoreId=health(scanned)["identityStore"], GroupId=group.id)
    membership = next(one for one in answered["GroupMemberships"] if one["MemberId"]["UserId"] == person.id)

    def slow(aws: Any, service: str, operation: str, key: str, **params: Any) -> Any:
        """The answer is from before she left; the runner reads her live while it is under way."""
        monkeypatch.setattr(scan, "pages", quick)
        store.delete_group_membership(
            IdentityStoreId=health(scanned)["identityStore"], MembershipId=membership["MembershipId"]
        )
        scan.refresh_memberships(aws, person.id)
        yield from answered["GroupMemberships"]

    opened, quick = door().open("test"), scan.pages
    monkeypatch.setattr(scan, "pages", slow)
    scan.scan_group_members(opened, group.id)
    assert not Membership.objects.filter(person_id=person.id, group_id=group.id, absent_since=None).exists()
    assert Membership.objects.filter(group_id=group.id, absent_since=None).exists()
