"""Scenario ``demo``: 暁ホールディングス (Akatsuki Holdings), 42 accounts, 12 teams, 120 people."""

from __future__ import annotations

import json
from typing import Any

from kumoban_emulator.ids import seeded, uuid4
from kumoban_emulator.scenarios.demo_people import PEOPLE, TEAMS, Person
from kumoban_emulator.scenarios.seeding import Begin, Seeder, day
from kumoban_emulator.state.world import World

__all__ = ["build_demo"]

_MANAGEMENT = "410122300001"

#: account → (unit, team, environment); the order gives the numbers
_ACCOUNTS = {
    "ops-tooling": ("Infrastructure/Operations", "ops", "shared"),
    "audit": ("Security/Audit", "auditors", "shared"),
    "log-archive": ("Security/Audit", "security", "shared"),
    "security-tooling": ("Security/Tooling", "security", "shared"),
    "network": ("Infrastructure/Network", "platform", "shared"),
    "shared-services": ("Infrastructure/Shared", "platform", "shared"),
    "backup": ("Infrastructure/Shared", "ops", "shared"),
    "payments-prod": ("Workloads/Production/Payments", "payments", "prod"),
    "payments-data-prod": ("Workloads/Production/Payments", "payments", "prod"),
    "payments-stg": ("Workloads/Staging/Payments", "payments", "stg"),
    "payments-dev": ("Workloads/Development/Payments", "payments", "dev"),
    "search-prod": ("Workloads/Production/Consumer", "search", "prod"),
    "search-stg": ("Workloads/Staging/Consumer", "search", "stg"),
    "search-dev": ("Workloads/Development/Consumer", "search", "dev"),
    "ads-prod": ("Workloads/Production/Consumer", "ads", "prod"),
    "ads-stg": ("Workloads/Staging/Consumer", "ads", "stg"),
    "ads-dev": ("Workloads/Development/Consumer", "ads", "dev"),
    "edge-prod": ("Workloads/Production/Delivery", "edge", "prod"),
    "edge-stg": ("Workloads/Staging/Delivery", "edge", "stg"),
    "data-prod": ("Workloads/Production/Data", "data", "prod"),
    "data-dev": ("Workloads/Development/Data", "data", "dev"),
    "mobile-prod": ("Workloads/Production/Consumer", "mobile", "prod"),
    "mobile-stg": ("Workloads/Staging/Consumer", "mobile", "stg"),
    "mobile-dev": ("Workloads/Development/Consumer", "mobile", "dev"),
    "points-prod": ("Workloads/Production/Payments", "points", "prod"),
    "points-stg": ("Workloads/Staging/Payments", "points", "stg"),
    "points-dev": ("Workloads/Development/Payments", "points", "dev"),
    "logistics-prod": ("Workloads/Production/Delivery", "logistics", "prod"),
    "logistics-stg": ("Workloads/Staging/Delivery", "logistics", "stg"),
    "crm-prod": ("Workloads/Production/Corporate", "crm", "prod"),
    "crm-stg": ("Workloads/Staging/Corporate", "crm", "stg"),
    "finance-prod": ("Workloads/Production/Corporate", "finance", "prod"),
    "finance-stg": ("Workloads/Staging/Corporate", "finance", "stg"),
    "ml-prod": ("Workloads/Production/Data", "ml", "prod"),
    "ml-dev": ("Workloads/Development/Data", "ml", "dev"),
    "platform-prod": ("Workloads/Production/Platform", "platform", "prod"),
    "platform-stg": ("Workloads/Staging/Platform", "platform", "stg"),
    "platform-dev": ("Workloads/Development/Platform", "platform", "dev"),
    "sandbox-engineering": ("Sandbox", "platform", "dev"),
    "sandbox-data": ("Sandbox", "data", "dev"),
    "sandbox-training": ("Sandbox", "ops", "dev"),
}

