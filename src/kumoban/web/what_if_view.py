"""What-if as the rule's form shows it: how many requests would come out otherwise, and which, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kumoban.desk.rules import Decision, Slot
from kumoban.desk.what_if import Change, Kind, WhatIf

__all__ = ["shown"]

_KINDS: dict[Kind, str] = {
    "refused": gettext_noop("would now be refused"),
    "rerouted": gettext_noop("would need other approvals"),
    "allowed": gettext_noop("would now be allowed"),
}


def shown(found: WhatIf) -> dict[str, Any]:
    return {
        "found": found,
        "counts": [(kind, _(title), found.counts[kind]) for kind, title in _KINDS.items()],
        "rows": [_row(change, found) for change in found.changes],
    }


def _row(change: Change, found: WhatIf) -> dict[str, Any]:
    asking = change.asking
    return {
        "number": asking.number,
        "at": asking.at,
        "kind": change.kind,
        "title": _(_KINDS[change.kind]),
        "requester": found.named(asking.requester),
        "workers": [found.named(one) for one in asking.workers if one != asking.requester],
        "things": [_thing(thing, found) for thing in asking.combinations],
        "emergency": asking.emergency,
        "before": _side(change.before, found),
        "after": _side(change.after, found),
    }


def _thing(thing: Mapping[str, str], found: WhatIf) -> str:
    """The account's environment goes without saying."""
    said = [found.named(value) for name, value in thing.items() if name != "environment" or "account" not in thing]
    return " · ".join(word for word in said if word)


def _side(decision: Decision, found: WhatIf) -> dict[str, Any]:
    if not decision.allowed:
        return {"title": _("would be refused"), "reasons": decision.refusals[:3], "approvers": [], "rules": []}
    approvers = [_approver(slot, found) for slot in decision.slots]
    title = _("with approval") if approvers else _("without approval")
    rules = [name for _pk, _version, name in decision.rules]
    return {"title": title, "reasons": [], "approvers": approvers, "rules": list(dict.fromkeys(rules))}


def _approver(slot: Slot, found: WhatIf) -> str:
    who = "、".join(found.named(ref) for ref in slot.refs if ref) or "—"
    if slot.kind == "manager":
        who = _("%(who)s (manager)") % {"who": who}
    who = f"{who} × {slot.count}" if slot.count > 1 else who
    return _("step %(n)s: %(who)s") % {"n": slot.stage, "who": who} if slot.stage > 1 else who
