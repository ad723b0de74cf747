"""What a rule asks beside who and how long: its hours, a week's total, exact pairs, what is said of an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.explain import Question, explain
from kumoban.desk.models import Hold, Request, Rule
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import routine_of
from kumoban.desk.rule_book import RuleForm, save_rule
from kumoban.desk.shapes import read
from kumoban.estate.models import Account, PermissionSet, Person, RegisterEntry
from kumoban.ledger.clock import database_now
from tests.integration.conftest import ARN, Office

ACCESS = "temporary-access"
PAY, DATA = "410122300001", "410122300002"
OTHER = ARN.replace("1111111111111111", "2222222222222222")


def rule(**changed: Any) -> Rule:
    """The one rule there is, changed as a person would; without approvers, so that asking is having."""
    ordinary = Rule.objects.get()
    written = {name: getattr(ordinary, name) for name in ("name", "routine", "who", "dimensions", "limits")}
    return save_rule(None, read(RuleForm, {**written, "approvers": [], **changed}).stored(), ordinary)


def ask(office: Office, **form: object) -> Request:
    return requests.ask(office.actor("sato"), ACCESS, office.form(workers=["u-sato"], **form))


def refusals(office: Office, **form: object) -> list[str]:
    with pytest.raises(Refused) as refused:
        ask(office, **form)
    return [reason.code for reason in refused.value.reasons]


def problems(**changed: Any) -> list[tuple[str, str]]:
    with pytest.raises(ShapeError) as wrong:
        rule(**changed)
    return [(name, reason.code) for name, reason in wrong.value.errors]


def next_open_day(hour: int) -> datetime:
    """A business day that has not begun: the Wednesday after next, which no holiday of this test's years falls on."""
    here = database_now().astimezone(organisation_zone())
    days = (2 - here.weekday()) % 7 + 7
    return (here + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


# --- 時間帯


NIGHT = {"hours": [{"day": "every", "start": "22:00", "until": "05:00"}], "max_minutes": 480}


def test_a_rule_with_hours_allows_what_lies_in_them_from_start_to_end(office: Office) -> None:
    rule(limits=NIGHT)
    start = next_open_day(23)
    until = (start + timedelta(hours=6)).isoformat()
    assert ask(office, start=start.isoformat(), until=until).state == "approved"


@pytest.mark.parametrize("minutes", [-1, 1])
def test_a_minute_before_or_after_its_hours_is_refused_by_name(office: Office, minutes: int) -> None:
    rule(limits=NIGHT)
    start, until = next_open_day(22), next_open_day(22) + timedelta(hours=7)
    given = {"start": start + timedelta(minutes=min(minutes, 0)), "until": until + timedelta(minutes=max(minutes, 0))}
    assert refusals(office, **{name: at.isoformat() for name, at in given.items()}) == ["out_of_hours"] * 2


def test_rules_with_other_hours_share_the_day_between_them(office: Office) -> None:
    ordinary = rule(limits={"hours": [{"day": "every", "start": "09:00", "until": "18:00"}], "max_minutes": 60})
    rest = {"day": "every", "start": "18:00", "until": "09:00"}
    values = {"name": "夜間", "limits": {"hours": [rest], "max_minutes": 60}, "approvers": [{"group": "g-leads"}]}
    same = {"routine": ACCESS, "who": ordinary.who, "dimensions": ordinary.dimensions}
    save_rule(None, read(RuleForm, {**same, **values}).stored())
    noon, night = next_open_day(12), next_open_day(20)
    at_noon = ask(office, start=noon.isoformat(), until=(noon + timedelta(minutes=30)).isoformat())
    at_night = ask(office, start=night.isoformat(), until=(night + timedelta(minutes=30)).isoformat())
    assert (at_noon.state, at_night.state) == ("approved", "waiting")


def test_hours_are_held_against_the_clock_again_when_it_is_applied(office: Office) -> None:
    """A rule changed after the approval: what is out of its hours now is not applied."""
    start = next_open_day(12)
    rule(limits={"max_minutes": 60})
    made = ask(office, start=start.isoformat(), until=(start + timedelta(minutes=30)).isoformat())
    rule(limits={"hours": [{"day": "closed", "start": "00:00", "until": "00:00"}], "max_minutes": 60})
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, {why["code"] for why in made.why}) == ("refused", {"out_of_hours"})


