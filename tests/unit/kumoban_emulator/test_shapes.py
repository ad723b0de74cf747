"""Input is checked against the service model, with what botocore's client leaves unchecked."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban_emulator.models import operation_model
from kumoban_emulator.shapes import complaints

INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
GOOD = {
    "InstanceArn": INSTANCE,
    "TargetId": "111122223333",
    "TargetType": "AWS_ACCOUNT",
    "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef",
    "PrincipalType": "USER",
    "PrincipalId": "11111111-2222-3333-4444-555555555555",
}


def _complaints(changes: dict[str, Any], operation: str = "CreateAccountAssignment") -> list[str]:
    given = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    return complaints(operation_model("sso-admin", operation).input_shape, given)


def test_good_input_has_no_complaints() -> None:
    assert _complaints({}) == []


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"TargetId": ...}, "Member must not be null"),
        ({"TargetId": "1234"}, "length greater than or equal to 12"),
        ({"TargetId": "1" * 13}, "length less than or equal to 12"),
        ({"TargetId": "abcdefghijkl"}, "regular expression pattern"),
        ({"TargetType": "OU"}, "enum value set: [AWS_ACCOUNT]"),
        ({"PrincipalId": "佐藤"}, "regular expression pattern"),
        ({"InstanceArn": 5}, "is not a string"),
    ],
)
def test_wrong_input_is_explained_as_aws_does(changes: dict[str, Any], constraint: str) -> None:
    found = _complaints(changes)
    assert any(constraint in complaint for complaint in found)


def test_numbers_lists_and_structures_are_checked_too() -> None:
    of = operation_model("sso-admin", "ListPermissionSets").input_shape
    assert complaints(of, {"InstanceArn": INSTANCE, "MaxResults": 101})
    assert complaints(of, {"InstanceArn": INSTANCE, "MaxResults": "5"})
    tags = operation_model("sso-admin", "TagResource").input_shape
    found = complaints(tags, {"InstanceArn": INSTANCE, "ResourceArn": INSTANCE, "Tags": [{"Key": "a"}]})
    assert found == ["Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"]


def test_unknown_members_are_ignored_as_aws_ignores_them() -> None:
    assert _complaints({"Whatever": 1}) == []


def test_documents_may_hold_anything() -> None:
    shape = operation_model("identitystore", "UpdateUser").input_shape
    given = {
        "IdentityStoreId": "d-0123456789",
        "UserId": "11111111-2222-3333-4444-555555555555",
        "Operations": [{"AttributePath": "emails", "AttributeValue": [{"value": "x"}]}],
    }
    assert complaints(shape, given) == []
