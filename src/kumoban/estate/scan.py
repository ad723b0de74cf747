"""The scanner: AWS read into estate rows, part by part, within the rate limits.

``scan_all`` reads everything once (first run, demo). ``scan_next`` reads the lists every time and of the rest what was
seen longest ago, so that a duty keeps 20,000 groups fresh without a burst.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Q

from kumoban.aws.arns import (
    GROUPS,
    INSTANCE,
    MEMBERSHIPS,
    ORGANIZATION_ACCOUNT,
    ORGANIZATION_ROOT,
    ORGANIZATION_UNIT,
    PERMISSION_SET,
    STORE,
    TARGET_ACCOUNT,
    USERS,
)
from kumoban.aws.door import Pass, door, pages
from kumoban.aws.errors import NotFound
from kumoban.core.needs import needs
from kumoban.estate import detectors, entitlements, iam_users
from kumoban.estate.attributes import ENTERPRISE, described_user
from kumoban.estate.content import READS as CONTENT_READS
from kumoban.estate.content import content_digest, read_content, session_seconds
from kumoban.estate.models import (
    NOT_ADOPTED,
    Account,
    Assignment,
    Group,
    Membership,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    PermissionSetContent,
    Person,
    Team,
    searchable,
)
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = [
    "READS",
    "accounts_to_scan",
    "find_group",
    "find_person",
    "refresh_group",
    "refresh_memberships",
    "refresh_person",
    "scan_all",
    "scan_assignments",
    "scan_assignments_in",
    "scan_assignments_of",
    "scan_next",
    "scan_permission_set",
]

_PARENTS = (ORGANIZATION_ROOT, ORGANIZATION_UNIT)
#: what reading the estate calls
READS = (
    needs("organizations", "describe_organization", "list_roots")
    | needs("organizations", "list_accounts_for_parent", "list_organizational_units_for_parent", on=_PARENTS)
    | needs("organizations", "describe_account", on=(ORGANIZATION_ACCOUNT,))
    | needs("organizations", "list_parents", on=(ORGANIZATION_ACCOUNT, ORGANIZATION_UNIT))
    | needs("organizations", "list_tags_for_resource", on=(ORGANIZATION_ACCOUNT, *_PARENTS))
    | needs("sso-admin", "list_instances")
    | needs("sso-admin", "list_permission_sets", on=(INSTANCE,))
    | needs("sso-admin", "list_permission_sets_provisioned_to_account", on=(TARGET_ACCOUNT, INSTANCE))
    | needs("sso-admin", "list_account_assignments", on=(TARGET_ACCOUNT, INSTANCE, PERMISSION_SET))
    | needs("sso-admin", "list_account_assignments_for_principal", on=(INSTANCE,))
    | needs("identitystore", "list_users", "describe_user", "get_user_id", on=(STORE, USERS))
    | needs("identitystore", "list_groups", "describe_group", "get_group_id", on=(STORE, GROUPS))
    | needs("identitystore", "list_group_memberships", on=(STORE, GROUPS, MEMBERSHIPS))
    | needs("identitystore", "list_group_memberships_for_member", on=(STORE, MEMBERSHIPS, USERS))
    | needs("sts", "get_caller_identity")
    | CONTENT_READS
    | entitlements.READS
    | detectors.READS
    | iam_users.READS
    | iam_users.CHAIN
)


def scan_all(progress: Callable[[str], None] = lambda part: None) -> None:
    """Read the whole estate once. Raises AwsError."""
    aws = door().open("kumoban-scan")
    for part in (
        scan_organization,
        scan_accounts,
        scan_people,
        scan_groups,
        scan_permission_sets,
        scan_teams,
    ):
        progress(part.__name__.removeprefix("scan_"))
        part(aws)
    progress("memberships")
    for group in Group.objects.filter(absent_since=None):
        scan_group_members(aws, group.id)
    progress("assignments")
    scan_assignments_in(aws, list(Account.objects.filter(absent_since=None).values_list("id", flat=True)))
    progress("entitlements")
    entitlements.scan_entitlements(aws)
    progress("iam_users")
    progress("detectors")
    detectors.scan_detectors(aws)
    for account in iam_users.accounts_to_ask():
        iam_users.scan_iam_users(aws, account)


def scan_next(of_interest: Iterable[str] = ()) -> None:
    """Read the lists, then of each kind those seen longest ago; groups ``of_interest`` (by id) every time.

    With Identity Center's 20 requests a second a turn takes two to three minutes at most: 20,000 groups are gone
    through in three hours, 500 permission sets in forty minutes, 300 accounts in seventy-five.
    """
    aws = door().open("kumoban-scan")
    for part in (scan_organization, scan_account_list, scan_people, scan_groups, scan_teams):
        part(aws)
    for account in Account.objects.filter(absent_since=None).order_by(_oldest("tags_seen_at"))[:_TAGS]:
        scan_account_tags(aws, account)
    for arn in _permission_sets(aws)[:_PERMISSION_SETS]:
        scan_permission_set(aws, arn)
    groups = Group.objects.filter(absent_since=None).order_by(_oldest("members_seen_at"))
    stale = groups.values_list("id", flat=True)[:_GROUPS]
    for group_id in dict.fromkeys((*of_interest, *_team_groups(), *stale)):
        scan_group_members(aws, group_id)
    scan_assignments_in(aws, accounts_to_scan())
    entitlements.scan_entitlements(aws)
    detectors.scan_detectors_now_and_then(aws)
    for account in iam_users.accounts_to_ask()[:_ACCOUNTS]:
        iam_users.scan_iam_users(aws, account)


#: how many of each kind one turn of ``scan_next`` reads anew
_TAGS, _PERMISSION_SETS, _GROUPS, _ACCOUNTS = 50, 60, 600, 20
#: accounts about which AWS is asked at the same time
_AT_A_TIME = 4


def accounts_to_scan() -> list[str]:
    """Whose assignments one turn reads anew, by id: those seen longest ago."""
    longest_ago = Account.objects.filter(absent_since=None).order_by(_oldest("assignments_seen_at"), "id")
    return list(longest_ago.values_list("id", flat=True)[:_ACCOUNTS])


def _oldest(field: str) -> Any:
    return F(field).asc(nulls_first=True)


def _team_groups() -> Iterable[str]:
    teams = Team.objects.filter(absent_since=None).values_list("group_id", "leads_group_id")
    return [group for pair in teams for group in pair if group]


def scan_organization(aws: Pass) -> None:
    described = aws.read("organizations", "describe_organization")["Organization"]
    instance = next(pages(aws, "sso-admin", "list_instances", "Instances"))
    root = next(pages(aws, "organizations", "list_roots", "Roots"))
    own = aws.read("sts", "get_caller_identity")["Account"]
    now = database_now()
    with writing():
        Organization.objects.update_or_create(
            id=described["Id"],
            defaults={
                "management_account": described["MasterAccountId"],
                "root_id": root["Id"],
                "instance_arn": instance["InstanceArn"],
                "identity_store_id": instance["IdentityStoreId"],
                "own_account": own,
                "seen_at": now,
            },
        )


def scan_accounts(aws: Pass) -> None:
    """The list of accounts, and the tags of each."""
    scan_account_list(aws)
    for account in Account.objects.filter(absent_since=None):
        scan_account_tags(aws, account)


def scan_account_list(aws: Pass) -> None:
    """OUs from the root down, then the accounts in each; an account not known before gets its tags at once."""
    organization = Organization.objects.get()
    found: list[tuple[dict[str, Any], str]] = []
    units: list[OrganizationalUnit] = []
    _walk(aws, organization.root_id, None, units, found)
    known: dict[str, dict[str, str]] = dict(Account.objects.values_list("id", "tags"))
    accounts = [_account(data, ou, known.get(data["Id"], {})) for data, ou in found]
    now = database_now()
    with writing():
        _keep(OrganizationalUnit, units, now, ["name", "parent", "id_path", "name_path"])
        _keep(Account, accounts, now, ["name", "email", "status", "ou", "search"])
    for account in Account.objects.filter(absent_since=None).exclude(id__in=known):
        scan_account_tags(aws, account)


def scan_account_tags(aws: Pass, account: Account) -> None:
    """The tags of one account, and what they say: its team and environment."""
    tags = _tags(aws, account.id)
    with writing():
        Account.objects.filter(pk=account.pk).update(
            tags=tags,
            tags_seen_at=database_now(),
            team=tags.get(settings.KUMOBAN_TEAM_TAG, ""),
            environment=tags.get(settings.KUMOBAN_ENVIRONMENT_TAG, ""),
            search=searchable(account.id, account.name, *tags.values()),
        )


def _walk(
    aws: Pass,
    parent_id: str,
    parent: OrganizationalUnit | None,
    units: list[OrganizationalUnit],
    found: list[tuple[dict[str, Any], str]],
) -> None:
    accounts = pages(aws, "organizations", "list_accounts_for_parent", "Accounts", ParentId=parent_id)
    found.extend((account, parent_id) for account in accounts)
    children = pages(
        aws,
        "organizations",
        "list_organizational_units_for_parent",
        "OrganizationalUnits",
        ParentId=parent_id,
    )
    if parent is None:
        parent = OrganizationalUnit(id=parent_id, name="Root", id_path=parent_id, name_path="")
        units.append(parent)
    for child in children:
        unit = OrganizationalUnit(
            id=child["Id"],
            name=child["Name"],
            parent=parent,
            id_path=f"{parent.id_path}/{child['Id']}",
            name_path=f"{parent.name_path}/{child['Name']}".lstrip("/"),
        )
        units.append(unit)
        _walk(aws, child["Id"], unit, units, found)


def _tags(aws: Pass, resource: str) -> dict[str, str]:
    return {
        tag["Key"]: tag["Value"]
        for tag in pages(aws, "organizations", "list_tags_for_resource", "Tags", ResourceId=resource)
    }


def _account(data: dict[str, Any], ou: str, tags: dict[str, str]) -> Account:
    # AWS replaces Status by State from 2026-09; older endpoints answer Status only.
    name = data.get("Name", data["Id"])
    return Account(
        id=data["Id"],
        name=name,
        email=data.get("Email", ""),
        status=data.get("State") or data.get("Status", ""),
        ou_id=ou,
        search=searchable(data["Id"], name, *tags.values()),
    )


def scan_people(aws: Pass) -> None:
    store = Organization.objects.get().identity_store_id
    asked: dict[str, Any] = {"Extensions": [ENTERPRISE]}  # the manager comes only when asked for
    people = [
        _person(user) for user in pages(aws, "identitystore", "list_users", "Users", IdentityStoreId=store, **asked)
    ]
    fields = [
        "user_name",
        "external_id",
        "display_name",
        "family_name",
        "email",
        "language",
        "title",
        "manager_id",
        "employee_number",
        "enabled",
        "attributes",
        "search",
    ]
    with writing():
        _keep(Person, people, database_now(), fields)


def find_person(aws: Pass, user_name: str) -> None:
    """Whoever has this user name is in the estate from now on. Raises AwsError."""
    unique = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": user_name}}
    store = Organization.objects.get().identity_store_id
    try:
        found = aws.read("identitystore", "get_user_id", IdentityStoreId=store, AlternateIdentifier=unique)
    except NotFound:
        return
    refresh_person(aws, found["UserId"])


def refresh_person(aws: Pass, person_id: str) -> None:
    """One person and their memberships, read live; marked absent where AWS has them no more. Raises AwsError."""
    store, asked = Organization.objects.get().identity_store_id, database_now()
    try:
        user = aws.read(
            "identitystore", "describe_user", IdentityStoreId=store, UserId=person_id, Extensions=[ENTERPRISE]
        )
    except NotFound:
        with writing():
            Person.objects.filter(pk=person_id, absent_since=None).update(absent_since=asked)
        return
    person = _person(user)
    person.seen_at = asked
    with writing():
        known = Person.objects.filter(pk=person_id).values_list("memberships_seen_at", flat=True).first()
        person.memberships_seen_at = known
        person.save()
    refresh_memberships(aws, person_id)


def find_group(aws: Pass, name: str) -> None:
    """Whichever group has this display name is in the estate from now on. Raises AwsError."""
    unique = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": name}}
    store = Organization.objects.get().identity_store_id
    try:
        found = aws.read("identitystore", "get_group_id", IdentityStoreId=store, AlternateIdentifier=unique)
    except NotFound:
        return
    refresh_group(aws, found["GroupId"])


def refresh_group(aws: Pass, group_id: str) -> None:
    """One group and its members, read live; marked absent where AWS has it no more. Raises AwsError."""
    store, asked = Organization.objects.get().identity_store_id, database_now()
    try:
        group = aws.read("identitystore", "describe_group", IdentityStoreId=store, GroupId=group_id)
    except NotFound:
        with writing():
            Group.objects.filter(pk=group_id, absent_since=None).update(absent_since=asked)
        return
    said = {"name": group.get("DisplayName", ""), "description": group.get("Description") or ""}
    with writing():
        Group.objects.update_or_create(pk=group_id, defaults={**said, "seen_at": asked, "absent_since": None})
    scan_group_members(aws, group_id)


def scan_assignments_of(aws: Pass, principal_type: str, principal_id: str) -> None:
    """Every account and permission set this person or group has directly, read live. Raises AwsError."""
    organization, asked = Organization.objects.get(), database_now()
    of = {"InstanceArn": organization.instance_arn, "PrincipalId": principal_id, "PrincipalType": principal_type}
    listed = pages(aws, "sso-admin", "list_account_assignments_for_principal", "AccountAssignments", **of)
    found = [row for row in listed if row["PrincipalType"] == principal_type and row["PrincipalId"] == principal_id]
    with writing():
        _keep_assignments(found, asked, principal_type=principal_type, principal_id=principal_id)


def _person(user: dict[str, Any]) -> Person:
    name = user.get("Name") or {}
    display = user.get("DisplayName") or user["UserName"]
    external = [str(one.get("Id") or "") for one in user.get("ExternalIds") or ()]
    emails = [email.get("Value", "") for email in user.get("Emails") or () if email.get("Primary", True)]
    enterprise = (user.get("Extensions") or {}).get(ENTERPRISE) or {}
    manager = enterprise.get("manager") or {}
    return Person(
        id=user["UserId"],
        user_name=user["UserName"],
        external_id=external[0][:256] if external else "",
        display_name=display,
        family_name=name.get("FamilyName", "") if not display.isascii() else "",
        email=emails[0] if emails else "",
        language=(user.get("PreferredLanguage") or "")[:2],
        title=user.get("Title") or "",
        manager_id=manager.get("value", "") if isinstance(manager, dict) else str(manager),
        attributes=described_user(user),
        employee_number=searchable(str(enterprise.get("employeeNumber") or "")).strip()[:64],
        enabled=user.get("UserStatus", "ENABLED") != "DISABLED",
        search=searchable(user["UserName"], display, *emails),
    )


def scan_groups(aws: Pass) -> None:
    store = Organization.objects.get().identity_store_id
    groups = [
        Group(id=group["GroupId"], name=group.get("DisplayName", ""), description=group.get("Description") or "")
        for group in pages(aws, "identitystore", "list_groups", "Groups", IdentityStoreId=store)
    ]
    with writing():
        _keep(Group, groups, database_now(), ["name", "description"])


def scan_group_members(aws: Pass, group_id: str) -> None:
    store, asked = Organization.objects.get().identity_store_id, database_now()
    found = pages(
        aws,
        "identitystore",
        "list_group_memberships",
        "GroupMemberships",
        IdentityStoreId=store,
        GroupId=group_id,
    )
    members = {membership["MemberId"].get("UserId", "") for membership in found}
    with writing():
        _replace_memberships({"group_id": group_id}, [(person, group_id) for person in members if person], asked)
        Group.objects.filter(pk=group_id).update(members_seen_at=asked)


def refresh_memberships(aws: Pass, person_id: str) -> None:
    """Read one person's memberships live: one call. Raises AwsError; NotFound when the person is gone."""
    store, asked = Organization.objects.get().identity_store_id, database_now()
    found = pages(
        aws,
        "identitystore",
        "list_group_memberships_for_member",
        "GroupMemberships",
        IdentityStoreId=store,
        MemberId={"UserId": person_id},
    )
    groups = {membership["GroupId"] for membership in found}
    with writing():
        _replace_memberships({"person_id": person_id}, [(person_id, group) for group in groups], asked)
        Person.objects.filter(pk=person_id).update(memberships_seen_at=asked)