def test_hours_that_are_none_are_refused_where_they_stand() -> None:
    wrong = [{"day": "business", "start": "9時", "until": "18:00"}]
    with pytest.raises(ShapeError) as refused:
        read(RuleForm, {"name": "x", "routine": ACCESS, "limits": {"hours": wrong}})
    assert ("limits.hours.0.start", "no_clock_time") in [(name, reason.code) for name, reason in refused.value.errors]


# --- 週の合計


def monday_noon() -> datetime:
    """Of the week after next, so that the whole week lies ahead."""
    return next_open_day(12) - timedelta(days=2)


def asked_on(office: Office, start: datetime, minutes: int, **form: object) -> Request:
    until = start + timedelta(minutes=minutes)
    return ask(office, start=start.isoformat(), until=until.isoformat(), **form)


def test_a_week_has_its_total_and_the_refusal_says_what_is_left(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 90})
    assert asked_on(office, monday_noon(), 60).state == "approved"
    with pytest.raises(Refused) as refused:
        asked_on(office, monday_noon() + timedelta(days=3), 31)
    reason = refused.value.reasons[0]
    assert (reason.code, reason.params["most"], reason.params["left"]) == ("week_used_up", 90, 30)
    assert asked_on(office, monday_noon() + timedelta(days=3), 30).state == "approved"


def test_the_next_week_begins_anew_on_monday(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 90})
    asked_on(office, monday_noon(), 90)
    assert asked_on(office, monday_noon() + timedelta(days=7), 90).state == "approved"


def test_what_is_had_at_the_same_time_counts_once(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 60})
    asked_on(office, monday_noon(), 60, accounts=[PAY])
    assert asked_on(office, monday_noon(), 60, accounts=[DATA]).state == "approved"


def test_what_was_given_back_early_counts_as_long_as_it_was_had(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 90})
    made = asked_on(office, monday_noon(), 90)
    Hold.objects.filter(request=made).update(state="ended", ended_at=monday_noon() + timedelta(minutes=20))
    assert asked_on(office, monday_noon() + timedelta(days=1), 70).state == "approved"


def test_another_user_of_the_same_human_being_shares_the_total(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 60})
    Person.objects.filter(id__in=["u-sato", "u-ren"]).update(employee_number="100234")
    asked_on(office, monday_noon(), 60)
    start = monday_noon() + timedelta(days=1)
    form = office.form(workers=["u-ren"], start=start.isoformat(), until=(start + timedelta(minutes=15)).isoformat())
    with pytest.raises(Refused) as refused:
        requests.ask(office.actor("ren"), ACCESS, form)
    assert {reason.code for reason in refused.value.reasons} == {"week_used_up"}


def test_two_that_wait_at_once_do_not_both_get_the_rest_of_a_week(office: Office) -> None:
    """Each was within the total when it was asked; the second one approved is decided again, and refused."""
    rule(limits={"max_minutes": 120, "week_minutes": 90}, approvers=[{"group": "g-leads"}])
    first, second = (asked_on(office, monday_noon() + timedelta(days=day), 60) for day in (0, 1))
    requests.approve(office.actor("suzuki"), first.number, plan_digest=first.plan.digest)
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor("suzuki"), second.number, plan_digest=second.plan.digest)
    assert {reason.code for reason in refused.value.reasons} == {"week_used_up"}


def test_a_request_does_not_use_up_its_own_week(office: Office) -> None:
    rule(limits={"max_minutes": 120, "week_minutes": 90})
    made = ask(office, until="80m")
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


ALWAYS = [{"day": day, "start": "00:00", "until": "00:00"} for day in ("business", "closed")]


@pytest.mark.parametrize("limit", [{"hours": ALWAYS}, {"week_minutes": 60}])
@pytest.mark.parametrize("until", ["9999-12-31T23:00:00+09:00", "4026-12-01T00:00:00+09:00"])
def test_an_end_ages_away_is_longer_than_the_rule_and_nothing_is_counted(
    office: Office, limit: dict[str, Any], until: str
) -> None:
    rule(limits={"max_minutes": 60, **limit})
    assert set(refusals(office, until=until)) == {"longer_than_rule"}


# --- 組


@pytest.fixture
def two_sets(office: Office) -> Office:
    PermissionSet.objects.create(arn=OTHER, name="ProdAdmin", seen_at=database_now())
    return office


def test_pairs_allow_each_permission_set_in_its_own_account_only(two_sets: Office) -> None:
    rule(
        dimensions={"environment": ["*"]},
        pairs=[{"account": PAY, "permission_set": ARN}, {"account": DATA, "permission_set": OTHER}],
    )
    assert ask(two_sets, accounts=[PAY]).state == "approved"
    assert refusals(two_sets, accounts=[DATA]) == ["no_rule_allows"]


