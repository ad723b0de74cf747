"""What this version stores for a request, as one file each: run through the test that says ``write``."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from kumoban.desk import requests
from kumoban.desk.models import ExtraField, Request
from tests.integration.conftest import ARN, Office

__all__ = ["FOLDER", "stored", "write"]

FOLDER = Path(__file__).parent
PAY, DATA = "410122300001", "410122300002"

#: file name → what is asked; the extra field and what is there already are set up by ``write``
ASKED: dict[str, dict[str, Any]] = {
    "on_approval_for_two": {"accounts": [PAY, DATA], "workers": ["u-ren", "u-sato"], "until": "15m"},
    "already_there": {"accounts": [PAY], "workers": ["u-ren"], "until": "1h"},
    "with_a_ticket_and_lines": {
        "accounts": [DATA],
        "workers": [],
        "until": "PT30M",
        "ticket": "ＯＰＳ－１２",
        "kind": "incident",
        "reason": '一行目：か\u3099いく\n二行目 <b>&amp;</b> \\ " 🜁',
    },
    "absolute": {"accounts": [PAY], "workers": ["u-sato"], "start": "2099-12-31T23:00+09:00", "until": "90m"},
}


def write(office: Office, version: str) -> None:
    """Ask for everything of ``ASKED`` and keep what was stored. Refuses to write over a release's files."""
    folder = FOLDER / version
    folder.mkdir()
    ExtraField.objects.create(routine="temporary-access", key="system", label_ja="システム", label_en="System")
    office.aws.assigned.add((PAY, ARN, "u-ren"))
    for name, asked in ASKED.items():
        extra = {"system": "決済"} if name == "with_a_ticket_and_lines" else {}
        made = requests.ask(office.actor("sato"), "temporary-access", office.form(**asked), extra=extra)
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
        office.runner.drain()
        made.refresh_from_db()
        assert made.state in ("active", "scheduled"), made.state
        (folder / f"{name}.json").write_text(json.dumps(stored(made), ensure_ascii=False, indent=1) + "\n", "utf-8")


def stored(request: Request) -> dict[str, Any]:
    plan = request.plan
    assert plan is not None
    return {
        "request": {
            "number": request.number,
            "routine": request.routine,
            "requester": request.requester_id,
            "workers": sorted(request.workers.values_list("id", flat=True)),
            "form": request.form,
            "extra": request.extra,
            "shown": request.shown,
            "reason": request.reason,
            "created_at": _text(request.created_at),
        },
        "plan": {
            "signed": plan.signed,
            "digest": plan.digest,
            "format_version": plan.format_version,
            "document": plan.document,
            "authority": plan.authority,
        },
        "holds": [
            {"key": hold.key, "person": hold.person_id, "account": hold.account_id, "shown": hold.shown}
            for hold in request.holds.order_by("id")
        ],
        "steps": [
            {
                "thing": step.hold.key,
                "kind": step.kind,
                "action": step.action,
                "params": step.params,
                "lock_key": step.lock_key,
                "rank": step.rank,
            }
            for step in request.steps.exclude(hold=None).select_related("hold").order_by("id")
        ],
    }


def _text(at: datetime) -> str:
    return at.isoformat()