def _replace_memberships(scope: dict[str, str], pairs: list[tuple[str, str]], asked: datetime) -> None:
    """What was asked at ``asked`` replaces older sight only: whoever was read live since then stays as seen then."""
    read_since = Person.objects.filter(memberships_seen_at__gt=asked).values_list("id", flat=True)
    newer = set(read_since) if "group_id" in scope else set()
    Membership.objects.bulk_create(
        [
            Membership(person_id=person, group_id=group, seen_at=asked, absent_since=None)
            for person, group in pairs
            if person not in newer
        ],
        update_conflicts=True,
        unique_fields=["person_id", "group_id"],
        update_fields=["seen_at", "absent_since"],
    )
    gone = Membership.objects.filter(**scope, absent_since=None, seen_at__lt=asked).exclude(person_id__in=newer)
    gone.update(absent_since=asked)


def scan_permission_sets(aws: Pass) -> None:
    for arn in _permission_sets(aws):
        scan_permission_set(aws, arn)


def _permission_sets(aws: Pass) -> list[str]:
    """All there are now, new ones first, then those seen longest ago; what is gone is marked absent."""
    organization = Organization.objects.get()
    arns = set(pages(aws, "sso-admin", "list_permission_sets", "PermissionSets", InstanceArn=organization.instance_arn))
    with writing():
        PermissionSet.objects.filter(absent_since=None).exclude(arn__in=arns).update(absent_since=database_now())
    seen = list(PermissionSet.objects.filter(arn__in=arns).order_by("seen_at").values_list("arn", flat=True))
    return sorted(arns - set(seen)) + seen