def test_what_pairs_allow_is_what_is_offered(two_sets: Office) -> None:
    rule(dimensions={"environment": ["*"]}, pairs=[{"account": PAY, "permission_set": ARN}])
    routine = routine_of(ACCESS)
    assert routine is not None
    found = rules.offered(routine, Person.objects.get(pk="u-sato"))
    assert [(account.id, sets) for account, sets in found] == [(PAY, {ARN})]


def test_a_deny_rule_with_pairs_forbids_these_pairs_and_nothing_else(two_sets: Office) -> None:
    rule()
    pair = {"account": PAY, "permission_set": ARN}
    save_rule(None, read(RuleForm, {"name": "禁止", "routine": ACCESS, "effect": "deny", "pairs": [pair]}).stored())
    assert refusals(two_sets, accounts=[PAY]) == ["denied_by_rule"]
    assert ask(two_sets, accounts=[DATA]).state == "approved"


def test_a_pair_that_names_nothing_known_is_refused_where_it_stands(office: Office) -> None:
    assert problems(pairs=[{"account": "999999999999", "permission_set": "*"}]) == [
        ("pairs.0.account", "unknown_account")
    ]
    assert problems(pairs=[{"account": PAY}]) == [("pairs.0", "pair_of_one")]
    assert problems(pairs=[{"account": PAY, "color": "red"}]) == [("pairs.0.color", "unknown_dimension")]


# --- タグと台帳


@pytest.fixture
def described(office: Office) -> Office:
    Account.objects.filter(pk=PAY).update(tags={"Criticality": "high"})
    now = database_now()
    RegisterEntry.objects.create(
        account_id=DATA, data_class="個人情報", own={"pci": "対象"}, created_at=now, changed_at=now
    )
    return office


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("tag:Criticality=high", PAY),
        ("register:data_class=個人情報", DATA),
        ("register:pci=対象", DATA),
    ],
)
def test_a_rule_speaks_of_the_accounts_with_a_tag_or_a_line_of_the_register(
    described: Office, pattern: str, allowed: str
) -> None:
    rule(dimensions={"account": [pattern], "environment": ["*"], "permission_set": ["*"]})
    other = DATA if allowed == PAY else PAY
    assert ask(described, accounts=[allowed]).state == "approved"
    assert refusals(described, accounts=[other]) == ["no_rule_allows"]
    routine = routine_of(ACCESS)
    assert routine is not None
    assert [account.id for account, _sets in rules.offered(routine, Person.objects.get(pk="u-sato"))] == [allowed]


def test_an_account_whose_tag_changes_leaves_the_rule(described: Office) -> None:
    rule(dimensions={"account": ["tag:Criticality=high"], "environment": ["*"], "permission_set": ["*"]})
    Account.objects.filter(pk=PAY).update(tags={"Criticality": "low"})
    assert refusals(described, accounts=[PAY]) == ["no_rule_allows"]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("tag:Criticality=hihg", "unknown_tag"),
        ("tag:Criticality", "unknown_tag"),
        ("register:data_class=個人情", "unknown_register_value"),
        ("register:no_such_column=x", "unknown_register_value"),
        ("register:owner_id=u-sato", "unknown_register_value"),
    ],
)
def test_a_typing_error_is_refused_instead_of_never_matching(described: Office, pattern: str, code: str) -> None:
    dimensions = {"account": [pattern], "environment": ["*"], "permission_set": ["*"]}
    assert problems(dimensions=dimensions) == [("dimensions.account", code)]


# --- why not


def test_an_explanation_names_hours_week_and_pairs(office: Office) -> None:
    noon = database_now().astimezone(organisation_zone())
    elsewhen = (noon + timedelta(hours=12)).strftime("%H:%M")
    until = (noon + timedelta(hours=13)).strftime("%H:%M")
    rule(
        limits={"hours": [{"day": "every", "start": elsewhen, "until": until}], "max_minutes": 60},
        pairs=[{"account": DATA, "permission_set": "*"}],
    )
    told = explain(Question(person="sato", values={"account": [PAY], "permission_set": [ARN]}, minutes=30))
    assert set(told.placed[0].missed) == {"hours", "pairs"}
    rule(limits={"max_minutes": 60, "week_minutes": 20}, pairs=[])
    told = explain(Question(person="sato", values={"account": [PAY], "permission_set": [ARN]}, minutes=30))
    assert told.placed[0].missed == ("week",)
