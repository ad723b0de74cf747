"""What the API answers, as lines people read: states and outcomes in words, aligned columns, local times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from kumoban.cli.language import columns, gettext, local, ngettext
from kumoban.cli.language import gettext_noop as _

__all__ = [
    "OUTCOMES",
    "REVIEWED",
    "STATES",
    "emergency_lines",
    "from_text_lines",
    "grant_lines",
    "plan_lines",
    "request_lines",
    "requests_lines",
    "routine_lines",
]

#: the same words as ``desk.states`` has, which this room reads without Django's settings
STATES = {
    "drafted": _("Draft"),
    "planned": _("Planned"),
    "refused": _("Refused"),
    "waiting": _("Waiting for approval"),
    "returned": _("Returned"),
    "approved": _("Approved"),
    "scheduled": _("Scheduled"),
    "applying": _("Applying"),
    "active": _("Active"),
    "ending": _("Ending"),
    "ended": _("Ended"),
    "done": _("Done"),
    "denied": _("Denied"),
    "withdrawn": _("Withdrawn"),
    "lapsed": _("Lapsed"),
    "failed": _("Failed"),
    "undone": _("Undone"),
    "cancelled": _("Cancelled"),
}
OUTCOMES = {
    "complete": _("Complete"),
    "partial": _("Partly done"),
    "not_done": _("Not done"),
    "abnormal": _("Something went wrong"),
}
#: the same words as ``EmergencyReview`` has
REVIEWED = {
    "justified": _("Justified"),
    "improve": _("Justified, something to improve"),
    "unjustified": _("Not justified"),
}
_TITLES = {
    "number": _("Request"),
    "state": _("State"),
    "plan": _("Plan"),
    "account": _("Account"),
    "person": _("Person"),
    "permission_set": _("Permission set"),
    "reason": _("Reason"),
    "ends": _("Ends"),
    "approve_by": _("Approve by"),
    "emergency": _("Emergency"),
    "workers": _("Workers"),
    "requester": _("Requester"),
    "waits_for": _("Waits for"),
    "approved_by": _("Approved by"),
    "asked": _("Asked"),
    "starts": _("Starts"),
    "extends": _("Extends"),
    "unusual": _("Different from usual"),
}


#: the same words as ``desk.states`` has
_RATIFICATIONS = {
    "due": _("To be approved afterwards"),
    "ratified": _("Approved afterwards"),
    "rejected": _("Rejected afterwards"),
}


def _ratification(one: Mapping[str, Any]) -> str:
    return gettext(_RATIFICATIONS.get(one["ratification"], "")) if one["ratification"] else gettext("yes")


def state(code: str) -> str:
    return gettext(STATES.get(code, code))


def requests_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """One request a line, the reason last and shortened."""
    if not found:
        return [gettext("No requests.")]
    head = ("number", "state", "plan", "account", "requester", "approve_by", "reason")
    rows = [
        (
            one["number"],
            state(one["state"]),
            (one.get("plan") or {}).get("number", ""),
            _accounts(one),
            one["requester"],
            local(one.get("lapses_at")) if one["state"] == "waiting" else "",
            _short(one["reason"]),
        )
        for one in found
    ]
    return columns([gettext(_TITLES[name]) for name in head], rows)


def _accounts(request: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(str(step["shown"].get("account", "")) for step in _steps(request)))
    names = [name for name in names if name]
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""


def _steps(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((request.get("plan") or {}).get("steps", ()))


def _short(text: str, most: int = 40) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def request_lines(one: Mapping[str, Any]) -> list[str]:
    """One request: what it is, what its plan does, what is granted."""
    plan = one.get("plan") or {}
    permission_sets = dict.fromkeys(str(step["shown"].get("permission_set", "")) for step in _steps(one))
    facts = {
        "number": one["number"],
        "state": state(one["state"]),
        "plan": plan.get("number", ""),
        "requester": one["requester"],
        "workers": ", ".join(one["workers"]),
        "permission_set": ", ".join(name for name in permission_sets if name),
        "reason": one["reason"],
        "asked": local(one.get("created_at")),
        "approve_by": local(one.get("lapses_at"))
        if one["state"] == "waiting" or one.get("ratification") == "due"
        else "",
        "emergency": _ratification(one) if one.get("emergency") else "",
        "waits_for": _waits_for(one),
        "approved_by": ", ".join(f"{seal['person']} ({local(seal['at'])})" for seal in one.get("approvals", ())),
        "starts": local(one.get("starts_at")),
        "ends": local(one.get("ends_at")),
        "extends": one.get("extends") or "",
        "unusual": " ".join(said.get("detail", "") for said in one.get("unusual", ())),
    }
    lines = columns(("", ""), [(gettext(_TITLES[name]), value) for name, value in facts.items() if value])[1:]
    grants = one.get("grants", ())
    return [*lines, "", *grant_lines(grants)] if grants else [*lines, "", *plan_lines(_steps(one))]


def _waits_for(one: Mapping[str, Any]) -> str:
    """Those whose turn it is, and where nobody answered those it went to as well."""
    if one["state"] != "waiting" and one.get("ratification") != "due":
        return ""
    turn = [place for place in one.get("required", ()) if place["open"]]
    return ", ".join(" / ".join([*place["who"], *(place["also"] if place["escalated"] else ())]) for place in turn)


def plan_lines(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """What would change: ``+`` is made, ``=`` is there already and stays."""
    rows = [
        (
            "=" if step["present"] else "+",
            str(step["shown"].get("account", "")),
            str(step["shown"].get("permission_set", "") or step["title"]["params"].get("subject", "")),
            str(step["shown"].get("person", "")),
            gettext("no change") if step["present"] else "",
        )
        for step in steps
    ]
    titles = ("account", "permission_set", "person")
    return columns(("", *(gettext(_TITLES[name]) for name in titles), ""), rows) if rows else []


def grant_lines(grants: Sequence[Mapping[str, Any]]) -> list[str]:
    if not grants:
        return [gettext("Nothing is granted now.")]
    head = ("number", "state", "person", "account", "permission_set", "ends")
    rows = [
        (
            grant["request"],
            state(grant["state"]),
            str(grant.get("person", "")),
            str(grant.get("account", "")),
            str(grant.get("permission_set", "")),
            local(grant.get("ends_at")),
        )
        for grant in grants
    ]
    return columns([gettext(_TITLES[name]) for name in head], rows)


def routine_lines(schema: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a form as options: what is required, what is a list, what may be chosen."""
    required = set(schema.get("required", ()))
    rows = []
    for name, of in schema["properties"].items():
        option = f"--{name.replace('_', '-')}"
        marks = [gettext("required") if name in required else "", gettext("several") if _many(of) else ""]
        hint = gettext(of.get("description", "")) or ", ".join([*of.get("enum", ()), *of.get("examples", ())])
        rows.append((option, gettext(of.get("title", "")), ", ".join(mark for mark in marks if mark), hint))
    yield from columns(("", "", "", ""), rows)[1:]
    yield ""
    yield gettext("Accounts, permission sets and people are given by name or by id.")


