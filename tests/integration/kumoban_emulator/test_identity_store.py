"""The identity store: unique names, revisions, memberships that go with their user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.kumoban_emulator.refusals import refused

ENTERPRISE = "aws:identitystore:enterprise"


@pytest.fixture(autouse=True)
def no_limits(estate: Any) -> None:
    estate.server.admin.identity_center(enforce_limits=False)


def _named(estate: Any, people: Any, name: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = people.describe_user(IdentityStoreId=estate.store, UserId=estate.user(name), **more)
    return found


def _update(estate: Any, people: Any, user: str, path: str, value: Any, **more: Any) -> dict[str, Any]:
    operations = [{"AttributePath": path, "AttributeValue": value}]
    answer: dict[str, Any] = people.update_user(
        IdentityStoreId=estate.store, UserId=user, Operations=operations, **more
    )
    return answer


def test_japanese_names_come_back_as_given(estate: Any, people: Any) -> None:
    sato = _named(estate, people, "sato.misaki")
    assert (sato["DisplayName"], sato["Name"]["FamilyName"], sato["PreferredLanguage"]) == ("佐藤 美咲", "佐藤", "ja")


def test_managers_come_back_only_when_asked_for(estate: Any, people: Any) -> None:
    assert "Extensions" not in _named(estate, people, "sato.misaki")
    extension = _named(estate, people, "sato.misaki", Extensions=[ENTERPRISE])["Extensions"][ENTERPRISE]
    assert extension["manager"]["value"] == estate.user("suzuki.hanako")
    listed = people.list_users(IdentityStoreId=estate.store, Extensions=[ENTERPRISE], MaxResults=5)["Users"]
    assert all(ENTERPRISE in user["Extensions"] for user in listed)


def test_user_names_are_unique_whatever_their_case(estate: Any, people: Any) -> None:
    new = {"IdentityStoreId": estate.store, "UserName": "SATO.Misaki", "DisplayName": "x"}
    assert refused(people.create_user, **new) == "ConflictException"
    user = people.create_user(**{**new, "UserName": "somebody.new"})["UserId"]
    with pytest.raises(people.exceptions.ConflictException):
        _update(estate, people, user, "userName", "Sato.Misaki")


def test_an_e_mail_address_is_had_once(estate: Any, people: Any) -> None:
    taken = [{"Value": "SATO.misaki@akatsuki.example", "Primary": True}]
    assert (
        refused(people.create_user, IdentityStoreId=estate.store, UserName="new", Emails=taken) == "ConflictException"
    )


def test_a_user_is_found_by_name_whatever_its_case_and_by_address(estate: Any, people: Any) -> None:
    for path, value in (("userName", "Sato.MISAKI"), ("emails.value", "sato.misaki@akatsuki.example")):
        unique = {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
        found = people.get_user_id(IdentityStoreId=estate.store, AlternateIdentifier=unique)
        assert found["UserId"] == estate.user("sato.misaki")
    nobody = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "no.body"}}
    assert (
        refused(people.get_user_id, IdentityStoreId=estate.store, AlternateIdentifier=nobody)
        == "ResourceNotFoundException"
    )
    group = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "ops"}}
    found = people.get_group_id(IdentityStoreId=estate.store, AlternateIdentifier=group)
    assert found["GroupId"] == estate.group("ops")


def test_an_update_for_an_old_revision_is_refused(estate: Any, people: Any) -> None:
    user = estate.user("sato.misaki")
    before = _named(estate, people, "sato.misaki")["Revision"]
    after = _update(estate, people, user, "title", "SRE", Revision=before)["Revision"]
    assert after != before
    with pytest.raises(people.exceptions.ConflictException):
        _update(estate, people, user, "title", "other", Revision=before)
    assert _named(estate, people, "sato.misaki")["Title"] == "SRE"


def test_attributes_are_set_and_removed_by_path(estate: Any, people: Any) -> None:
    user = estate.user("sato.misaki")
    _update(estate, people, user, "name.familyName", "佐々木")
    _update(estate, people, user, "emails", [{"value": "new@akatsuki.example", "primary": True}])
    _update(estate, people, user, f"{ENTERPRISE}.department", "経理")
    people.update_user(IdentityStoreId=estate.store, UserId=user, Operations=[{"AttributePath": "title"}])
    found = _named(estate, people, "sato.misaki", Extensions=[ENTERPRISE])
    assert found["Name"]["FamilyName"] == "佐々木"
    assert found["Emails"] == [{"Value": "new@akatsuki.example", "Primary": True}]
    assert found["Extensions"][ENTERPRISE]["department"] == "経理"
    assert "Title" not in found


def test_a_renamed_user_is_known_by_the_new_name_only(estate: Any, people: Any) -> None:
    _update(estate, people, estate.user("sato.misaki"), "userName", "suzuki.misaki")

    def listed(name: str) -> list[str]:
        wanted = [{"AttributePath": "UserName", "AttributeValue": name}]
        found = people.list_users(IdentityStoreId=estate.store, Filters=wanted)["Users"]
        return [user["UserName"] for user in found]

    assert listed("sato.misaki") == []
    assert listed("suzuki.misaki") == ["suzuki.misaki"]


def test_group_names_are_unique(estate: Any, people: Any) -> None:
    assert refused(people.create_group, IdentityStoreId=estate.store, DisplayName="ops") == "ConflictException"
    group = people.create_group(IdentityStoreId=estate.store, DisplayName="new", Description="新")["GroupId"]
    change = {"IdentityStoreId": estate.store, "GroupId": group}
    rename = [{"AttributePath": "displayName", "AttributeValue": "ops"}]
    assert refused(people.update_group, **change, Operations=rename) == "ConflictException"
    people.update_group(**change, Operations=[{"AttributePath": "description", "AttributeValue": "別"}])
    assert people.describe_group(**change)["Description"] == "別"


def test_a_membership_is_made_once_and_found(estate: Any, people: Any) -> None:
    pair = {
        "IdentityStoreId": estate.store,
        "GroupId": estate.group("ops"),
        "MemberId": {"UserId": estate.user("sato.misaki")},
    }
    made = people.create_group_membership(**pair)["MembershipId"]
    assert refused(people.create_group_membership, **pair) == "ConflictException"
    assert people.get_group_membership_id(**pair)["MembershipId"] == made
    groups = [estate.group("ops"), estate.group("security")]
    asked = people.is_member_in_groups(
        IdentityStoreId=estate.store, MemberId={"UserId": estate.user("sato.misaki")}, GroupIds=groups
    )["Results"]
    assert [found["MembershipExists"] for found in asked] == [True, False]
    people.delete_group_membership(IdentityStoreId=estate.store, MembershipId=made)
    assert refused(people.get_group_membership_id, **pair) == "ResourceNotFoundException"


def test_memberships_go_with_their_user(estate: Any, people: Any) -> None:
    group, user = estate.group("team-payments"), estate.user("sato.misaki")
    people.delete_user(IdentityStoreId=estate.store, UserId=user)
    left = people.list_group_memberships(IdentityStoreId=estate.store, GroupId=group)["GroupMemberships"]
    assert user not in [found["MemberId"]["UserId"] for found in left]
    asked = {"IdentityStoreId": estate.store, "MemberId": {"UserId": user}}
    assert refused(people.list_group_memberships_for_member, **asked) == "ResourceNotFoundException"


def test_an_unknown_group_is_an_error_not_an_empty_list(estate: Any, people: Any) -> None:
    asked = {"IdentityStoreId": estate.store, "GroupId": "11111111-2222-3333-4444-555555555555"}
    assert refused(people.list_group_memberships, **asked) == "ResourceNotFoundException"


def test_lists_come_in_pages_of_the_asked_size(estate: Any, people: Any) -> None:
    pages = list(
        people.get_paginator("list_users").paginate(IdentityStoreId=estate.store, PaginationConfig={"PageSize": 50})
    )
    assert [len(page["Users"]) for page in pages] == [50, 50, 20]


def test_ids_may_be_given_as_arns(estate: Any, people: Any) -> None:
    arn = _named(estate, people, "sato.misaki")["UserArn"]
    assert people.describe_user(IdentityStoreId=estate.store, UserId=arn)["UserName"] == "sato.misaki"
