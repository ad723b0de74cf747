"""The account register's pages: the list, one account with everything that is known of it, its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, register, rules
from kumoban.desk.models import Hold
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.states import IN_FORCE
from kumoban.estate.models import Account, OrganizationalUnit, Person, RegisterEntry, Team
from kumoban.web.addresses import own_address
from kumoban.web.gate import page
from kumoban.web.lists import listed
from kumoban.web.numbers import whole
from kumoban.web.problems import by_field

__all__ = ["account_page", "accounts_page", "asked", "confirm", "edit", "history_lines"]

#: accounts on one page
_PAGE = 50
#: people suggested while typing; anybody else is typed whole
_SUGGESTED = 500
#: what of the estate can be a column of the list
_ABOUT = {"ou": gettext_noop("Organizational unit (OU)"), "team": gettext_noop("Team")}
_USUAL = ("team", "product", "environment", "owner", "deputy", "data_class", "confirmed_on")


# --- the list


@dataclass(frozen=True)
class Cell:
    """One value in a row, and what is to be said about it."""

    text: str
    mark: str = ""
    bad: bool = False


@page
@require_GET
def accounts_page(request: Any) -> HttpResponse:
    """The accounts this person may see, by name; what was narrowed down and chosen stands in the address."""
    wanted = asked(request)
    found = register.accounts(request.actor, wanted)
    known = register.fields()
    chosen = [name for name in _choosable(known) if name in (request.GET.getlist("cols") or _USUAL)]
    count, number = found.count(), max(whole(request.GET.get("page")) or 1, 1)
    number = min(number, max((count + _PAGE - 1) // _PAGE, 1))
    rows = list(found[(number - 1) * _PAGE : number * _PAGE])
    titles = {**{name: _(title) for name, title in _ABOUT.items()}, **{f.name: register.label_of(f) for f in known}}
    context = {
        "here": "accounts",
        "rows": [{"account": one, "cells": _cells(one, chosen, known)} for one in rows],
        "heads": [titles[name] for name in chosen],
        "columns": [(name, titles[name], name in chosen) for name in _choosable(known)],
        "chosen": chosen,
        "count": count,
        "number": number,
        "pages": max((count + _PAGE - 1) // _PAGE, 1),
        "wanted": wanted,
        "query": _query(wanted, request.GET.getlist("cols")),
        "filters": _query(wanted, []),
        "gaps": [(gap, _(title), n) for (gap, title), n in zip(register.GAPS.items(), _counts(request), strict=True)],
        **_offered(request.actor),
    }
    return render(request, "web/accounts/list.html", context)


def asked(request: Any) -> register.Wanted:
    """What the address narrows down to."""
    given = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "ou", "team", "environment", "gap")}
    return register.Wanted(**given, closed=bool(request.GET.get("closed")))


def _query(wanted: register.Wanted, cols: Sequence[str]) -> str:
    said = {name: value for name, value in wanted.__dict__.items() if value}
    return urlencode({**said, **({"closed": "1"} if wanted.closed else {}), "cols": list(cols)}, doseq=True)


def _counts(request: Any) -> list[int]:
    counted = register.gaps(request.actor)
    return [counted[gap] for gap in register.GAPS]


def _choosable(known: Sequence[register.Field]) -> list[str]:
    return [*_ABOUT, *(one.name for one in known)]


def _offered(actor: Actor) -> dict[str, Any]:
    seen = rules.visible_accounts(actor).filter(absent_since=None)
    units = OrganizationalUnit.objects.filter(absent_since=None).order_by("name_path")
    teams = Team.objects.filter(absent_since=None, slug__in=seen.values("team")).order_by("name")
    environments = seen.exclude(environment="").order_by("environment").values_list("environment", flat=True)
    return {
        "ous": [(one.id, one.name_path or one.name) for one in units],
        "teams": list(teams.values_list("slug", "name")),
        "environments": list(environments.distinct()),
    }


def _cells(account: Account, chosen: Sequence[str], known: Sequence[register.Field]) -> list[Cell]:
    entry = register.entry_or_none(account)
    said = register.spoken(entry, known)
    by_name = {one.name: one for one in known}
    return [_cell(account, entry, name, said, by_name) for name in chosen]


def _cell(
    account: Account,
    entry: RegisterEntry | None,
    name: str,
    said: Mapping[str, str],
    known: Mapping[str, register.Field],
) -> Cell:
    if name == "ou":
        return Cell((account.ou.name_path or account.ou.name) if account.ou else "")
    if name == "team":
        return Cell(account.team)
    if name in ("owner", "deputy"):
        person = getattr(entry, name) if entry else None
        gone = _("has left") if person and not person.can_act else ""
        missing = name == "owner" and person is None
        return Cell(person.display_name if person else "", _("no owner") if missing else gone, missing or bool(gone))
    if name == "environment":
        differs = register.differs(account, said[name])
        tag = _("tag: %(tag)s") % {"tag": account.environment} if account.environment else ""
        return Cell(said[name], tag, differs)
    if name == "confirmed_on":
        old = entry is not None and entry.asked_at is not None
        return Cell(said[name], _("asked to confirm") if old else "", old)
    text = register.word(known[name], said[name])
    return Cell(text if len(text) <= 60 else f"{text[:59]}…")


# --- one account


@page
@require_GET
def account_page(request: Any, account_id: str) -> HttpResponse:
    """Everything of one account: what AWS says and when it was seen, what the register says, what happens here."""
    account = register.account_seen(request.actor, account_id)
    entry = register.entry_of(account.pk)
    known = register.fields()
    seen = rules.visible(request.actor)
    grants = Hold.objects.filter(account_id=account.pk, state__in=IN_FORCE, request__in=seen)
    last = seen.filter(pk__in=Hold.objects.filter(account_id=account.pk).values("request_id"))
    context = {
        "here": "accounts",
        "account": account,
        "entry": entry,
        "facts": _facts(account, entry, known),
        "may_write": bool(register.may_write(request.actor, entry, known)),
        "may_confirm": register.may_confirm(request.actor, entry),
        "history": history_lines(register.history_of(account.pk, limit=100), known),
        "grants": grants.select_related("request").order_by(F("ends_at").asc(nulls_last=True), "id")[:10],
        "grant_count": grants.count(),
        "requests": listed(last.order_by("-id"))[:10],
        "team": Team.objects.filter(slug=account.team).first(),
        "now": clock.now(),
    }
    return render(request, "web/accounts/one.html", context)


def _facts(account: Account, entry: RegisterEntry | None, known: Sequence[register.Field]) -> list[dict[str, Any]]:
    said = register.spoken(entry, known)
    by_name = {one.name: one for one in known}
    facts = []
    for one in known:
        cell = _cell(account, entry, one.name, said, by_name)
        text = register.word(one, said[one.name])
        whole_text = cell.text if one.kind == "person" else text
        link = text if one.kind == "url" and text else ""
        facts.append({"title": register.label_of(one), "cell": cell, "text": whole_text, "link": link})
    return facts


def history_lines(savings: Sequence[register.Saving], known: Sequence[register.Field]) -> list[dict[str, Any]]:
    """Each saving with names for ids and titles for fields; what was erased is said to be."""
    titles = {one.name: register.label_of(one) for one in known}
    kinds = {one.name: one for one in known}
    ids = {saving.by for saving in savings}
    ids |= {
        side or "" for saving in savings for name, *sides in saving.fields if _is_person(kinds, name) for side in sides
    }
    names = dict(Person.objects.filter(id__in=ids).values_list("id", "display_name"))

    def side(name: str, text: str | None) -> str:
        if text is None:
            return _("erased")
        if _is_person(kinds, name):
            return names.get(text, text)
        return register.word(kinds[name], text) if name in kinds else text

    return [
        {
            "saving": saving,
            "by": names.get(saving.by, _("Kumoban")),
            "what": _(_KINDS[saving.kind]) if saving.kind in _KINDS else "",
            "lines": [
                {"title": titles.get(name, name), "before": side(name, before), "after": side(name, after)}
                for name, before, after in saving.fields
            ],
        }
        for saving in savings
    ]


def _is_person(kinds: Mapping[str, register.Field], name: str) -> bool:
    return name in kinds and kinds[name].kind == "person"


_KINDS = {
    "register.changed": gettext_noop("changed"),
    "register.confirmed": gettext_noop("confirmed"),
    "register.asked": gettext_noop("asked to confirm"),
    "register.reminded": gettext_noop("reminded"),
}


# --- changing and confirming


@page
def edit(request: Any, account_id: str) -> HttpResponse:
    """The form; what was refused is shown again as it was typed, beside what somebody else has changed meanwhile."""
    account = register.account_seen(request.actor, account_id)
    entry = register.entry_of(account.pk)
    known = register.fields()
    mine = [one for one in known if one.name in register.may_write(request.actor, entry, known)]
    if not mine:
        raise Refused(Reason("register_not_yours"), attempt=request.method == "POST")
    version = entry.version if entry else 0
    read = whole(request.POST.get("version", "")) or 0 if request.method == "POST" else version
    errors: dict[str, list[str]] = {}
    newer: list[register.Saving] = []
    if request.method == "POST":
        values = {one.name: request.POST[one.name] for one in mine if one.name in request.POST}
        try:
            register.change(request.actor, account.pk, values, version=read)
        except ShapeError as shape:
            errors = by_field(shape)
        except Refused as refused:
            refused_attempt(request.actor, f"account {account.pk}", "register", refused)
            errors = by_field(refused)
            newer = register.changes_since(account.pk, read)
        else:
            messages.success(request, _("Saved."))
            return redirect(f"/accounts/{account.pk}")
    said = register.spoken(entry, known)
    context = {
        "here": "accounts",
        "account": account,
        "version": version if newer else read,
        "inputs": [_input(one, account, said, request.POST, errors) for one in mine],
        "problems": [*errors.get("", []), *errors.get("version", [])],
        "newer": history_lines(newer, known),
        "people": Person.objects.filter(absent_since=None, enabled=True).order_by("user_name")[:_SUGGESTED],
        "wrong": bool(errors),
    }
    return render(request, "web/accounts/edit.html", context, status=422 if errors else 200)


def _input(
    one: register.Field,
    account: Account,
    said: Mapping[str, str],
    typed: Mapping[str, str],
    errors: Mapping[str, list[str]],
) -> dict[str, Any]:
    """A field as the form draws it: what was typed, else what the entry says."""
    return {
        "name": one.name,
        "label": register.label_of(one),
        "kind": one.kind,
        "value": typed.get(one.name, said[one.name]),
        "now": said[one.name],
        "choices": one.column.choices if one.column else (),
        "required": bool(one.column and one.column.required),
        "errors": errors.get(one.name, []),
        "hint": _hint(one, account),
    }


def _hint(one: register.Field, account: Account) -> str:
    if one.kind == "person":
        return _("By user name or by name.")
    if one.name == "environment" and account.environment:
        return _("The tag says %(tag)s.") % {"tag": account.environment}
    if one.name == "confirmed_on":
        return _("Only where an earlier register said so; else it is set by confirming.")
    return ""


@page
@require_POST
def confirm(request: Any, account_id: str) -> HttpResponse:
    """All of it is right as it was read."""
    version = whole(request.POST.get("version", "")) or 0
    entry = register.confirm(request.actor, account_id, version=version)
    messages.success(request, _("%(account)s is confirmed.") % {"account": entry.account.name})
    return redirect(own_address(request, request.POST.get("next", "") or f"/accounts/{account_id}"))