def emergency_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The bounded set, what locks it, and the reviews still open."""
    if found["locked_by"]:
        yield gettext("Locked: the review of %(number)s is overdue.") % {"number": found["locked_by"]}
    for one in found["alone"]:
        sets = ", ".join(one["permission_sets"]) or gettext("all")
        accounts = ", ".join(one["accounts"])
        yield f"{one['routine']}: {accounts} ({sets}) ≤ {one['minutes']} min · {one['rule']}"
        yield from (f"  ✕ {reason['detail']}" for reason in one["unmet"])
    if not found["alone"]:
        yield gettext("You may activate nothing alone.")
    for one in found["open"]:
        due = local(one["due"]) if one["due"] else gettext("in force")
        yield gettext("To review: %(number)s, %(who)s, %(due)s") % {
            "number": one["number"],
            "who": one["requester"],
            "due": due,
        }


def from_text_lines(read: Mapping[str, Any]) -> Iterator[str]:
    """What a text was understood as, each part with the words it came from; then what is unclear, and what is not."""
    head = (gettext("Field"), gettext("Understood"), gettext("From the words"))
    rows = [(one["field"], _meant(one), one["words"]) for one in read["understood"]]
    if rows:
        yield from columns(head, rows)
    for one in read["unclear"]:
        candidates = _meant(one)
        yield f"? {one['words']} → {one['field']}: {one['reason']['detail']} {candidates}".rstrip()
    for words in read["left"]:
        yield "✕ " + gettext("not understood: %(words)s") % {"words": words}


def _meant(one: Mapping[str, Any]) -> str:
    return ", ".join(label or value for value, label in zip_longest(one["values"], one["labels"], fillvalue=""))


def _many(of: Mapping[str, Any]) -> bool:
    return of.get("type") == "array"


def counted(n: int) -> str:
    return ngettext("%(n)d person", "%(n)d people", n) % {"n": n}
