"""A machine identity asks under rules that name it, and with its token nobody can do anything more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from kumoban.api.main import api
from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.models import Request, Rule, Token
from kumoban.desk.people import Actor
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


class Ci:
    """The machine with its token."""

    def __init__(self, secret: str) -> None:
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        sent = {"data": body or {}, "content_type": "application/json"}
        return Client().post(f"/api/v1/{path}", headers=self.headers, **sent)

    def ask(self, office: Office, **more: Any) -> Any:
        return self.post("requests", {"routine": "temporary-access", "form": office.form(), **more})


def ops(office: Office) -> Caller:
    return Caller(office, "takahashi", "read", "rules")


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


@pytest.fixture
def ci(office: Office) -> Ci:
    """Owned by 佐藤; nothing names it yet."""
    made = ops(office).post("machines", {"name": "ci", "owner": "sato"})
    assert made.status_code == 201
    return Ci(made.json()["secret"])


@pytest.fixture
def named(ci: Ci) -> Ci:
    """The office's rule says the same again for the machine, for people of the payments team."""
    rule = Rule.objects.get()
    rule.pk, rule.name, rule.who = None, "CI", {"machines": ["ci"], "groups": ["g-pay"]}
    rule.save()
    return ci


def test_what_its_owner_may_ask_is_nothing_to_it(office: Office, ci: Ci) -> None:
    assert codes(ci.ask(office)) == ["no_rule_allows"] * 4
    assert not Request.objects.exists()


def test_it_asks_under_a_rule_that_names_it_and_its_owner_answers_for_it(office: Office, named: Ci) -> None:
    made = named.ask(office)
    assert made.status_code == 201
    assert (made.json()["machine"], made.json()["requester"], made.json()["state"]) == ("ci", "sato", "waiting")
    entry = search(subjects=[made.json()["number"]], kind="request.asked")[0]
    assert (entry.actor, entry.facts["requester"], entry.facts["machine"]) == ("machine:ci", "u-sato", "ci")
    assert '"machine":"ci"' in Request.objects.get().plan.signed  # type: ignore[union-attr]


def test_a_rule_that_names_it_gives_people_nothing(office: Office, named: Ci) -> None:
    Rule.objects.exclude(name="CI").delete()
    with pytest.raises(Refused, match="no_rule_allows"):
        requests.ask(office.actor("sato"), "temporary-access", office.form())


def test_it_asks_only_for_people_its_rule_names(office: Office, named: Ci) -> None:
    Membership.objects.filter(person_id="u-ren").delete()
    assert set(codes(named.ask(office))) == {"no_rule_allows"}


def test_what_is_denied_to_its_owner_is_denied_to_it(office: Office, named: Ci) -> None:
    form = office.form(workers=["u-ren"])
    assert named.post("requests", {"routine": "temporary-access", "form": form}).status_code == 201
    denied = Rule.objects.create(
        name="否", routine="temporary-access", effect="deny", who={"people": ["u-sato"]}, changed_at=database_now()
    )
    assert set(codes(named.post("requests", {"routine": "temporary-access", "form": form}))) == {"denied_by_rule"}
    Rule.objects.filter(pk=denied.pk).update(who={})
    assert set(codes(named.post("requests", {"routine": "temporary-access", "form": form}))) == {"denied_by_rule"}


def test_its_owner_never_approves_what_it_asks_under_any_account(office: Office, named: Ci) -> None:
    number = named.ask(office).json()["number"]
    digest = Request.objects.get().plan.digest  # type: ignore[union-attr]
    Membership.objects.create(person_id="u-sato", group_id="g-leads", seen_at=database_now())
    for lead in ("sato", "suzuki"):
        Person.objects.filter(user_name=lead).update(employee_number="1001")
    for lead in ("sato", "suzuki"):
        with pytest.raises(Refused, match="not_own_request"):
            requests.approve(office.actor(lead), number, plan_digest=digest)
    assert requests.approve(office.actor("tanaka"), number, plan_digest=digest).state == "approved"


