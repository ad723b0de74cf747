"""Another request becomes a routine's: in the requester's name, within their rights, never approved by who did it."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Request, Rule
from kumoban.desk.planning import ShapeError
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office


def other(office: Office, name: str = "sato") -> Request:
    form = {"subject": "本番を見たい", "what": "payments-prod のログを見たいです。"}
    return requests.ask(office.actor(name), "other-request", form)


def convert(office: Office, old: Request, by: str = "takahashi", **changed: Any) -> Request:
    return requests.convert(
        office.actor(by), old.number, "temporary-access", office.form(**{"workers": ["u-sato"], **changed})
    )


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.reasons[0].code


def approved_by_ops() -> None:
    Rule.objects.update(approvers=[{"group": "g-ops", "count": 1}])


def without_approval() -> None:
    Rule.objects.update(approvers=[])


def second_ops_member(office: Office, name: str) -> None:
    office.aws.members["g-ops"].add(f"u-{name}")
    Membership.objects.create(person_id=f"u-{name}", group_id="g-ops", seen_at=database_now())


def test_the_new_request_is_the_requesters_and_the_old_one_is_done(office: Office) -> None:
    old = other(office)
    new = convert(office, old)
    old.refresh_from_db()
    assert (old.state, old.why[0]["params"]["request"]) == ("done", new.number)
    assert new.requester_id == "u-sato"
    assert new.asked_by.person_id == "u-takahashi"
    assert new.converted_from_id == old.pk
    assert new.state == "waiting"
    assert not old.steps.filter(phase="open").exists()
    asked = Entry.objects.get(kind="request.asked", subject=new.number)
    assert asked.actor == "u-takahashi"


def test_the_requesters_rights_decide_not_those_of_who_converts(office: Office) -> None:
    old = other(office, "kim")  # no rule allows kim anything
    with pytest.raises(Refused) as refused:
        convert(office, old, workers=["u-kim"])
    assert code(refused) == "no_rule_allows"
    Rule.objects.update(who={"groups": ["g-ops"]})  # the operations member might, the requester may not
    with pytest.raises(Refused) as refused:
        convert(office, old, workers=["u-kim"])
    assert code(refused) == "no_rule_allows"
    assert Request.objects.get(pk=old.pk).state == "applying"


def test_the_member_who_converts_gains_nothing_as_a_worker_either(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        convert(office, other(office), workers=["u-takahashi"])
    assert code(refused) == "no_rule_allows"


def test_who_converts_does_not_approve_it(office: Office) -> None:
    approved_by_ops()
    second_ops_member(office, "kim")
    new = convert(office, other(office))
    assert not rules.inbox(office.actor("takahashi")).filter(pk=new.pk).exists()
    assert rules.inbox(office.actor("kim")).filter(pk=new.pk).exists()
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor("takahashi"), new.number, plan_digest=new.plan.digest)  # type: ignore[union-attr]
    assert code(refused) == "not_own_request"
    requests.approve(office.actor("kim"), new.number, plan_digest=new.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    assert Request.objects.get(pk=new.pk).state == "active"


def test_not_from_another_account_either(office: Office) -> None:
    approved_by_ops()
    second_ops_member(office, "kim")
    Person.objects.filter(pk__in=["u-kim", "u-takahashi"]).update(employee_number="100")
    with pytest.raises(Refused) as refused:
        convert(office, other(office))
    assert code(refused) == "nobody_else_can_approve"


def test_where_only_who_converts_could_approve_it_is_refused_at_once(office: Office) -> None:
    approved_by_ops()
    old = other(office)
    with pytest.raises(Refused) as refused:
        convert(office, old)
    assert code(refused) == "nobody_else_can_approve"
    assert Request.objects.get(pk=old.pk).state == "applying"


def test_where_nobody_has_to_approve_the_requesters_own_word_is_waited_for(office: Office) -> None:
    without_approval()
    new = convert(office, other(office))
    office.runner.drain()
    new.refresh_from_db()
    assert (new.state, new.why[0]["code"]) == ("waiting", "converted_for_you")
    assert not office.has("410122300001", "u-sato")
    assert rules.to_confirm(office.actor("sato")).filter(pk=new.pk).exists()
    for stranger in ("takahashi", "ren"):
        with pytest.raises(Refused):
            requests.confirm_plan(office.actor(stranger), new.number, plan_digest=new.plan.digest)  # type: ignore[union-attr]
    requests.confirm_plan(office.actor("sato"), new.number, plan_digest=new.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    assert Request.objects.get(pk=new.pk).state == "active"


def test_only_operations_converts_and_only_what_is_open(office: Office) -> None:
    old = other(office)
    for name in ("sato", "suzuki"):
        with pytest.raises(Refused) as refused:
            convert(office, old, by=name)
        assert code(refused) == "ops_only"
    access = requests.ask(office.actor("sato"), "temporary-access", office.form())
    with pytest.raises(Refused) as refused:
        convert(office, access)
    assert code(refused) == "not_convertible"
    convert(office, old)
    with pytest.raises(Refused) as refused:
        convert(office, old)
    assert code(refused) == "not_convertible"
    with pytest.raises(Refused) as refused:
        requests.convert(office.actor("takahashi"), other(office).number, "other-request", {})
    assert code(refused) == "not_convertible"


def test_a_requester_who_has_left_asks_for_nothing(office: Office) -> None:
    old = other(office)
    Person.objects.filter(pk="u-sato").update(enabled=False)
    with pytest.raises(Refused) as refused:
        convert(office, old)
    assert code(refused) == "person_gone"


def test_what_is_wrong_in_the_form_leaves_the_old_request_open(office: Office) -> None:
    old = other(office)
    with pytest.raises(ShapeError):
        requests.convert(office.actor("takahashi"), old.number, "temporary-access", {"reason": "x"})
    assert Request.objects.get(pk=old.pk).state == "applying"


def test_who_converts_does_not_report_in_the_requesters_place(office: Office) -> None:
    new = convert(office, other(office))
    requests.approve(office.actor("suzuki"), new.number, plan_digest=new.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    requests.end_early(office.actor("sato"), new.number)
    office.runner.drain()
    with pytest.raises(Refused) as refused:
        requests.report(office.actor("takahashi"), new.number, outcome="complete")
    assert code(refused) == "not_your_work"


def test_a_returned_conversion_is_corrected_by_its_requester(office: Office) -> None:
    new = convert(office, other(office))
    requests.return_for_correction(office.actor("suzuki"), new.number, comment="短く")
    again = requests.resubmit(office.actor("sato"), new.number, office.form(workers=["u-sato"], until="5m"))
    assert again.state == "waiting"
    with pytest.raises(Refused):
        requests.resubmit(office.actor("takahashi"), new.number, office.form(workers=["u-sato"]))