def scan_permission_set(aws: Pass, arn: str) -> None:
    """One permission set with its content, read live. A slower reading never replaces a newer one."""
    asked = database_now()
    content = read_content(aws, Organization.objects.get().instance_arn, arn)
    digest, now = content_digest(content), database_now()
    with writing():
        if PermissionSet.objects.select_for_update().filter(arn=arn, seen_at__gt=asked).exists():
            return
        PermissionSetContent.objects.get_or_create(digest=digest, defaults={"content": content, "first_seen_at": now})
        PermissionSet.objects.update_or_create(
            arn=arn,
            defaults={
                "name": content["name"],
                "description": content["description"],
                "session_seconds": session_seconds(content["session"]),
                "content": content,
                "digest": digest,
                "seen_at": asked,
                "absent_since": None,
                "search": searchable(content["name"], content["description"]),
            },
        )


def scan_assignments_in(aws: Pass, account_ids: Sequence[str]) -> None:
    """Everything assigned in these accounts. AWS is asked about several at a time, for one answer takes longer than
    its limit makes us wait for the next call; the rows are written here, one account after the other.

    Raises AwsError of the first account that AWS does not tell about; the rows of those before it are written.
    """
    waiting = deque(account_ids)
    organization = Organization.objects.get()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        looking: deque[tuple[str, datetime, Future[_Looked]]] = deque()
        try:
            while waiting or looking:
                while waiting and len(looking) < _AT_A_TIME:
                    account, asked = waiting.popleft(), database_now()
                    looking.append((account, asked, pool.submit(_look_apart, aws, organization, account)))
                account, asked, future = looking.popleft()
                _keep_account(organization, account, asked, future.result())
        finally:
            for _account_id, _asked, future in looking:
                future.cancel()