def test_its_token_opens_nothing_but_asking_and_its_own_requests(office: Office, named: Ci, settings: Any) -> None:
    settings.KUMOBAN_MACHINE_CALLS = 10_000
    number = named.ask(office).json()["number"]
    theirs = requests.ask(office.actor("sato"), "temporary-access", office.form()).number
    opened = set()
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method in operations:
            for one in (number, theirs):
                filled = path.replace("{number}", one).replace("{name}", "temporary-access").replace("{system}", "x")
                filled = filled.replace("{machine}", "ci").replace("{pk}", "1").replace("{", "").replace("}", "")
                answer = Client().generic(
                    method.upper(), filled, b"{}", content_type="application/json", headers=named.headers
                )
                if answer.status_code not in (403, 404):
                    opened.add(f"{method} {path.removeprefix('/api/v1/')}")
                    not_its_own = one == theirs and "{number}" in path
                    assert not not_its_own or answer.status_code == 422, path  # an empty body, read before the row
    assert opened == {
        "get me",
        "get requests",
        "get requests/{number}",
        "get requests/{number}/plans",
        "get routines",
        "get routines/{name}",
        "post outside/{system}/decisions",  # signed, not by token
        "post requests",
        "post requests/preview",
        "post requests/{number}/resubmit",
        "post requests/{number}/withdraw",
    }
    assert [one["number"] for one in named.get("requests").json()] == [number]
    assert named.get("requests?waiting_for_me=true").json() == []


def test_also_past_the_door_it_has_no_office_no_group_and_no_more_scopes(office: Office, named: Ci) -> None:
    """Were a token given scopes by a hand in the database, and its owner one of operations."""
    Machine.objects.update(owner=Person.objects.get(user_name="takahashi"))
    actor = Actor(Machine.objects.get().user, frozenset({"read", "ask", "approve", "rules"}))
    assert (actor.ops, actor.auditor, actor.ops_lead, actor.groups, actor.refs) == (False, False, False, set(), set())
    for scope in ("approve", "rules", "calendar", "outside"):
        with pytest.raises(Refused, match="not_for_machines"):
            actor.needs(scope)
    assert not rules.visible_accounts(actor).exists()
    assert not rules.inbox(actor).exists()
    assert not rules.work(actor, database_now()).exists()


def test_it_asks_for_no_emergency_and_for_nothing_that_is_the_operations_team_s(office: Office, named: Ci) -> None:
    Machine.objects.update(owner=Person.objects.get(user_name="takahashi"))
    assert codes(named.ask(office, emergency=True)) == ["not_for_machines"]
    assert codes(named.post("requests", {"routine": "identity-user", "form": {}})) == ["ops_only"]
    other = named.post(
        "requests", {"routine": "other-request", "form": {"subject": "費用の調査", "what": "費用を調べてください"}}
    )
    assert codes(other) == ["not_for_machines"]
    assert not Request.objects.exists()


def test_it_cannot_pass_for_the_desk_by_an_idempotency_key(office: Office, named: Ci) -> None:
    """What the desk opens by itself is known by the desk's own user, not by being asked by any machine."""
    named.ask(office, idempotency="emergency:event-1")
    assert not Request.objects.get().by_desk


def test_what_it_asked_for_is_not_approved_once_it_is_stopped_or_has_run_out_or_its_owner_left(
    office: Office, named: Ci
) -> None:
    number = named.ask(office).json()["number"]
    digest = Request.objects.get().plan.digest  # type: ignore[union-attr]

    def refused() -> str:
        with pytest.raises(Refused) as caught:
            requests.approve(office.actor("suzuki"), number, plan_digest=digest)
        return caught.value.reasons[0].code

    Person.objects.filter(pk="u-sato").update(enabled=False)
    assert refused() == "machine_without_owner"
    assert codes(named.get("requests")) == ["machine_without_owner"]
    Person.objects.filter(pk="u-sato").update(enabled=True)
    Token.objects.filter(user__login="machine:ci").update(expires_at=database_now())
    assert refused() == "machine_expired"
    assert named.get("requests").status_code == 401
    Token.objects.filter(user__login="machine:ci").update(expires_at=database_now() + timedelta(days=1))
    ops(office).post("machines/ci/hand-over", {"owner": "ren"})
    assert refused() == "machine_handed_over"
    ops(office).post("machines/ci/stop", {})
    assert refused() == "machine_stopped"
    assert named.get("requests").status_code == 401


def test_what_was_approved_is_not_applied_once_it_is_stopped(office: Office, named: Ci) -> None:
    number = named.ask(office).json()["number"]
    plan = Request.objects.get().plan
    assert plan is not None
    requests.approve(office.actor("suzuki"), number, plan_digest=plan.digest)
    ops(office).post("machines/ci/stop", {})
    office.runner.drain()
    assert Request.objects.get().state == "refused"
    assert Request.objects.get().why[0]["code"] == "machine_stopped"
    assert not office.aws.assigned


