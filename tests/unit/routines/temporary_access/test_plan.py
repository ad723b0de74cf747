"""The planner of temporary access: pure, a step for every person and account, plain words for what makes no sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.plan import Plan
from kumoban.core.signing import Decided, digest, signed_bytes
from kumoban.desk.routine import Asked
from kumoban.estate.models import Account, Organization, OrganizationalUnit, PermissionSet, Person
from kumoban.routines.temporary_access.form import TemporaryAccessForm
from kumoban.routines.temporary_access.look import Seen
from kumoban.routines.temporary_access.plan import plan

NOW = datetime(2026, 11, 20, 8, 50, tzinfo=UTC)
ARN = "arn:aws:sso:::permissionSet/ssoins-7223000000000000/ps-1111111111111111"
OU = OrganizationalUnit(id="ou-prod", name="Production", id_path="r-1/ou-prod", name_path="Production")


def account(number: str, **of: object) -> Account:
    values = {
        "name": f"account-{number[-2:]}",
        "status": "ACTIVE",
        "ou": OU,
        "environment": "prod",
        "seen_at": NOW,
        **of,
    }
    return Account(id=number, **values)


def person(name: str) -> Person:
    return Person(id=f"u-{name}", user_name=name, display_name=name, seen_at=NOW)


ACCOUNTS = [f"41012230000{number}" for number in range(1, 5)]
PEOPLE = ["u-a", "u-b", "u-c"]
SET = PermissionSet(arn=ARN, name="ProdReadOnly", session_seconds=3600, digest="d" * 64, seen_at=NOW)
SEEN = Seen(
    Organization(
        id="o-1", management_account="410122300000", instance_arn="arn:i", own_account="410122300009", seen_at=NOW
    ),
    {number: account(number) for number in ACCOUNTS},
    SET,
    frozenset(),
    frozenset(),
)


def form(**changed: object) -> TemporaryAccessForm:
    values = {"accounts": ACCOUNTS[:2], "permission_set": ARN, "until": timedelta(minutes=15), "reason": "調査のため"}
    return TemporaryAccessForm.model_construct(
        **{**dict.fromkeys(TemporaryAccessForm.model_fields), **values, **changed}
    )


def planned(asked: TemporaryAccessForm, seen: Seen = SEEN, people: list[str] | None = None) -> Plan:
    workers = [person(name.removeprefix("u-")) for name in people or ["u-a"]]
    return plan(asked, seen, Asked.by(workers[0], workers, NOW))


def signed(made: Plan) -> str:
    return digest(signed_bytes(made, Decided("R-1", "u-a", ["u-a"], "delegated", "r", {})))


@given(
    accounts=st.lists(st.sampled_from(ACCOUNTS), min_size=1, max_size=8),
    people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True),
    assigned=st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ACCOUNTS))),
    through=st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ACCOUNTS))),
)
def test_there_is_one_step_for_each_person_and_account_whatever_is_there_already(
    accounts: list[str], people: list[str], assigned: set[tuple[str, str]], through: set[tuple[str, str]]
) -> None:
    seen = replace(SEEN, assigned=frozenset(assigned), through_group=frozenset(through))
    made = planned(form(accounts=accounts), seen, people)
    assert {(step.person, step.account) for step in made.steps} == {(p, a) for p in people for a in accounts}
    assert len(made.steps) == len(people) * len(set(accounts))
    assert all(step.present == ((step.person, step.account) in assigned) for step in made.steps)
    told = {(s.person, s.account) for s in made.steps if [w.code for w in s.warnings] == ["already_through_group"]}
    assert told == through & {(s.person, s.account) for s in made.steps}


@given(
    assigned=st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ACCOUNTS))),
    order=st.permutations(PEOPLE),
)
def test_what_is_there_already_and_the_order_of_names_never_change_what_is_signed(
    assigned: set[tuple[str, str]], order: list[str]
) -> None:
    assert signed(planned(form(), replace(SEEN, assigned=frozenset(assigned)), order)) == signed(
        planned(form(), SEEN, PEOPLE)
    )


def test_an_edited_permission_set_changes_what_is_signed_and_a_renamed_one_does_not() -> None:
    def with_set(**changed: object) -> str:
        values = {"arn": ARN, "name": SET.name, "session_seconds": 3600, "digest": SET.digest, "seen_at": NOW}
        return signed(planned(form(), replace(SEEN, permission_set=PermissionSet(**{**values, **changed}))))

    assert with_set(digest="e" * 64) != with_set()
    assert with_set(session_seconds=43200) != with_set()
    assert with_set(name="Renamed") == with_set()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"until": timedelta()}, "no_time_at_all"),
        ({"until": timedelta(minutes=-5)}, "no_time_at_all"),
        ({"until": NOW}, "end_before_start"),
        ({"start": NOW + timedelta(hours=2), "until": NOW + timedelta(hours=1)}, "end_before_start"),
        ({"start": NOW - timedelta(hours=1)}, "start_in_the_past"),
        ({"accounts": ["999999999999"]}, "unknown_account"),
        ({"permission_set": "arn:gone"}, "unknown_permission_set"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_plans_nothing(changed: dict[str, object], code: str) -> None:
    seen = SEEN if "permission_set" not in changed else replace(SEEN, permission_set=None)
    made = planned(form(**changed), seen)
    assert [refusal.code for refusal in made.refusals] == [code]
    assert made.steps == ()


@pytest.mark.parametrize("status", ["SUSPENDED", "PENDING_CLOSURE"])
def test_an_account_that_is_not_open_is_refused(status: str) -> None:
    seen = replace(SEEN, accounts={**SEEN.accounts, ACCOUNTS[0]: account(ACCOUNTS[0], status=status)})
    assert [refusal.code for refusal in planned(form(), seen).refusals] == ["account_not_open"]


def test_a_delegated_administrator_does_not_promise_the_management_account() -> None:
    management = SEEN.organization.management_account
    seen = replace(SEEN, accounts={management: account(management)})
    assert [r.code for r in planned(form(accounts=[management]), seen).refusals] == ["management_account"]
    provisioned = PermissionSet(arn=ARN, name="Root", digest="d" * 64, in_management_account=True, seen_at=NOW)
    codes = [r.code for r in planned(form(), replace(SEEN, permission_set=provisioned)).refusals]
    assert codes == ["set_in_management_account"]


def test_the_plan_says_how_long_credentials_issued_at_the_end_still_work() -> None:
    warnings = {warning.code: warning.params for warning in planned(form()).warnings}
    assert warnings["credentials_outlive"] == {"minutes": 60}