def scan_account_assignments(aws: Pass, account_id: str) -> None:
    """Everything assigned in one account: the permission sets provisioned there, then who has each."""
    organization, asked = Organization.objects.get(), database_now()
    _keep_account(organization, account_id, asked, _look(aws, organization, account_id))


@dataclass(frozen=True)
class _Looked:
    """The permission sets provisioned in an account, and the assignments of each."""

    sets: Sequence[str]
    assignments: Sequence[dict[str, Any]]


def _look(aws: Pass, organization: Organization, account_id: str) -> _Looked:
    of = {"InstanceArn": organization.instance_arn, "AccountId": account_id}
    arns = list(pages(aws, "sso-admin", "list_permission_sets_provisioned_to_account", "PermissionSets", **of))
    return _Looked(arns, [assignment for arn in arns for assignment in _assigned(aws, of, arn)])


def _look_apart(aws: Pass, organization: Organization, account_id: str) -> _Looked:
    """On a thread of its own, whose connection (the rate limits are rows) ends with it."""
    try:
        return _look(aws, organization, account_id)
    finally:
        connection.close()


def _keep_account(organization: Organization, account_id: str, asked: datetime, looked: _Looked) -> None:
    with writing():
        _keep_assignments(looked.assignments, asked, account_id=account_id)
        Account.objects.filter(pk=account_id).update(assignments_seen_at=asked)
        if account_id == organization.management_account:
            PermissionSet.objects.update(in_management_account=False)
            PermissionSet.objects.filter(arn__in=looked.sets).update(in_management_account=True)