def test_what_was_approved_is_applied_while_it_goes_on(office: Office, named: Ci) -> None:
    number = named.ask(office).json()["number"]
    plan = Request.objects.get().plan
    assert plan is not None
    requests.approve(office.actor("suzuki"), number, plan_digest=plan.digest)
    office.runner.drain()
    assert Request.objects.get().state == "active"
    assert office.has("410122300001", "u-ren")


def test_the_rule_that_names_it_is_asked_again_at_approval(office: Office, named: Ci) -> None:
    number = named.ask(office).json()["number"]
    plan = Request.objects.get().plan
    assert plan is not None
    Rule.objects.filter(name="CI").update(enabled=False)  # what allows 佐藤 in person stands
    with pytest.raises(Refused, match="no_rule_allows"):
        requests.approve(office.actor("suzuki"), number, plan_digest=plan.digest)


def test_its_owner_withdraws_what_it_asked_for_but_puts_nothing_under_its_rules(office: Office, named: Ci) -> None:
    number = named.ask(office).json()["number"]
    plan = Request.objects.get().plan
    assert plan is not None
    requests.return_for_correction(office.actor("suzuki"), number, comment="人を減らしてください")
    Rule.objects.exclude(name="CI").update(enabled=False)
    with pytest.raises(Refused):
        requests.resubmit(office.actor("sato"), number, office.form(workers=["u-sato"]))
    Rule.objects.update(enabled=True)
    with pytest.raises(Refused, match="machine_asks_itself"):
        requests.resubmit(office.actor("sato"), number, office.form(workers=["u-sato"]))
    again = named.post(f"requests/{number}/resubmit", {"routine": "temporary-access", "form": office.form()})
    assert again.json()["state"] == "waiting"
    assert requests.withdraw(office.actor("sato"), number).state == "withdrawn"


def test_it_touches_nothing_its_owner_asked_for(office: Office, named: Ci) -> None:
    theirs = requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert named.get(f"requests/{theirs.number}").status_code == 404
    assert named.post(f"requests/{theirs.number}/withdraw").status_code == 403
    requests.return_for_correction(office.actor("suzuki"), theirs.number, comment="人を減らしてください")
    again = named.post(f"requests/{theirs.number}/resubmit", {"routine": "temporary-access", "form": office.form()})
    assert codes(again) == ["not_your_request"]
    theirs.refresh_from_db()
    assert theirs.state == "returned"


def test_two_tokens_are_alive_during_a_change_and_never_three(office: Office, named: Ci) -> None:
    second = Ci(ops(office).post("machines/ci/rotate", {"overlap_hours": 2}).json()["secret"])
    assert (named.get("me").status_code, second.get("me").status_code) == (200, 200)
    old = Token.objects.order_by("id").filter(user__login="machine:ci")[0]
    assert old.expires_at <= database_now() + timedelta(hours=2)
    third = Ci(ops(office).post("machines/ci/rotate", {}).json()["secret"])
    assert [one.get("me").status_code for one in (named, second, third)] == [401, 200, 200]
    last = Ci(ops(office).post("machines/ci/rotate", {"overlap_hours": 0}).json()["secret"])
    assert [one.get("me").status_code for one in (second, third, last)] == [401, 401, 200]


def test_a_token_may_only_read(office: Office, named: Ci) -> None:
    reading = Ci(ops(office).post("machines/ci/rotate", {"scopes": ["read"]}).json()["secret"])
    assert codes(reading.ask(office)) == ["scope_missing"]
    for scope in ("approve", "rules", "calendar", "outside"):
        assert ops(office).post("machines/ci/rotate", {"scopes": ["read", scope]}).status_code == 422


def test_beyond_its_calls_of_a_minute_it_is_refused_until_the_next(office: Office, named: Ci, settings: Any) -> None:
    settings.KUMOBAN_MACHINE_CALLS = 3
    asked = [named.get("me").status_code for _ in range(9)]  # a minute may end meanwhile, but not two
    assert asked[:3] == [200, 200, 200]
    assert asked.count(429) >= 3
    Machine.objects.update(calls=99, minute=F("minute") - timedelta(minutes=1))
    assert named.get("me").status_code == 200


