"""Rules: read and explained by everybody, kept by the operations team."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from kumoban.api.callers import actor_of
from kumoban.desk.explain import Explanation, Question, explain
from kumoban.desk.models import Rule
from kumoban.desk.rule_book import TEMPLATES, RuleForm, disable_rule, history_of, rule_of, save_rule, template
from kumoban.desk.rule_file import RuleFile, RulePlan, apply_rules, export_rules, plan_rules
from kumoban.desk.rules import Decision
from kumoban.desk.what_if import Trial, WhatIf, what_if
from kumoban.desk.words import say

__all__ = ["router", "tried"]

router = Router(tags=["rules"])
_FIELDS = (
    "id",
    "name",
    "routine",
    "effect",
    "who",
    "dimensions",
    "pairs",
    "limits",
    "approvers",
    "fields",
    "version",
    "enabled",
)


@router.get("/rules")
def list_rules(request: HttpRequest) -> list[dict[str, Any]]:
    actor_of(request)
    return list(Rule.objects.order_by("id").values(*_FIELDS))


@router.get("/rules/templates")
def rule_templates(request: HttpRequest) -> list[dict[str, Any]]:
    """Four rules to begin with, ready to be posted."""
    actor_of(request)
    return [{"template": one.key, "rule": template(one.key)} for one in TEMPLATES]


@router.post("/rules/explain")
def explain_rules(request: HttpRequest, body: Question) -> dict[str, Any]:
    """May this person have this: why, why not by every rule of the routine, and who could approve it now."""
    actor_of(request)
    return explained(explain(body))


def explained(told: Explanation) -> dict[str, Any]:
    """An explanation as JSON."""
    return {
        "allowed": told.allowed,
        "person": told.person.user_name,
        "routine": told.routine.name,
        "reasons": [
            {**reason.stored(), "detail": say(reason)} for reason in (*told.decision.refusals, *told.decision.notes)
        ],
        "rules": [
            {
                "rule": placed.rule.pk,
                "name": placed.rule.name,
                "effect": placed.rule.effect,
                "values": dict(placed.value),
                "matched": placed.matched,
                "missed": list(placed.missed),
            }
            for placed in told.placed
        ],
        "approvals": [
            {
                **seat.slot.stored(),
                "people": [person.user_name for person in seat.people],
                "delegates": [
                    {"person": delegate.user_name, "for": principal.user_name} for delegate, principal in seat.stand_ins
                ],
            }
            for seat in told.seats
        ],
    }


@router.post("/rules/what-if")
def try_rule(request: HttpRequest, body: Trial) -> dict[str, Any]:
    """What saving this rule would have meant for the requests of the last days; nothing is stored.

    Operations team only, with a token of scope ``rules``.
    """
    return tried(what_if(actor_of(request, "rules"), body))


def tried(found: WhatIf) -> dict[str, Any]:
    """What-if as JSON."""
    return {
        "since": found.since.isoformat(),
        "replayed": found.replayed,
        "unchanged": found.unchanged,
        **{str(kind): count for kind, count in found.counts.items()},
        "untold": found.untold,
        "changes": [
            {
                "change": change.kind,
                "request": change.asking.number,
                "at": change.asking.at.isoformat(),
                "requester": found.named(change.asking.requester),
                "workers": [found.named(one) for one in change.asking.workers],
                "emergency": change.asking.emergency,
                "values": [dict(thing) for thing in change.asking.combinations],
                "names": [
                    {name: found.named(value) for name, value in one.items()} for one in change.asking.combinations
                ],
                "before": _decided(change.before, found),
                "after": _decided(change.after, found),
            }
            for change in found.changes
        ],
    }


def _decided(decision: Decision, found: WhatIf) -> dict[str, Any]:
    return {
        "allowed": decision.allowed,
        "reasons": [{**reason.stored(), "detail": say(reason)} for reason in decision.refusals],
        "approvals": [
            {**slot.stored(), "names": [found.named(ref) for ref in slot.refs]}
            for slot in (decision.slots if decision.allowed else ())
        ],
        "rules": [name for _pk, _version, name in decision.rules],
    }


@router.get("/rules/export")
def export(request: HttpRequest) -> dict[str, Any]:
    """All rules and the digest of their state (``base``); ``text`` is the same as YAML, with names beside the ids."""
    actor_of(request)
    return export_rules()


@router.post("/rules/plan")
def plan_file(request: HttpRequest, body: RuleFile) -> dict[str, Any]:
    """Which rules a file would add, change and disable, and which past requests would come out otherwise.

    An entry with nothing but its ``id`` stays as it is; rules that are not in the file would be disabled.
    """
    plan, found = plan_rules(actor_of(request, "rules"), body)
    return {**_planned(plan), "what_if": tried(found)}


@router.post("/rules/apply")
def apply_file(request: HttpRequest, body: RuleFile) -> dict[str, Any]:
    """Save the whole file in one transaction; refused where the rules changed since its ``base``."""
    plan = apply_rules(actor_of(request, "rules"), body)
    return {**_planned(plan), "base": export_rules()["base"]}


def _planned(plan: RulePlan) -> dict[str, Any]:
    return {
        "stale": plan.stale,
        "added": [dict(change.values) for change in plan.added],
        "changed": [
            {
                "id": change.rule.pk,
                "name": change.rule.name,
                "fields": {name: {"before": was, "after": is_} for name, (was, is_) in change.differing.items()},
            }
            for change in plan.changed
            if change.rule
        ],
        "disabled": [{"id": rule.pk, "name": rule.name} for rule in plan.disabled],
    }


@router.post("/rules", response={201: dict[str, Any]})
def create_rule(request: HttpRequest, body: RuleForm) -> Status[dict[str, Any]]:
    """Operations team only, with a token of scope ``rules``."""
    rule = save_rule(actor_of(request, "rules"), body.stored())
    return Status(201, {"id": rule.pk, "version": rule.version})


@router.put("/rules/{int:rule_id}")
def change_rule(request: HttpRequest, rule_id: int, body: RuleForm) -> dict[str, Any]:
    rule = save_rule(actor_of(request, "rules"), body.stored(), rule_of(rule_id))
    return {"id": rule.pk, "version": rule.version}


@router.get("/rules/{int:rule_id}")
def get_rule(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    actor_of(request)
    rule = rule_of(rule_id)
    return {name: getattr(rule, name) for name in _FIELDS}


@router.post("/rules/{int:rule_id}/disable")
def disable(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    rule = disable_rule(actor_of(request, "rules"), rule_id)
    return {"id": rule.pk, "version": rule.version, "enabled": rule.enabled}


@router.post("/rules/{int:rule_id}/enable")
def enable(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    rule = disable_rule(actor_of(request, "rules"), rule_id, enabled=True)
    return {"id": rule.pk, "version": rule.version, "enabled": rule.enabled}


@router.get("/rules/{int:rule_id}/history")
def rule_history(request: HttpRequest, rule_id: int) -> list[dict[str, Any]]:
    """From the ledger, newest first: who saved it, when, and what was before and after."""
    actor_of(request)
    return [
        {
            "version": saved.version,
            "by": saved.by,
            "at": saved.at.isoformat(),
            "changed": {
                name: {"before": (saved.before or {}).get(name), "after": saved.after.get(name)}
                for name in saved.changed
            },
        }
        for saved in history_of(rule_of(rule_id))
    ]
