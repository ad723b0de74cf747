"""Account assignments behave as Identity Center's do: asynchronous, one per account, ten in all, once each."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.kumoban_emulator.refusals import refused


def _request(answer: dict[str, Any], kind: str = "Creation") -> dict[str, Any]:
    status: dict[str, Any] = answer[f"AccountAssignment{kind}Status"]
    return status


def _status(estate: Any, sso: Any, request: str, kind: str = "creation") -> dict[str, Any]:
    describe = getattr(sso, f"describe_account_assignment_{kind}_status")
    answer = describe(InstanceArn=estate.instance, **{f"AccountAssignment{kind.capitalize()}RequestId": request})
    return _request(answer, kind.capitalize())


def test_an_assignment_is_in_progress_until_its_delay_has_passed(estate: Any, sso: Any) -> None:
    request = _request(sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")))
    assert request["Status"] == "IN_PROGRESS"
    assert not estate.assigned("nakamura.ren", "ProdReadOnly", "payments-prod", sso)
    estate.settle()
    assert _status(estate, sso, request["RequestId"])["Status"] == "SUCCEEDED"
    assert estate.assigned("nakamura.ren", "ProdReadOnly", "payments-prod", sso)


def test_an_assignment_matures_by_itself_on_real_time(estate: Any, sso: Any) -> None:
    estate.server.admin.identity_center(creation_delay=0.2)
    request = _request(sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")))
    time.sleep(0.25)
    assert _status(estate, sso, request["RequestId"])["Status"] == "SUCCEEDED"


def test_a_deletion_takes_its_time_and_has_its_own_request(estate: Any, sso: Any) -> None:
    request = _request(
        sso.delete_account_assignment(**estate.thing("sato.misaki", "ProdReadOnly", "payments-data-prod")), "Deletion"
    )
    assert estate.assigned("sato.misaki", "ProdReadOnly", "payments-data-prod", sso)
    estate.settle()
    assert _status(estate, sso, request["RequestId"], "deletion")["Status"] == "SUCCEEDED"
    assert (
        refused(
            sso.describe_account_assignment_creation_status,
            InstanceArn=estate.instance,
            AccountAssignmentCreationRequestId=request["RequestId"],
        )
        == "ResourceNotFoundException"
    )


def test_assigning_what_is_assigned_succeeds_and_makes_no_second_row(estate: Any, sso: Any) -> None:
    thing = estate.thing("sato.misaki", "ProdReadOnly", "payments-data-prod")
    request = _request(sso.create_account_assignment(**thing))
    estate.settle()
    assert _status(estate, sso, request["RequestId"])["Status"] == "SUCCEEDED"
    listed = sso.list_account_assignments(
        InstanceArn=estate.instance, AccountId=thing["TargetId"], PermissionSetArn=thing["PermissionSetArn"]
    )["AccountAssignments"]
    assert len(listed) == 1


def test_a_second_operation_on_a_pending_account_conflicts(estate: Any, sso: Any) -> None:
    sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-data-prod"))
    other = estate.thing("watanabe.sho", "ProdReadOnly", "payments-data-prod")
    assert refused(sso.create_account_assignment, **other) == "ConflictException"
    gone = estate.thing("sato.misaki", "ProdReadOnly", "payments-data-prod")
    assert refused(sso.delete_account_assignment, **gone) == "ConflictException"
    elsewhere = estate.thing("watanabe.sho", "ProdReadOnly", "search-prod")
    sso.create_account_assignment(**elsewhere)


def test_an_eleventh_outstanding_operation_is_refused(estate: Any, sso: Any) -> None:
    names = [account.name for account in estate.server.engine.world.organization.accounts.values()][1:12]
    for name in names[:10]:
        sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", name))
    eleventh = estate.thing("nakamura.ren", "ProdReadOnly", names[10])
    assert refused(sso.create_account_assignment, **eleventh) == "ServiceQuotaExceededException"
    seen = estate.server.admin.identity_center()
    assert (seen["outstanding"], seen["max_outstanding"]) == (10, 10)
    estate.settle()
    assert sso.create_account_assignment(**eleventh)


def test_without_limits_nothing_is_refused_for_its_number(estate: Any, sso: Any) -> None:
    estate.server.admin.identity_center(enforce_limits=False)
    for account in list(estate.server.engine.world.organization.accounts.values())[1:15]:
        sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", account.name))
    for _ in range(60):
        sso.list_instances()


def test_more_than_twenty_requests_a_second_are_throttled_over_both_services(
    estate: Any, sso: Any, people: Any
) -> None:
    def ask(number: int) -> str:
        try:
            if number % 2:
                sso.list_instances()
            else:
                people.describe_identity_store(IdentityStoreId=estate.store)
            return "ok"
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(ask, range(60)))
    assert set(outcomes) == {"ok", "ThrottlingException"}
    assert 20 <= outcomes.count("ok") <= 45
    assert estate.server.admin.identity_center()["max_in_any_second"] > 20


def test_an_injected_failure_ends_failed_with_its_reason_and_changes_nothing(estate: Any, sso: Any) -> None:
    rule = {"times": 1, "account": estate.account("payments-prod"), "reason": "Received a 400 status error: no."}
    estate.server.admin.identity_center(fail_next=rule)
    sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "search-prod"))
    request = _request(sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")))
    estate.settle()
    failed = _status(estate, sso, request["RequestId"])
    assert (failed["Status"], failed["FailureReason"]) == ("FAILED", "Received a 400 status error: no.")
    assert not estate.assigned("nakamura.ren", "ProdReadOnly", "payments-prod", sso)
    assert estate.assigned("nakamura.ren", "ProdReadOnly", "search-prod", sso)


def test_unknown_principals_sets_and_accounts_are_not_found(estate: Any, sso: Any) -> None:
    thing = estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    nobody = {**thing, "PrincipalId": "11111111-2222-3333-4444-555555555555"}
    nowhere = {**thing, "TargetId": "999999999999"}
    nothing = {**thing, "PermissionSetArn": thing["PermissionSetArn"][:-16] + "0" * 16}
    for wrong in (nobody, nowhere, nothing):
        assert refused(sso.create_account_assignment, **wrong) == "ResourceNotFoundException"
    assert refused(sso.delete_account_assignment, **thing) == "ResourceNotFoundException"


def test_statuses_are_listed_newest_first_by_state(estate: Any, sso: Any) -> None:
    first = _request(sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")))
    estate.settle()
    second = _request(sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "search-prod")))
    listed = sso.list_account_assignment_creation_status(InstanceArn=estate.instance)[
        "AccountAssignmentsCreationStatus"
    ]
    assert [found["RequestId"] for found in listed] == [second["RequestId"], first["RequestId"]]
    pending = sso.list_account_assignment_creation_status(InstanceArn=estate.instance, Filter={"Status": "IN_PROGRESS"})
    assert [found["RequestId"] for found in pending["AccountAssignmentsCreationStatus"]] == [second["RequestId"]]


def test_an_assignment_of_a_deleted_user_stays_and_can_be_deleted(estate: Any, sso: Any, people: Any) -> None:
    thing = estate.thing("sato.misaki", "ProdReadOnly", "payments-data-prod")
    people.delete_user(IdentityStoreId=estate.store, UserId=thing["PrincipalId"])
    listed = sso.list_account_assignments(
        InstanceArn=estate.instance, AccountId=thing["TargetId"], PermissionSetArn=thing["PermissionSetArn"]
    )["AccountAssignments"]
    assert [found["PrincipalId"] for found in listed] == [thing["PrincipalId"]]
    request = _request(sso.delete_account_assignment(**thing), "Deletion")
    estate.settle()
    assert _status(estate, sso, request["RequestId"], "deletion")["Status"] == "SUCCEEDED"


def test_a_user_deleted_while_it_is_assigned_makes_the_operation_fail(estate: Any, sso: Any, people: Any) -> None:
    thing = estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    request = _request(sso.create_account_assignment(**thing))
    people.delete_user(IdentityStoreId=estate.store, UserId=thing["PrincipalId"])
    estate.settle()
    assert _status(estate, sso, request["RequestId"])["Status"] == "FAILED"


def test_in_an_account_that_is_being_closed_operations_fail_with_the_reason(estate: Any, sso: Any) -> None:
    thing = estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    estate.server.engine.world.organization.accounts[thing["TargetId"]].status = "PENDING_CLOSURE"
    request = _request(sso.create_account_assignment(**thing))
    estate.settle()
    status = _status(estate, sso, request["RequestId"])
    assert status["Status"] == "FAILED"
    assert "PENDING_CLOSURE" in status["FailureReason"]


def test_a_users_assignments_include_those_of_the_users_groups(estate: Any, sso: Any) -> None:
    listed = sso.list_account_assignments_for_principal(
        InstanceArn=estate.instance, PrincipalId=estate.user("sato.misaki"), PrincipalType="USER"
    )["AccountAssignments"]
    assert {found["PrincipalType"] for found in listed} == {"USER", "GROUP"}
    only = sso.list_account_assignments_for_principal(
        InstanceArn=estate.instance,
        PrincipalId=estate.user("sato.misaki"),
        PrincipalType="USER",
        Filter={"AccountId": estate.account("payments-dev")},
    )["AccountAssignments"]
    assert [found["PrincipalId"] for found in only] == [estate.group("team-payments")]


def test_lists_come_in_pages(estate: Any, sso: Any) -> None:
    first = sso.list_permission_sets(InstanceArn=estate.instance, MaxResults=4)
    assert len(first["PermissionSets"]) == 4
    pages = sso.get_paginator("list_permission_sets").paginate(
        InstanceArn=estate.instance, PaginationConfig={"PageSize": 4}
    )
    assert len({arn for page in pages for arn in page["PermissionSets"]}) == 15
    assert (
        refused(sso.list_permission_sets, InstanceArn=estate.instance, NextToken="bm9uc2Vuc2U=")
        == "ValidationException"
    )
