"""Permission sets: made, changed and removed; what is in them is validated, and accounts are brought up to them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kumoban.aws.door import door
from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request, Step
from kumoban.estate.scan import scan_assignments, scan_permission_sets
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        yield opened


def ask(desk: Practice, **form: object) -> Request:
    return requests.ask(desk.actor("takahashi"), "permission-set", {"reason": "調査用の権限、責任者の依頼", **form})


def done(desk: Practice, made: Request) -> Request:
    desk.approve(made, "kim")
    return desk.until(made, "done")


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_a_set_is_made_with_its_policies(desk: Practice) -> None:
    made = ask(
        desk,
        act="create",
        name="S3Read",
        description="Reads S3",
        to_attach="job-function/ViewOnlyAccess",
        inline=json.dumps(POLICY, indent=4),
    )
    done(desk, made)
    found = desk.aws.engine.world.center.set_named("S3Read")
    assert found is not None
    assert found.description == "Reads S3"
    assert [arn for _name, arn in found.content.managed] == ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]
    assert json.loads(found.content.inline) == POLICY


def test_a_changed_set_brings_every_account_up_to_it(desk: Practice) -> None:
    grant = desk.granted("ren")
    made = ask(desk, act="change", permission_set=desk.permission_set, inline=json.dumps(POLICY))
    warnings = {reason.code for reason in made.plan.value.warnings}
    assert {"grants_in_force", "one_by_one"} <= warnings
    done(desk, made)
    role = next(
        role
        for role in desk.aws.engine.world.roles.of_account(desk.account("payments-prod"))
        if role.permission_set == desk.permission_set
    )
    assert json.loads(role.inline["AwsSSOInlinePolicy"]) == POLICY
    order = list(Step.objects.filter(request=made, kind="change").order_by("sent_at").values_list("action", flat=True))
    assert order[-1] == "identity_center.provision/1"
    assert grant.state == "active"


def test_an_approval_of_temporary_access_falls_when_the_set_is_changed(desk: Practice) -> None:
    waiting = desk.ask("ren")
    done(desk, ask(desk, act="change", permission_set=desk.permission_set, inline=json.dumps(POLICY)))
    desk.approve(waiting)
    assert desk.work(waiting).state == "waiting"
    assert waiting.plans.count() == 2


def test_what_else_got_into_the_set_meanwhile_is_not_brought_into_accounts_on_the_old_approval(desk: Practice) -> None:
    desk.granted("ren")
    made = ask(desk, act="change", permission_set=desk.permission_set, inline=json.dumps(POLICY))
    desk.admin("sso-admin").attach_managed_policy_to_permission_set(
        InstanceArn=desk.instance,
        PermissionSetArn=desk.permission_set,
        ManagedPolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    made = desk.approve(made, "kim")
    assert made.state == "waiting"
    assert not Step.objects.filter(request=made, kind="change").exists()


def test_a_set_that_somebody_has_is_not_removed_and_one_that_nobody_has_is(desk: Practice) -> None:
    desk.admin("sso-admin").create_account_assignment(**desk.thing("ren"))
    desk.aws.admin.advance(60)
    scan_assignments(door().open("test"), desk.account("payments-prod"), desk.permission_set)
    with pytest.raises(Refused) as refused:
        ask(desk, act="remove", permission_set=desk.permission_set)
    assert codes(refused) == {"set_is_assigned"}
    done(desk, ask(desk, act="create", name="Unused"))
    scan_permission_sets(door().open("test"))
    unused = desk.aws.engine.world.center.set_named("Unused")
    assert unused is not None
    done(desk, ask(desk, act="remove", permission_set=unused.arn))
    assert desk.aws.engine.world.center.set_named("Unused") is None


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "policy_no_json"),
        ('{"Version": "2012-10-17"}', "policy_no_statement"),
        ('{"Version": "2008-10-17", "Statement": []}', "policy_no_statement"),
        (
            '{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}',
            "statement_effect",
        ),
        ('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*"}}', "statement_action"),
        (json.dumps({**POLICY, "Id": "x" * 11_000}), "policy_too_long"),
    ],
)
def test_a_policy_that_aws_would_refuse_is_refused_with_the_reason(desk: Practice, policy: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(desk, act="create", name="Broken", inline=policy)
    assert code in codes(refused)


def test_power_over_everything_is_said(desk: Practice) -> None:
    made = ask(desk, act="create", name="Admin", to_attach="AdministratorAccess", session_hours=8)
    assert {"administers", "long_session"} <= {reason.code for reason in made.plan.value.warnings}
