"""Every page and every API operation against every role: the table beside is the whole of who may do what.

A route that is not in `who_may_what.txt` fails here, and so does one that lets in somebody else than its row says.
`KUMOBAN_TEST_WRITE=1` writes the table anew, to be read line by line before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from kumoban.api.main import api
from kumoban.desk import favourites, requests, shift_notes
from kumoban.desk import office as company
from kumoban.desk.guests.models import Guest
from kumoban.desk.machine_identities.keeping import MachineForm, make_machine
from kumoban.desk.machines import MachineTokenForm, make_machine_token
from kumoban.desk.models import ExtraField, Rule, Token
from kumoban.desk.rule_file import export_rules
from kumoban.desk.runbooks import runbook_named
from kumoban.desk.sign_in import make_token
from kumoban.estate.models import Group, Membership, Person
from kumoban.evidence.audit.models import Pack, Sample
from kumoban.evidence.audit.pack.ordering import PackForm, order
from kumoban.evidence.audit.sampling import draw
from kumoban.ledger.clock import database_now
from tests.integration.conftest import ARN, Office
from tests.integration.evidence.audit.auditors import asking, form, guest
from tests.integration.evidence.months import MONTH, exclusion_row, gap_row, month_row, session_row
from tests.integration.findings.noticing import opened
from tests.integration.reviews.campaigns import campaign_line, next_business_day

pytestmark = [pytest.mark.slow]

TABLE = Path(__file__).with_name("who_may_what.txt")
#: by the names of the people of the tests: who is not signed in, who has nothing to do with the request, …
ROLES = {
    "nobody": "",
    "stranger": "kim",
    "requester": "sato",
    "approver": "suzuki",
    "ops": "takahashi",
    "auditor": "ito",
}
HEAD = f"""\
# Y let in   - not now, or not by this person   ? not understood, whoever asks   . turned away
# {"method and route":<64} {" ".join(ROLES)}
"""


def test_every_route_lets_in_whom_its_row_says_and_nobody_else(office: Office, settings: Any) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    world = _world(office)
    found = {route: _row(route, world, office) for route in sorted(_routes(), key=lambda route: route.split(" ")[::-1])}
    if os.environ.get("KUMOBAN_TEST_WRITE"):
        lines = [f"{route:<66} {'  '.join(cells)}" for route, cells in found.items()]
        TABLE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    wanted = dict(_wanted())
    assert sorted(found) == sorted(wanted), "a route is not in the table, or one in the table is no more"
    wrong = [
        f"{route} by {role}: {cell}, and the table says {expected}"
        for route, cells in found.items()
        for role, cell, expected in zip(ROLES, cells, wanted[route], strict=True)
        if cell != expected
    ]
    assert not wrong, "\n".join(wrong)


def _wanted() -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            method, path, *cells = line.split()
            yield f"{method} {path}", tuple(cells)


# --- the routes there are


def _routes() -> Iterator[str]:
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method in operations:
            yield f"{method.upper()} {path}"
    for path in _pages(get_resolver()):
        if not path.startswith("/api/"):
            yield f"GET {path}"
            yield f"POST {path}"


def _pages(resolver: URLResolver, above: str = "/") -> Iterator[str]:
    for found in resolver.url_patterns:
        path = above + str(found.pattern)
        if isinstance(found, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
        else:
            yield from _pages(found, path)


# --- somebody tries


def _row(route: str, world: Mapping[str, Any], office: Office) -> tuple[str, ...]:
    method, path = route.split(" ")
    return tuple(_cell(method, path, name, world, office) for name in ROLES.values())


def _cell(method: str, path: str, name: str, world: Mapping[str, Any], office: Office) -> str:
    """One person tries one thing; whatever they changed is taken back."""
    places = {**world["places"], "pk": next((pk for start, pk in world["pk"].items() if path.startswith(start)), 0)}
    filled = re.sub(r"\{(\w+)\}", lambda match: str(places.get(match[1], 0)), path)
    with transaction.atomic():
        status, place = (_call if path.startswith("/api/") else _visit)(method, path, filled, name, world, office)
        transaction.set_rollback(True)
    if place.startswith("/sign-in") and not path.startswith("/sign-in"):
        return "."
    return "Y" if status < 400 else {409: "-", 422: "?"}.get(status, ".")


def _call(method: str, path: str, filled: str, name: str, world: Mapping[str, Any], office: Office) -> tuple[int, str]:
    scopes = ["read", "ask", "approve", "rules"]
    headers = {"Authorization": f"Bearer {make_token(office.actor(name).user, 'matrix', scopes)}"} if name else {}
    body = world["bodies"].get(f"{method} {path.removeprefix('/api/v1')}", {})
    answer = Client().generic(method, filled, _json(body), content_type="application/json", headers=headers)
    return answer.status_code, ""


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def _visit(method: str, path: str, filled: str, name: str, world: Mapping[str, Any], office: Office) -> tuple[int, str]:
    client = Client()
    if name:
        client.force_login(office.actor(name).user)
    answer = client.get(filled) if method == "GET" else client.post(filled, world["forms"].get(path, {}))
    return answer.status_code, str(answer.headers.get("Location", ""))


# --- the situation they find


def _world(office: Office) -> dict[str, Any]:
    """A request that waits for its approver, and one of everything else a route may name."""
    Group.objects.create(id="g-audit", name="auditors", seen_at=database_now())
    Person.objects.create(id="u-ito", user_name="ito", display_name="伊藤 直樹", seen_at=database_now())
    Membership.objects.create(person_id="u-ito", group_id="g-audit", seen_at=database_now())
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    rule = Rule.objects.get()
    company.add_holiday(office.actor("takahashi"), day=date(2027, 1, 4), name="年始")
    start, end = database_now() + timedelta(days=1), database_now() + timedelta(days=2)
    freeze = company.add_freeze(
        office.actor("takahashi"),
        reason="凍結",
        starts_at=start,
        ends_at=end,
        routines=[],
        ou_ids=[],
        exception_group="",
    )
    absence = company.be_absent(office.actor("sato"), delegate="tanaka", starts_at=start, ends_at=end)
    make_token(office.actor("sato").user, "hers", ["read"])
    token = Token.objects.get()
    machine, _secret = make_machine_token(None, MachineTokenForm(system="x-point"))
    make_machine(office.actor("takahashi"), MachineForm(name="ci", owner="ren"))
    note = shift_notes.leave(office.actor("takahashi"), "引継ぎ")
    kept = favourites.save(office.actor("sato"), "夜間", "temporary-access", office.form())
    field = ExtraField.objects.create(routine="temporary-access", key="ringi", label_ja="決裁", label_en="Decision")
    finding = opened()
    sample, pack, stay = _audited(office)
    line, due = campaign_line(), next_business_day()
    month_row()
    session, gap, exclusion = session_row(), gap_row(), exclusion_row()
    places = {
        "number": made.number,
        "act": "approve",
        "name": "temporary-access",
        "routine": "temporary-access",
        "source": "accounts",
        "field": "accounts",
        "system": "x-point",
        "machine": "ci",
        "code": "ja",
        "kind": "csv",
        "day": "2027-01-04",
        "key": "floor",
        "rule_id": rule.pk,
        "field_id": field.pk,
        "freeze_id": freeze.pk,
        "token_id": token.pk,
        "outside_token_id": machine.pk,
        "absence_id": absence.pk,
        "note_id": note.pk,
        "favourite_id": kept.pk,
        "account_id": "410122300001",
        "finding_id": finding.pk,
        "sample_id": sample.pk,
        "pack_id": pack.pk,
        "rank": 1,
        "guest_id": stay.pk,
        "campaign_id": line.campaign_id,
        "verb": "acknowledge",
        "month": MONTH,
        "exclusion_id": exclusion.pk,
        "person_id": "u-sato",
    }
    values = {
        "name": "新しい",
        "routine": rule.routine,
        "who": rule.who,
        "dimensions": rule.dimensions,
        "approvers": rule.approvers,
    }
    ask = {"routine": "temporary-access", "form": office.form()}
    bodies = {
        "POST /requests": ask,
        "POST /requests/preview": ask,
        "POST /requests/{number}/resubmit": ask,
        "POST /requests/{number}/approve": {"plan": made.plan.digest},
        "POST /requests/{number}/confirm-plan": {"plan": made.plan.digest},
        "POST /requests/{number}/report": {"outcome": "complete"},
        "POST /requests/{number}/assign": {"assignee": "takahashi"},
        "POST /requests/{number}/work": {"text": "した"},
        **{f"POST /requests/{{number}}/{act}": {"comment": "理由"} for act in ("deny", "return", "question", "answer")},
        "POST /inbox/approve": {"plans": {made.number: made.plan.digest}},
        "POST /rules": values,
        "PUT /rules/{rule_id}": values,
        "POST /rules/what-if": {"rule": values},
        "POST /rules/plan": {"base": "", "rules": [{"id": rule.pk}]},
        "POST /rules/apply": {"base": export_rules()["base"], "rules": [{"id": rule.pk}]},
        "POST /rules/explain": {
            "person": "sato",
            "routine": "temporary-access",
            "values": {"account": ["410122300001"], "permission_set": [ARN]},
        },
        "POST /holidays": {"day": "2027-01-05"},
        "POST /holidays/list": {"csv": "2027-01-05,休み"},
        "POST /freezes": {
            "reason": "年末",
            "starts_at": "2026-12-28T00:00:00+09:00",
            "ends_at": "2027-01-04T00:00:00+09:00",
        },
        "POST /extra-fields": {"routine": "temporary-access", "key": "ticket", "label_ja": "票", "label_en": "Ticket"},
        "POST /absences": {
            "delegate": "tanaka",
            "starts_at": "2026-12-28T00:00:00+09:00",
            "ends_at": "2027-01-04T00:00:00+09:00",
        },
        "PUT /accounts/{account_id}": {"version": 0, "values": {"contacts": "当番"}},
        "POST /accounts/{account_id}/confirm": {"version": 0},
        "POST /accounts/import/preview": {"csv": "id,contacts\n410122300001,当番\n"},
        "POST /accounts/import": {"csv": "id,contacts\n410122300001,当番\n", "digest": "0" * 64},
        "POST /register-columns": {"key": "floor", "label_ja": "階", "label_en": "Floor"},
        "POST /requests/{number}/convert": ask,
        "POST /requests/{number}/extend": {"until": "1h"},
        "POST /favourites": {"name": "夜間", "routine": "temporary-access", "form": office.form()},
        "POST /requests/{number}/convert/preview": ask,
        "POST /shift-notes": {"text": "引継ぎ"},
        "POST /findings/{finding_id}/snooze": {"until": str(database_now().date() + timedelta(days=3))},
        "POST /findings/{finding_id}/suppress": {
            "until": str(database_now().date() + timedelta(days=3)),
            "reason": "移行中",
        },
        "POST /audit/samples": {"since": sample.since.isoformat(), "until": sample.until.isoformat()},
        "POST /audit/controls/run": {"since": sample.since.isoformat(), "until": sample.until.isoformat()},
        "POST /audit/packs": {"since": sample.since.isoformat(), "until": sample.until.isoformat()},
        "POST /audit/guests": asking().model_dump(mode="json"),
        "POST /reviews": {"title": "下期", "due_on": due.isoformat(), "groups": ["memberships"]},
        "POST /reviews/{campaign_id}/answers": {"lines": [line.pk], "answer": "keep"},
        "POST /matching/{month}/explain": {"sessions": [session.pk], "gaps": [gap.pk], "comment": "夜間バッチ"},
        "POST /matching/{month}/sign": {"digest": "0" * 64},
        "POST /matching/exclusions": {
            "pattern": "arn:aws:iam::*:role/Deploy",
            "reason": "CI",
            "owner": "u-takahashi",
            "valid_from": "2026-12-01",
            "valid_until": "2027-03-31",
        },
        "POST /demo/clock": {"minutes": 1},
        "POST /runbooks/{routine}/read": {"digest": runbook_named("temporary-access").digest},
        "POST /runbooks/{routine}/exercises": {"person": "ren", "reference": "R-12"},
        "POST /outside-tokens": {"system": "x-point"},
        "POST /machines": {"name": "batch", "owner": "ren"},
        "POST /machines/{machine}/hand-over": {"owner": "suzuki"},
        "POST /tokens": {"name": "mine", "scopes": ["read"]},
    }
    rule_form = {
        "name": "新しい",
        "routine": "temporary-access",
        "effect": "allow",
        "groups": ["g-pay"],
        "dimension.account": ["own-team"],
        "dimension.environment": "prod",
        "dimension.permission_set": ["*"],
        "enabled": "on",
    }
    forms = {
        "/requests/{number}/{act}": {"digest": made.plan.digest},
        "/ask/{name}": {**office.form(), "until": "15m"},
        "/rules/new": rule_form,
        "/rules/{pk}": rule_form,
        "/office/machines": {"name": "batch", "owner": "ren"},
        "/office/machines/{machine}/hand-over": {"owner": "suzuki"},
        "/office": {"form": "holidays", "day": "2027-01-05", "name": "休み"},
        "/accounts/columns": {"key": "floor", "label_ja": "階", "label_en": "Floor", "kind": "text"},
        "/accounts/{account_id}/edit": {"version": "0", "contacts": "当番"},
        "/accounts/{account_id}/confirm": {"version": "0"},
        "/today/notes": {"text": "引継ぎ"},
        "/reviews": {"kind": "recertification", "title": "下期", "due_on": due.isoformat(), "groups": ["memberships"]},
        "/reviews/{pk}/answer": {"line": [str(line.pk)], "answer": "keep"},
        "/audit": {"kind": "requests", "since": "2020-01-01", "until": "2030-01-01"},
        "/audit/controls": {"since": "2020-01-01", "until": "2030-01-01"},
        "/audit/packs": {"since": "2020-01-01", "until": "2030-01-01", "language": "ja"},
        "/audit/guests": {
            "person": "endo",
            "firm": "Aoba Audit",
            "since": "2026-04-01",
            "until": "2026-09-30",
            "ends_at": str(database_now().date() + timedelta(days=3)),
        },
        "/matching/{month}/explain": {"session": [str(session.pk)], "comment": "夜間バッチ"},
        "/office/systems": {"system": "x-point"},
        "/runbooks/{name}/read": {"digest": runbook_named("temporary-access").digest},
        "/runbooks/{name}/exercises": {"person": "ren", "reference": "R-12"},
    }
    # what `pk` is where; anywhere else it is nothing there is
    pk = {
        "/rules/": rule.pk,
        "/office/fields/": field.pk,
        "/office/freezes/": freeze.pk,
        "/me/tokens/": token.pk,
        "/office/systems/tokens/": machine.pk,
        "/me/absences/": absence.pk,
        "/today/notes/": note.pk,
        "/favourites/": kept.pk,
        "/findings/": finding.pk,
        "/reviews/": line.campaign_id,
        "/audit/samples/": sample.pk,
        "/audit/packs/": pack.pk,
        "/audit/guests/": stay.pk,
        "/matching/exclusions/": exclusion.pk,
    }
    return {"places": places, "pk": pk, "bodies": bodies, "forms": forms}


def _audited(office: Office) -> tuple[Sample, Pack, Guest]:
    """A sample that the auditor drew, a pack that is ready, and a guest they let in."""
    sample = draw(office.actor("ito"), form())
    pack = order(office.actor("ito"), PackForm(since=sample.since, until=sample.until))
    Pack.objects.update(state=Pack.State.MADE)
    return sample, pack, guest(office)