def scan_assignments(aws: Pass, account_id: str, arn: str) -> None:
    """Who has one permission set in one account, and the account itself, read live."""
    asked = database_now()
    refresh_account(aws, account_id)
    of = {"InstanceArn": Organization.objects.get().instance_arn, "AccountId": account_id}
    found = list(_assigned(aws, of, arn))
    with writing():
        _keep_assignments(found, asked, account_id=account_id, permission_set_arn=arn)


def refresh_account(aws: Pass, account_id: str) -> None:
    """Its status, its place and its tags, which rules decide by. Raises AwsError."""
    described = aws.read("organizations", "describe_account", AccountId=account_id)["Account"]
    parent = next(pages(aws, "organizations", "list_parents", "Parents", ChildId=account_id))["Id"]
    with writing():
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            return
        account.status = described.get("State") or described["Status"]
        if OrganizationalUnit.objects.filter(pk=parent).exists():
            account.ou_id = parent
        account.save(update_fields=["status", "ou"])
    scan_account_tags(aws, account)


def _assigned(aws: Pass, of: dict[str, str], arn: str) -> Iterator[dict[str, Any]]:
    of = {**of, "PermissionSetArn": arn}
    return pages(aws, "sso-admin", "list_account_assignments", "AccountAssignments", **of)


