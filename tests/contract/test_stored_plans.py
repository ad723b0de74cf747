"""Plans of every released version, read by today's code: formats live longer than code."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from kumoban.core.plan import Plan as PlanValue
from kumoban.core.signing import Decided, canonical, digest, number, signed_bytes
from kumoban.desk import requests
from kumoban.desk.models import Hold, Plan, Request, Step, Thing
from kumoban.desk.planning import signed_of, stored_form
from kumoban.desk.routine import Asked, action_of, known_actions, routine_of
from kumoban.desk.sign_in import make_token
from kumoban.estate.models import Account, Person
from kumoban.ledger.clock import database_now
from tests.contract.stored_plans.record import FOLDER, write
from tests.integration.conftest import ARN, Office
from tests.integration.web.test_pages import signed_in

FILES = sorted(FOLDER.glob("v*/*.json"))
every_stored_plan = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_there_are_stored_plans_of_every_release() -> None:
    assert len(FILES) >= 4


@every_stored_plan
def test_the_signed_bytes_give_their_digest(path: Path) -> None:
    plan = read(path)["plan"]
    assert hashlib.sha256(plan["signed"].encode()).hexdigest() == plan["digest"] == digest(plan["signed"].encode())
    assert canonical(json.loads(plan["signed"])) == plan["signed"].encode()


@every_stored_plan
def test_the_stored_plan_signs_the_same_bytes_in_the_format_it_was_signed_in(path: Path) -> None:
    stored = read(path)
    request, plan = stored["request"], stored["plan"]
    decided = Decided(
        request["number"],
        request["requester"],
        request["workers"],
        json.loads(plan["signed"])["handover"],
        request["reason"],
        request["extra"],
    )
    again = signed_bytes(PlanValue.from_stored(plan["document"]), decided, plan["format_version"])
    assert again == plan["signed"].encode()


@every_stored_plan
def test_every_action_is_known_with_its_parameters(path: Path) -> None:
    steps = read(path)["steps"]
    for step in steps:
        assert step["action"] in known_actions()
        assert action_of(step["action"]).lock(step["params"]) == step["lock_key"] or step["kind"] == "second_look"


def load(office: Office, stored: dict[str, Any]) -> Request:
    """The rows of a grant in force, as the older version left them."""
    of, now = stored["request"], database_now()
    made = Request.objects.create(
        number=of["number"],
        routine=of["routine"],
        state="active",
        requester_id=of["requester"],
        asked_by=office.actor(of["requester"].removeprefix("u-")).user,
        form=of["form"],
        extra=of["extra"],
        shown=of["shown"],
        reason=of["reason"],
        created_at=datetime.fromisoformat(of["created_at"]),
        changed_at=now,
        starts_at=now,
        ends_at=now + timedelta(hours=1),
    )
    made.workers.set(of["workers"])
    made.plan = Plan.objects.create(request=made, ordinal=1, made_at=now, **stored["plan"])
    made.save()
    for found in stored["holds"]:
        thing = Thing.objects.create(key=found["key"], opened_at=now, existed_before=False)
        hold = Hold.objects.create(
            request=made,
            thing=thing,
            key=found["key"],
            person_id=found["person"],
            account_id=found["account"],
            state="active",
            was_active=True,
            shown=found["shown"],
            starts_at=now,
            ends_at=made.ends_at,
        )
        office.aws.assigned.add((found["account"], ARN, found["person"]))
        for step in stored["steps"]:
            if (step["thing"], step["kind"]) == (found["key"], "end"):
                rest = {name: value for name, value in step.items() if name != "thing"}
                Step.objects.create(request=made, hold=hold, due=made.ends_at, phase="look", **rest)
    return made


@every_stored_plan
def test_planning_the_stored_form_again_gives_the_same_bytes(office: Office, path: Path) -> None:
    stored = read(path)
    made = load(office, stored)
    routine = routine_of(made.routine)
    assert routine is not None
    form = stored_form(routine, made)
    asked = Asked.of(made, made.created_at)
    plan = routine.plan(form, routine.look(form, asked, live=False), asked)
    assert plan.refusals == ()
    assert signed_of(made, routine, plan, stored["plan"]["format_version"]).decode() == stored["plan"]["signed"]


@pytest.mark.parametrize("path", [path for path in FILES if read(path)["steps"]], ids=lambda path: path.stem)
def test_a_grant_of_an_older_version_is_ended_by_this_one(office: Office, path: Path) -> None:
    made = load(office, read(path))
    assert office.aws.assigned
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert set(made.holds.values_list("ended_by", flat=True)) == {"seen_absent"}
    assert office.aws.assigned == set()


@every_stored_plan
@pytest.mark.parametrize("routine", ["temporary-access", "a-routine-of-long-ago"])
def test_its_page_shows_what_was_stored_whatever_has_changed_since(office: Office, path: Path, routine: str) -> None:
    stored = read(path)
    made = load(office, stored)
    Request.objects.update(routine=routine, form={"of": "another shape"})
    Account.objects.update(name="renamed-since")
    Person.objects.update(display_name="改名")
    answer = signed_in(office, "sato", "ja").get(f"/requests/{made.number}")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert number(stored["plan"]["digest"]) in page
    for step in stored["plan"]["document"]["steps"]:
        assert step["shown"]["account"] in page
    token = make_token(office.actor("sato").user, "test", ["read"])
    shown = Client().get(f"/api/v1/requests/{made.number}", headers={"Authorization": f"Bearer {token}"})
    assert shown.status_code == 200
    assert shown.json()["plan"]["digest"] == stored["plan"]["digest"]


@pytest.mark.skipif(
    "KUMOBAN_TEST_WRITE_STORED_PLANS" not in os.environ, reason="writes a release's files; see stored_plans/README.md"
)
def test_write_what_this_version_stores(office: Office) -> None:
    write(office, os.environ["KUMOBAN_TEST_WRITE_STORED_PLANS"])
