"""The rules' pages: the list, one rule's form, its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Refused
from kumoban.desk.models import Rule
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.rule_book import TEMPLATES, RuleForm, Saved, disable_rule, history_of, rule_of, save_rule
from kumoban.desk.shapes import read
from kumoban.desk.what_if import Trial, what_if
from kumoban.estate.models import Person
from kumoban.web.gate import guests_too, page
from kumoban.web.problems import by_field
from kumoban.web.rule_form import Pick, fields_of, from_rule, from_template, ruled, typed
from kumoban.web.rule_view import Names, day_names, options_of, rule_rows, title_of, told_times
from kumoban.web.what_if_view import shown

__all__ = ["change", "enable", "history", "new", "options", "rules_page"]


@page
@guests_too
@require_GET
def rules_page(request: Any) -> HttpResponse:
    """All rules, deny rules first: they win."""
    found = list(Rule.objects.order_by("routine", "-effect", "name", "id"))
    rows = sorted(rule_rows(found), key=lambda row: (not row.rule.enabled, row.rule.routine, not row.denies))
    context = {"here": "rules", "rows": rows, "templates": TEMPLATES, "disabled": sum(not r.enabled for r in found)}
    return render(request, "web/rules/list.html", context)


@page
def new(request: Any) -> HttpResponse:
    """A rule to be made, begun from a template or empty."""
    blank = from_template(request.GET.get("template", ""), request.GET.get("routine", ""))
    return _form(request, None, blank)


@page
def change(request: Any, pk: int) -> HttpResponse:
    rule = rule_of(pk)
    return _form(request, rule, from_rule(rule))


def _form(request: Any, rule: Rule | None, stored: Mapping[str, Any]) -> HttpResponse:
    """Saved where it can be meant; else shown again with everything that was typed."""
    data = typed(request.POST) if request.method == "POST" else stored
    errors: dict[str, list[str]] = {}
    trial: dict[str, Any] = {}
    if request.POST.get("look") == "what-if":
        trial = _tried(request, rule, data)
        if request.htmx:
            return render(request, "web/rules/what_if.html", trial)
    elif request.method == "POST" and "look" not in request.POST:
        errors = _saved(request, rule, data)
        if not errors:
            return redirect("/rules")
    narrows = {name[7:]: str(text)[:100] for name, text in request.POST.items() if name.startswith("narrow.")}
    context = {
        "here": "rules",
        "rule": rule,
        "fields": fields_of(data, errors, narrows),
        "unsaved": bool(errors),
        "routines": ruled(),
        "days": day_names(),
        "systems": sorted(settings.KUMOBAN_OUTSIDE_SYSTEMS),
        "may_save": request.actor.ops,
        **({"tried": True, **trial} if trial else {}),
    }
    return render(request, "web/rules/form.html", context, status=422 if errors else 200)


def _tried(request: Any, rule: Rule | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """What saving it would have meant, or what stands in the way of trying."""
    try:
        trial = read(Trial, {"rule": data, "replaces": rule.pk if rule else None})
    except ShapeError as shape:
        return {"wrong": [text for texts in by_field(shape).values() for text in texts]}
    return {"trial": shown(what_if(request.actor, trial))}


def _saved(request: Any, rule: Rule | None, data: Mapping[str, Any]) -> dict[str, list[str]]:
    """What stood in the way, by field; nothing where it was saved."""
    try:
        made = save_rule(request.actor, read(RuleForm, data).stored(), rule)
    except ShapeError as shape:
        return by_field(shape)
    except Refused as refused:
        refused_attempt(request.actor, "save rule", f"rule:{rule.pk if rule else 'new'}", refused)
        return by_field(refused)
    messages.success(
        request, _("The rule “%(name)s” is saved (version %(n)s).") % {"name": made.name, "n": made.version}
    )
    return {}


@page
@require_POST
def enable(request: Any, pk: int, act: str) -> HttpResponse:
    rule = disable_rule(request.actor, pk, enabled=act == "enable")
    done = _("The rule “%(name)s” decides again.") if rule.enabled else _("The rule “%(name)s” decides nothing now.")
    messages.success(request, done % {"name": rule.name})
    return redirect("/rules")


@page
@require_GET
def options(request: Any, source: str) -> HttpResponse:
    """One list of choices narrowed down; what is ticked stays."""
    name = request.GET.get("name", "")[:60]
    none = request.GET.get("none", "")[:60]
    kept = [value for value in request.GET.getlist(name) if value][: 1 if none else 200]
    narrow = request.GET.get(f"narrow.{name}", "")[:100]
    pick = Pick(name, "", source, tuple(kept), tuple(options_of(source, narrow, kept)), (), narrow, none)
    return render(request, "web/rules/options.html", {"pick": pick})


@page
@guests_too
@require_GET
def history(request: Any, pk: int) -> HttpResponse:
    """Every saving of the rule, from the ledger, as before and after."""
    rule = rule_of(pk)
    savings = history_of(rule)
    names = Names([saved.after for saved in savings])
    people = dict(Person.objects.filter(id__in={saved.by for saved in savings}).values_list("id", "display_name"))
    told = [
        {"saved": saved, "by": people.get(saved.by, _("Kumoban")), "lines": _lines(saved, names)} for saved in savings
    ]
    return render(request, "web/rules/history.html", {"here": "rules", "rule": rule, "told": told})


def _lines(saved: Saved, names: Names) -> list[dict[str, Any]]:
    return [
        {
            "title": _TITLES[name](),
            "before": _side(name, saved.before, names) if saved.before else [],
            "after": _side(name, saved.after, names),
        }
        for name in saved.changed
    ]


_TITLES = {
    "name": lambda: _("Name"),
    "routine": lambda: _("Routine"),
    "effect": lambda: _("Effect"),
    "who": lambda: _("Who"),
    "dimensions": lambda: _("Where"),
    "pairs": lambda: _("Pairs"),
    "limits": lambda: _("At most"),
    "approvers": lambda: _("Approvers"),
    "fields": lambda: _("What must be filled"),
    "enabled": lambda: _("In force"),
}


def _side(name: str, values: Mapping[str, Any], names: Names) -> list[Any]:
    """One value of a rule as lines for people."""
    if name == "who":
        return names.who(values)
    if name == "dimensions":
        return [f"{title}: {'、'.join(said)}" for title, said in names.where(values)]
    if name == "pairs":
        return names.pairs(values) or [_("none")]
    if name == "approvers":
        told = [_("%(n)s × %(who)s") % {"n": count, "who": who} for who, count in names.approvers(values)]
        return told or [_("none")]
    if name == "limits":
        return _limits(values.get("limits", {}))
    if name == "effect":
        return [_("Deny rule") if values.get("effect") == Rule.Effect.DENY else _("Allow rule")]
    if name == "enabled":
        return [_("yes") if values.get("enabled", True) else _("no")]
    if name == "fields":
        return list(values.get("fields", ()))
    if name == "routine":
        return [title_of(values.get("routine", ""))]
    return [values.get(name, "")]


def _limits(limits: Mapping[str, Any]) -> list[Any]:
    minutes, afterwards, qualified = (limits.get(name) for name in ("max_minutes", "afterwards_days", "qualified_days"))
    lines: list[Any] = [timedelta(minutes=minutes)] if minutes else []
    lines += told_times(limits)
    if afterwards:
        lines.append(_("approved afterwards, within %(n)s business days") % {"n": afterwards})
    if qualified:
        lines.append(_("for who read the runbook and finished the exercise within %(n)s days") % {"n": qualified})
    return lines
