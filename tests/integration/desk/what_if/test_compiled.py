"""What the compiled rules answer is what deciding for real answers: for rules and requests nobody thought of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kumoban.desk import rules
from kumoban.desk.models import Exercise, Hold, Plan, Request, Rule, RunbookReading
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.sign_in import user_of
from kumoban.desk.what_if.compiled import Book, Compiled, Estate
from kumoban.desk.what_if.past import Asking
from kumoban.desk.what_if.replaying import _Judge, _kind
from kumoban.estate.models import Account, Membership, OrganizationalUnit, Person, RegisterEntry, Team
from kumoban.ledger.clock import database_now
from tests.integration.conftest import ARN, Office

OTHER_ARN = ARN.replace("1111111111111111", "2222222222222222")
PEOPLE = ["u-sato", "u-ren", "u-suzuki", "u-tanaka", "u-takahashi", "u-kim"]
GROUPS = ["g-pay", "g-leads", "g-ops", "g-data"]
ACCOUNTS = ["410122300001", "410122300002", "410122300003", "999999999999"]
#: a Wednesday's morning and night, a national holiday, and the last minutes of a week (Asia/Tokyo)
STARTS = [
    datetime(2026, 11, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 25, 13, 30, tzinfo=UTC),
    datetime(2026, 11, 23, 3, tzinfo=UTC),
    datetime(2026, 11, 29, 14, 50, tzinfo=UTC),
]
ROUTINES = ["temporary-access", "adopt", "permanent-access", "identity-user"]
PATTERNS: dict[str, list[str]] = {
    "account": [
        *("*", "own-team", "ou:ou-prod", "ou:ou-inner", "ou:r-1", "team:payments", "team:data", *ACCOUNTS[:3]),
        *("tag:Environment=prod", "tag:Owner=x", "register:data_class=個人情報", "register:no_such=x"),
    ],
    "environment": ["*", "prod", "stg", "dev"],
    "permission_set": ["*", ARN, OTHER_ARN],
    "principal": ["*", "group", "person"],
    "act": ["*", "create", "remove"],
    "group": ["*", *GROUPS],
}


def some(values: list[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True)


MACHINES = ["ci", "batch"]
people = st.one_of(
    st.just({"everyone": True}),
    st.just({}),
    st.fixed_dictionaries({}, optional={"groups": some(GROUPS), "people": some(PEOPLE)}),
)
machines = st.one_of(st.just({}), st.fixed_dictionaries({"machines": some(MACHINES, 2)}))
who = st.builds(lambda meant, asking: {**meant, **asking}, people, machines)
approver = st.one_of(
    st.just({"manager": True, "count": 1}),
    st.builds(lambda group, count: {"group": group, "count": count}, st.sampled_from(GROUPS), st.integers(1, 3)),
    st.builds(lambda people: {"people": people, "count": 1, "concurrence": True}, some(PEOPLE)),
)
hours = st.fixed_dictionaries(
    {
        "day": st.sampled_from(["every", "business", "closed", "wed", "thu"]),
        "start": st.sampled_from(["00:00", "09:00", "22:00"]),
        "until": st.sampled_from(["00:00", "05:00", "18:00"]),
    }
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "max_minutes": st.sampled_from([15, 60, 240]),
        "afterwards_days": st.sampled_from([0, 1, 2]),
        "qualified_days": st.sampled_from([0, 30]),
        "hours": st.lists(hours, max_size=2),
        "week_minutes": st.sampled_from([20, 90, 600]),
    },
)


@st.composite
def written(draw: st.DrawFn, routine: str) -> dict[str, Any]:
    """A rule as it might stand in the database, also one that no form would make."""
    known = routine_of(routine)
    assert known is not None
    named = {one.name: some(PATTERNS.get(one.name, ["*", "x"])) for one in known.dimensions}
    paired = {one.name: st.sampled_from(PATTERNS.get(one.name, ["*", "x"])) for one in known.dimensions}
    pair = st.fixed_dictionaries({}, optional=paired).filter(lambda said: len(said) > 1)
    return {
        "name": draw(st.sampled_from(["甲", "乙", "丙"])),
        "routine": routine,
        "effect": draw(st.sampled_from(["allow", "allow", "allow", "deny"])),
        "who": draw(who),
        "dimensions": draw(st.fixed_dictionaries({}, optional=named)),
        "pairs": draw(st.lists(pair, max_size=2)) if len(paired) > 1 else [],
        "limits": draw(limits),
        "approvers": draw(st.lists(approver, max_size=2)),
        "fields": draw(some(["ticket", "risk"], 1)),
        "enabled": draw(st.booleans()),
    }


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    routine = draw(st.sampled_from(ROUTINES))
    known = routine_of(routine)
    assert known is not None
    things = {"account": ACCOUNTS, "permission_set": [ARN, OTHER_ARN, ""], "environment": ["prod", "stg", ""]}
    thing = st.fixed_dictionaries(
        {one.name: st.sampled_from(things.get(one.name, PATTERNS.get(one.name, ["x"])[1:])) for one in known.dimensions}
    )
    case = st.fixed_dictionaries(
        {
            "requester": st.sampled_from(PEOPLE),
            "workers": some(PEOPLE, 2),
            "things": st.lists(thing, min_size=1, max_size=3),
            "starts_at": st.sampled_from(STARTS),
            "length": st.sampled_from([timedelta(minutes=30), timedelta(hours=2), None]),
            "request": st.sampled_from([None, 1]),
            "emergency": st.booleans(),
            "machine": st.sampled_from(["", "", *MACHINES]),
        }
    )
    rows = draw(st.lists(written(routine), max_size=6))
    return routine, rows, draw(st.lists(case, min_size=1, max_size=4))


@pytest.fixture
def wide_office(office: Office) -> Office:
    """An OU within an OU, two teams, one human being with two accounts, somebody gone, somebody qualified."""
    now = database_now()
    inner = OrganizationalUnit.objects.create(id="ou-inner", name="I", id_path="r-1/ou-prod/ou-inner", seen_at=now)
    Account.objects.create(
        id=ACCOUNTS[2], name="data", email="a@b.jp", status="ACTIVE", ou=inner, team="data", environment="stg",
        seen_at=now,
    )  # fmt: skip
    Team.objects.create(slug="data", name="データ", group_id="g-data", seen_at=now)
    for person in ("u-ren", "u-kim"):
        Membership.objects.create(person_id=person, group_id="g-data", seen_at=now)
    Account.objects.filter(id=ACCOUNTS[0]).update(tags={"Environment": "prod"})
    RegisterEntry.objects.create(account_id=ACCOUNTS[1], data_class="個人情報", created_at=now, changed_at=now)
    Person.objects.filter(id__in=["u-sato", "u-suzuki"]).update(employee_number="100234")
    Person.objects.filter(id="u-kim").update(manager_id="u-tanaka")
    Person.objects.filter(id="u-tanaka").update(enabled=False)
    user_by = Person.objects.get(id="u-takahashi")
    for person in ("u-sato", "u-ren"):
        RunbookReading.objects.create(person_id=person, routine="temporary-access", digest="d", at=now)
    Exercise.objects.create(
        person_id="u-sato", routine="temporary-access", reference="R-1", confirmed_by=user_by, at=now
    )
    for person, account, start in (("u-sato", ACCOUNTS[0], STARTS[0]), ("u-ren", ACCOUNTS[1], STARTS[3])):
        had(person, account, start + timedelta(minutes=15))
    return office


def had(person: str, account: str, start: datetime) -> None:
    """That somebody had something for half an hour, by a request of its own."""
    now = database_now()
    asker = Person.objects.get(pk=person)
    made = Request.objects.create(
        number=f"R-{Request.objects.count() + 1}", routine="temporary-access", requester=asker,
        asked_by=user_of(asker), form={}, created_at=now, changed_at=now,
    )  # fmt: skip
    things = [{"account": account, "environment": "prod", "permission_set": ARN}]
    made.plan = Plan.objects.create(
        request=made, ordinal=1, signed="", digest=made.number, format_version=1, document={"dimensions": things},
        made_at=now,
    )  # fmt: skip
    made.save()
    Hold.objects.create(
        request=made, key=f"sso:{person}", person=asker, account_id=account, state="active", starts_at=start,
        ends_at=start + timedelta(minutes=30),
    )  # fmt: skip


def key_of(place: int | None) -> int | None:
    """The key of one of those requests: what was asked for later than it is no matter of a replay."""
    return None if place is None else Request.objects.order_by("pk").values_list("pk", flat=True)[place]


EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EXAMPLES
@given(worlds())
def test_the_compiled_rules_decide_as_the_rules_decide(
    wide_office: Office, world: tuple[str, list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    name, rows, cases = world
    routine = routine_of(name)
    assert routine is not None
    every = stored(rows)
    people = Person.objects.in_bulk()
    counting = sum(1 << bit for bit, rule in enumerate(every) if rule.enabled)
    book = Book(Compiled(every, Estate(routine, people)), counting)
    for case in cases:
        assert rules.judged(routine, as_case(case, people), book) == decided(routine, case, people)


@EXAMPLES
@given(worlds(), st.data())
def test_a_replay_finds_what_deciding_twice_finds(
    wide_office: Office, world: tuple[str, list[dict[str, Any]], list[dict[str, Any]]], data: st.DataObject
) -> None:
    name, rows, cases = world
    routine = routine_of(name)
    assert routine is not None
    every = stored(rows)
    people = Person.objects.in_bulk()
    kept = data.draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every)))
    before = [rule for rule in every if rule.enabled]
    after = [rule for rule, stays in zip(every, kept, strict=True) if stays]
    judge = _Judge.of(routine, people, before, after)
    was = [decided(routine, case, people) for case in cases]
    Rule.objects.update(enabled=False)
    Rule.objects.filter(pk__in=[rule.pk for rule in after]).update(enabled=True)
    would_be = [decided(routine, case, people) for case in cases]
    for case, one, other in zip(cases, was, would_be, strict=True):
        asking = Asking(
            "R-9", database_now(), case["requester"], tuple(case["workers"]), case["things"], case["starts_at"],
            case["length"], case["emergency"], request=key_of(case["request"]), machine=case["machine"],
        )  # fmt: skip
        found = judge.compare(asking)
        assert (found and found[0]) == _kind(one, other)
        assert found is None or found[1:] == (one, other)


@EXAMPLES
@given(worlds())
def test_a_machine_is_allowed_only_by_rules_that_name_it_and_never_what_is_denied_to_its_owner(
    wide_office: Office, world: tuple[str, list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    name, rows, cases = world
    routine = routine_of(name)
    assert routine is not None
    every = {rule.pk: rule for rule in stored(rows)}
    people = Person.objects.in_bulk()
    for case in cases:
        found = decided(routine, {**case, "machine": "ci"}, people)
        if not found.allowed:
            continue
        assert routine.handover != "ops_only"
        assert found.rules
        assert all("ci" in every[pk].who["machines"] for pk, _version, _name in found.rules)
        Rule.objects.create(
            name="丁", routine=name, effect="deny", who={"people": [case["requester"]]}, changed_at=database_now()
        )
        assert not decided(routine, {**case, "machine": "ci"}, people).allowed
        Rule.objects.filter(name="丁").delete()
        Rule.objects.exclude(pk__in=[pk for pk, rule in every.items() if "ci" in rule.who.get("machines", ())]).delete()
        assert decided(routine, {**case, "machine": "ci"}, people).rules == found.rules
        assert not decided(routine, {**case, "machine": ""}, people).rules


def stored(rows: list[dict[str, Any]]) -> list[Rule]:
    Rule.objects.all().delete()
    Rule.objects.bulk_create(Rule(changed_at=database_now(), **row) for row in rows)
    return list(Rule.objects.order_by("id"))


def as_case(case: dict[str, Any], people: dict[str, Person]) -> rules.Case:
    doing = [people[one] for one in case["workers"]]
    asked = (case["starts_at"], case["length"], case["emergency"], key_of(case["request"]), case["machine"])
    return rules.Case(people[case["requester"]], doing, case["things"], *asked)


def decided(routine: Routine, case: dict[str, Any], people: dict[str, Person]) -> rules.Decision:
    found = as_case(case, people)
    return rules.judged(routine, found, rules.sight_of(routine, found))