def _keep_assignments(found: Sequence[dict[str, Any]], asked: datetime, **scope: str) -> None:
    """Insert or update what was seen, mark the rest of the scope absent; what was seen since ``asked`` stays."""
    kept = Assignment.objects.filter(**scope)
    newer = set(kept.filter(Q(seen_at__gt=asked) | Q(absent_since__gt=asked)).values_list(*_WHO_HAS_WHAT))
    there = set(kept.filter(absent_since=None).values_list(*_WHO_HAS_WHAT))
    accounts = Account.objects.filter(pk__in={row["AccountId"] for row in found}, assignments_seen_at__isnull=False)
    looked_before = set(accounts.values_list("pk", flat=True))
    rows = [_assignment(row, asked, asked if row["AccountId"] in looked_before else None) for row in found]
    rows = [row for row in rows if _who_has_what(row) not in newer]
    for known, fields in ((True, ["seen_at"]), (False, ["seen_at", "absent_since", "appeared_at"])):
        Assignment.objects.bulk_create(
            [row for row in rows if (_who_has_what(row) in there) == known],
            update_conflicts=True,
            unique_fields=_WHO_HAS_WHAT,
            update_fields=fields,
        )
    gone = Assignment.objects.filter(**scope, absent_since=None, seen_at__lt=asked)
    gone.update(absent_since=asked, **NOT_ADOPTED)


_WHO_HAS_WHAT = ("account_id", "permission_set_arn", "principal_type", "principal_id")


def _who_has_what(row: Assignment) -> tuple[str, str, str, str]:
    return row.account_id, row.permission_set_arn, row.principal_type, row.principal_id


def _assignment(row: dict[str, Any], asked: datetime, appeared: datetime | None) -> Assignment:
    return Assignment(
        principal_type=row["PrincipalType"],
        principal_id=row["PrincipalId"],
        account_id=row["AccountId"],
        permission_set_arn=row["PermissionSetArn"],
        seen_at=asked,
        appeared_at=appeared,
    )


def scan_teams(aws: Pass) -> None:
    """Teams as the organisation names them: a group ``team-<slug>``, its leads ``team-<slug>-leads``."""
    prefix = settings.KUMOBAN_TEAM_GROUP_PREFIX
    groups = {group.name: group for group in Group.objects.filter(absent_since=None, name__startswith=prefix)}
    teams = []
    for name, group in groups.items():
        leads = groups.get(f"{name}-leads")
        if name.endswith("-leads") and name.removesuffix("-leads") in groups:
            continue
        teams.append(
            Team(
                slug=name.removeprefix(prefix),
                name=group.description or name.removeprefix(prefix),
                group_id=group.id,
                leads_group_id=leads.id if leads else "",
            )
        )
    with writing():
        _keep(Team, teams, database_now(), ["name", "group_id", "leads_group_id"])


def _keep(model: Any, rows: Iterable[Any], now: datetime, fields: list[str]) -> None:
    """Insert or update what was seen; mark the rest absent."""
    rows = list(rows)
    for row in rows:
        row.seen_at, row.absent_since = now, None
    key = model._meta.pk.name
    model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=[key],
        update_fields=[*fields, "seen_at", "absent_since"],
        batch_size=500,
    )
    model.objects.filter(absent_since=None, seen_at__lt=now).update(absent_since=now)
