"""Rules as people begin with them: the three templates, and changing a rule with a record of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Rule
from kumoban.desk.people import Actor
from kumoban.estate.models import Group, Team
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["save_rule", "templates_for_every_team"]


def save_rule(actor: Actor | None, values: dict[str, Any], rule: Rule | None = None) -> Rule:
    """Create or change a rule, recorded in the ledger. Raises Refused unless ops (None: the installation itself)."""
    if actor is not None:
        actor.needs("rules")
        if not actor.ops:
            raise Refused(Reason("ops_only"), attempt=True)
    with writing():
        now = database_now()
        if rule is None:
            rule = Rule.objects.create(changed_at=now, **values)
        else:
            for name, value in values.items():
                setattr(rule, name, value)
            rule.version, rule.changed_at = rule.version + 1, now
            rule.save()
        by = actor.id if actor else SYSTEM
        facts = {"rule": rule.pk, "version": rule.version, **values}
        record("rule.saved", actor=by, subject=f"rule:{rule.pk}", facts=facts)
    return rule


def templates_for_every_team() -> int:
    """開発は自動 / 検証は上長 / 本番は上長+運用, for each person's own team. Does nothing when rules exist."""
    if Rule.objects.exists():
        return 0
    teams = list(Team.objects.filter(absent_since=None))
    members = {"groups": [team.group_id for team in teams]}
    ops = Group.objects.filter(name=settings.KUMOBAN_OPS_GROUP, absent_since=None).first()
    manager: dict[str, Any] = {"manager": True, "count": 1}
    desk: list[dict[str, Any]] = [{"group": ops.id, "count": 1}] if ops else []
    made: tuple[tuple[str, list[str], int, list[dict[str, Any]]], ...] = (
        ("開発は自動", ["dev"], 480, []),
        ("検証は上長", ["stg"], 240, [manager]),
        ("本番は上長+運用", ["prod"], 120, [manager, *desk]),
    )
    for name, environments, minutes, approvers in made:
        save_rule(
            None,
            {
                "name": name,
                "routine": "temporary-access",
                "effect": Rule.Effect.ALLOW,
                "who": members,
                "dimensions": {"account": ["own-team"], "environment": environments, "permission_set": ["*"]},
                "limits": {"max_minutes": minutes},
                "approvers": approvers,
            },
        )
    return len(made)