def test_only_operations_keep_machines_and_the_ledger_says_who(office: Office, ci: Ci) -> None:
    body = {"name": "other", "owner": "sato"}
    for path, sent in (
        ("machines", body),
        ("machines/ci/rotate", {}),
        ("machines/ci/hand-over", {"owner": "ren"}),
        ("machines/ci/stop", {}),
    ):
        assert Caller(office, "sato", "read", "ask", "approve", "rules").post(path, sent).status_code == 403
        assert Caller(office, "takahashi", "read", "ask", "approve").post(path, sent).status_code == 403
        assert ci.post(path, sent).status_code == 403
    assert Caller(office, "sato", "read").get("machines").status_code == 403
    ops(office).post("machines/ci/rotate", {})
    ops(office).post("machines/ci/hand-over", {"owner": "ren"})
    ops(office).post("machines/ci/stop", {})
    kept = search(subjects=["machine:ci"])
    assert sorted((entry.kind, entry.actor) for entry in kept) == [
        ("machine.handed_over", "u-takahashi"),
        ("machine.made", "u-takahashi"),
        ("machine.rotated", "u-takahashi"),
        ("machine.stopped", "u-takahashi"),
    ]


def test_no_token_makes_a_machine_where_a_new_proof_is_asked_for(office: Office, settings: Any) -> None:
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_STEP_UP_MINUTES = "https://idp.example.jp", 15
    assert codes(ops(office).post("machines", {"name": "ci", "owner": "sato"})) == ["step_up_not_by_token"]


def test_a_name_is_given_once_and_a_stopped_machine_stays_stopped(office: Office, ci: Ci) -> None:
    ops(office).post("machines/ci/stop", {})
    assert codes(ops(office).post("machines", {"name": "ci", "owner": "ren"})) == ["machine_name_taken"]
    for verb, body in (("rotate", {}), ("hand-over", {"owner": "ren"}), ("stop", {})):
        assert codes(ops(office).post(f"machines/ci/{verb}", body)) == ["machine_stopped"]
    (listed,) = ops(office).get("machines").json()
    assert (listed["why_not"], listed["tokens"]) == ("machine_stopped", [])


def test_after_its_owner_left_it_goes_on_with_another(office: Office, named: Ci) -> None:
    Person.objects.filter(pk="u-sato").update(absent_since=database_now())
    assert codes(named.ask(office)) == ["machine_without_owner"]
    assert ops(office).post("machines/ci/hand-over", {"owner": "suzuki"}).json()["why_not"] is None
    made = named.post("requests", {"routine": "temporary-access", "form": office.form(workers=["u-ren"])})
    assert made.json()["requester"] == "suzuki"


def test_a_rule_names_only_machines_that_are_there_and_says_for_whom(office: Office, ci: Ci) -> None:
    rule = {
        "name": "夜間バッチ",
        "routine": "temporary-access",
        "dimensions": {"account": ["*"], "environment": ["*"], "permission_set": ["*"]},
        "limits": {"max_minutes": 60},
    }
    caller = ops(office)
    assert codes(caller.post("rules", {**rule, "who": {"machines": ["ci"]}})) == ["rule_for_nobody"]
    assert codes(caller.post("rules", {**rule, "who": {"machines": ["no"], "everyone": True}})) == ["unknown_machine"]
    late = {**rule, "limits": {"afterwards_days": 1}, "approvers": [{"group": "g-leads"}]}
    assert codes(caller.post("rules", {**late, "who": {"machines": ["ci"], "everyone": True}})) == ["not_for_machines"]
    made = caller.post("rules", {**rule, "who": {"machines": ["ci"], "groups": ["g-pay"]}})
    assert made.status_code == 201
    assert Rule.objects.get(name="夜間バッチ").who == {"machines": ["ci"], "groups": ["g-pay"]}


def test_it_is_explained_whether_a_machine_may_ask_for_somebody(office: Office, named: Ci) -> None:
    question = {
        "person": "ren",
        "values": {"account": ["410122300001"], "permission_set": [office.form()["permission_set"]]},
        "minutes": 15,
    }
    caller = Caller(office, "takahashi", "read")
    assert caller.post("rules/explain", {**question, "machine": "ci"}).json()["allowed"] is True
    Rule.objects.filter(name="CI").delete()
    assert caller.post("rules/explain", {**question, "machine": "ci"}).json()["allowed"] is False
    assert caller.post("rules/explain", question).json()["allowed"] is True


def test_a_further_token_may_do_what_the_last_one_might_and_no_more(office: Office, named: Ci) -> None:
    ops(office).post("machines/ci/rotate", {"scopes": ["read"]})
    next_one = Ci(ops(office).post("machines/ci/rotate", {}).json()["secret"])
    assert codes(next_one.ask(office)) == ["scope_missing"]
    asking = Ci(ops(office).post("machines/ci/rotate", {"scopes": ["read", "ask"]}).json()["secret"])
    assert asking.ask(office).status_code in (200, 201)