_UNIT_TAGS = {
    "Security": {"Purpose": "security", "DataClass": "restricted"},
    "Infrastructure": {"Purpose": "infrastructure"},
    "Workloads": {"Purpose": "workloads"},
    "Workloads/Production": {"Environment": "prod", "ChangeControl": "required"},
    "Workloads/Production/Payments": {"Compliance": "pci-dss"},
    "Workloads/Staging": {"Environment": "stg"},
    "Workloads/Development": {"Environment": "dev"},
    "Sandbox": {"Environment": "dev", "Budget": "capped"},
}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


_NO_SECRETS = _policy(
    {
        "Sid": "NoSecrets",
        "Effect": "Deny",
        "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameter*"],
        "Resource": "*",
    }
)
_OPERATE = _policy(
    {
        "Sid": "Operate",
        "Effect": "Allow",
        "Action": [
            "ec2:RebootInstances",
            "ecs:UpdateService",
            "ssm:StartSession",
            "ssm:SendCommand",
            "rds:RebootDBInstance",
        ],
        "Resource": "*",
    },
    {"Sid": "NoDeletes", "Effect": "Deny", "Action": ["*:Delete*", "ec2:TerminateInstances"], "Resource": "*"},
)
_DATABASE = _policy(
    {"Sid": "Query", "Effect": "Allow", "Action": ["rds-data:ExecuteStatement", "rds-db:connect"], "Resource": "*"}
)
_REGIONS = _policy(
    {
        "Sid": "HomeRegions",
        "Effect": "Deny",
        "NotAction": ["iam:*", "organizations:*", "route53:*", "sts:*", "support:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["ap-northeast-1", "ap-northeast-3", "us-east-1"]}},
    }
)

#: name → (description, managed policies, inline policy, session duration)
_SETS = {
    "ProdReadOnly": ("本番の参照", ("ReadOnlyAccess",), _NO_SECRETS, "PT1H"),
    "ProdOperator": ("本番の運用操作（削除を除く）", ("ReadOnlyAccess",), _OPERATE, "PT1H"),
    "Developer": ("開発環境での開発", ("PowerUserAccess",), _REGIONS, "PT4H"),
    "StagingAdmin": ("検証環境の管理", ("AdministratorAccess",), "", "PT1H"),
    "BillingView": ("請求の参照", ("job-function/Billing",), "", "PT1H"),
    "NetworkAdmin": ("ネットワークの管理", ("job-function/NetworkAdministrator",), "", "PT1H"),
    "DatabaseReadOnly": ("データベースの参照", ("AmazonRDSReadOnlyAccess",), _DATABASE, "PT1H"),
    "DatabaseAdmin": ("データベースの管理", ("job-function/DatabaseAdministrator",), "", "PT1H"),
    "SecurityAudit": ("セキュリティ監査", ("SecurityAudit", "job-function/ViewOnlyAccess"), "", "PT1H"),
    "LogReader": ("ログの参照", ("CloudWatchLogsReadOnlyAccess",), "", "PT1H"),
    "SandboxAdmin": ("サンドボックスの管理", ("AdministratorAccess",), _REGIONS, "PT1H"),
    "SupportUser": ("AWSサポートへの問い合わせ", ("job-function/SupportUser",), "", "PT1H"),
    "DataEngineer": ("データ基盤の操作", ("job-function/DataScientist",), "", "PT1H"),
    "PowerUser": ("IAM以外のすべて", ("PowerUserAccess",), "", "PT1H"),
    "BreakGlass": ("緊急時の管理者（要事後確認）", ("AdministratorAccess",), "", "PT1H"),
}

_GROUPS = {
    "ops": "運用チーム",
    "ops-leads": "運用チーム 責任者",
    "security": "セキュリティチーム",
    "auditors": "内部監査",
    "all-engineers": "すべてのエンジニア",
    "on-call": "当番",
}
_ON_CALL = ("ito.naoki", "yamamoto.yui", "watanabe.sho", "ishikawa.rin", "daniel.kim", "ikeda.naoto")

#: (kind, who, permission set, account) beyond those that follow from the teams
_ASSIGNMENTS = (
    ("GROUP", "ops", "PowerUser", "ops-tooling"),
    ("GROUP", "ops", "PowerUser", "shared-services"),
    ("GROUP", "ops", "PowerUser", "backup"),
    ("GROUP", "ops", "NetworkAdmin", "network"),
    ("GROUP", "ops", "SupportUser", "shared-services"),
    ("GROUP", "team-platform", "NetworkAdmin", "network"),
    ("GROUP", "security", "SecurityAudit", "audit"),
    ("GROUP", "security", "SecurityAudit", "log-archive"),
    ("GROUP", "security", "SecurityAudit", "security-tooling"),
    ("GROUP", "security", "SecurityAudit", "payments-prod"),
    ("GROUP", "security", "SecurityAudit", "payments-data-prod"),
    ("GROUP", "auditors", "LogReader", "audit"),
    ("GROUP", "auditors", "LogReader", "log-archive"),
    ("GROUP", "all-engineers", "SandboxAdmin", "sandbox-engineering"),
    ("GROUP", "all-engineers", "SandboxAdmin", "sandbox-training"),
    ("GROUP", "team-data", "SandboxAdmin", "sandbox-data"),
    ("GROUP", "team-ml", "SandboxAdmin", "sandbox-data"),
    ("GROUP", "on-call", "ProdReadOnly", "edge-prod"),
    ("GROUP", "on-call", "ProdReadOnly", "search-prod"),
    ("GROUP", "team-data", "DataEngineer", "data-prod"),
    ("GROUP", "team-finance-leads", "BillingView", "akatsuki-management"),
    ("GROUP", "team-finance-leads", "BillingView", "finance-prod"),
    ("USER", "sato.misaki", "ProdReadOnly", "payments-data-prod"),
    ("USER", "watanabe.sho", "DatabaseReadOnly", "payments-data-prod"),
    ("USER", "kaneko.sora", "DatabaseReadOnly", "data-prod"),
    ("USER", "priya.sharma", "DataEngineer", "ml-prod"),
    ("USER", "ishii.takeshi", "SupportUser", "platform-prod"),
    ("USER", "takada.eiji", "DatabaseReadOnly", "crm-prod"),
    ("USER", "mori.akira", "SecurityAudit", "finance-prod"),
)


#: (kind, who, IAM role, account) of AWS account access manager
_ENTITLEMENTS = (
    ("GROUP", "on-call", "IncidentResponder", "edge-prod"),
    ("USER", "priya.sharma", "NotebookAdmin", "ml-prod"),
    ("USER", "takada.eiji", "VendorSupport", "crm-prod"),
)


def build_demo() -> World:
    seeder = Seeder("demo", Begin(_MANAGEMENT, "akatsuki-management", "akatsuki.example", day("2024-04-01")))
    _accounts(seeder)
    _people(seeder)
    _groups(seeder)
    for name, (description, managed, inline, session) in _SETS.items():
        seeder.permission_set(name, description, managed, inline, session)
    _assignments(seeder)
    for kind, who, role, account in _ENTITLEMENTS:
        seeder.entitle(kind, who, role, account)
    _iam_users(seeder)
    return seeder.finish()


def _accounts(seeder: Seeder) -> None:
    for path, tags in _UNIT_TAGS.items():
        seeder.unit(path, **tags)
    leads = {person.team: person.user_name for person in reversed(PEOPLE) if person.lead}
    for number, (name, (unit, team, environment)) in enumerate(_ACCOUNTS.items()):
        tags = {"Team": team, "Environment": environment, "Owner": leads[team]}
        seeder.account(f"41012230{1018 + number * 17:04}", name, unit, tags)
    home = seeder.world.organization.accounts[_MANAGEMENT]
    home.tags.update({"Team": "ops", "Environment": "shared", "Owner": leads["ops"]})
    seeder.delegate(seeder.account_named("ops-tooling"), "sso.amazonaws.com", "account.amazonaws.com")
    seeder.world.audit = seeder.account_named("audit")
    seeder.guard(seeder.world.audit, "ap-northeast-1", "ap-northeast-3", "us-east-1")


def _people(seeder: Seeder) -> None:
    """Leads first, as everybody else's manager is one of them; the leads answer to the head of operations."""
    head = "takahashi.ken"
    first_lead: dict[str, str] = {}
    for person in PEOPLE:
        if person.lead:
            first_lead.setdefault(person.team, person.user_name)
    for person in sorted(PEOPLE, key=lambda found: (found.user_name != head, not found.lead)):
        manager = head if person.lead else first_lead[person.team]
        seeder.user(
            person.user_name,
            _attributes(person),
            _extension(seeder, person, "" if person.user_name == head else manager),
        )


def _attributes(person: Person) -> dict[str, Any]:
    first, last = person.display.split(" ")
    family, given = (last, first) if person.english else (first, last)
    title = (
        ("Team Lead" if person.lead else "Engineer")
        if person.english
        else ("チームリーダー" if person.lead else "エンジニア")
    )
    language = "en" if person.english else "ja"
    return {
        "DisplayName": person.display,
        "Name": {"Formatted": person.display, "FamilyName": family, "GivenName": given},
        "ExternalIds": [{"Issuer": "https://directory.akatsuki.example/scim", "Id": _directory_id(person)}],
        "Emails": [{"Value": f"{person.user_name}@akatsuki.example", "Type": "work", "Primary": True}],
        "Title": title,
        "PreferredLanguage": language,
        "Locale": "en-US" if person.english else "ja-JP",
        "Timezone": "Asia/Tokyo",
        "UserType": "Employee",
    }


def _directory_id(person: Person) -> str:
    """What the company's own directory calls them; provisioned with the user."""
    return uuid4(seeded("directory", person.user_name))


def _extension(seeder: Seeder, person: Person, manager: str) -> dict[str, Any]:
    extension: dict[str, Any] = {
        "department": TEAMS.get(person.team, _GROUPS.get(person.team, "")),
        "organization": "暁ホールディングス",
        "employeeNumber": f"{100000 + len(seeder.world.store.users):06}",
    }
    found = seeder.world.store.user_named(manager) if manager else None
    if found is not None:
        extension["manager"] = {"value": found.id, "displayName": str(found.attributes["DisplayName"])}
    return extension


def _groups(seeder: Seeder) -> None:
    for slug, name in TEAMS.items():
        seeder.group(f"team-{slug}", name)
        seeder.group(f"team-{slug}-leads", f"{name} 責任者")
    for name, description in _GROUPS.items():
        seeder.group(name, description)
    for person in PEOPLE:
        team = f"team-{person.team}" if person.team in TEAMS else person.team
        seeder.member(team, person.user_name)
        if person.lead and f"{team}-leads" not in ("security-leads", "auditors-leads"):
            seeder.member(f"{team}-leads", person.user_name)
        if person.team != "auditors":
            seeder.member("all-engineers", person.user_name)
    for name in _ON_CALL:
        seeder.member("on-call", name)


def _assignments(seeder: Seeder) -> None:
    for account, (_, team, environment) in _ACCOUNTS.items():
        if team not in TEAMS:
            continue
        if environment == "dev" and not account.startswith("sandbox-"):
            seeder.assign("GROUP", f"team-{team}", "Developer", account)
        elif environment == "stg":
            seeder.assign("GROUP", f"team-{team}-leads", "StagingAdmin", account)
        elif environment == "prod":
            seeder.assign("GROUP", f"team-{team}", "LogReader", account)
    for kind, who, permission_set, account in _ASSIGNMENTS:
        seeder.assign(kind, who, permission_set, account)


def _iam_users(seeder: Seeder) -> None:
    """What grew before Identity Center: a deployment key long unused, a console user without MFA, a spent key."""
    seeder.iam_user(
        "payments-prod",
        "deploy-legacy",
        "2024-05-09",
        keys=(("2024-05-09", "Active", "2025-02-14"),),
        managed=("AdministratorAccess",),
    )
    seeder.iam_user(
        "data-prod",
        "bi-export",
        "2024-09-02",
        console=True,
        signed_in="2026-11-19",
        keys=(("2025-06-01", "Active", "2026-11-23"), ("2024-09-02", "Inactive", "2025-05-30")),
        managed=("ReadOnlyAccess",),
    )
    seeder.iam_user("ml-prod", "notebook", "2025-01-20", keys=(("2025-01-20", "Inactive", ""),))
