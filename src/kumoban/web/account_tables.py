"""The account register as files: given out as CSV and XLSX, taken back by a preview; the company's own columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import register
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.shapes import read
from kumoban.estate.models import RegisterColumn
from kumoban.web.account_pages import asked, history_lines
from kumoban.web.downloads import sent_as
from kumoban.web.gate import page
from kumoban.web.problems import by_field

__all__ = ["columns_page", "export", "import_page", "remove_column"]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: lines of a preview that a page shows; the others are counted
_SHOWN = 300


@page
@require_GET
def export(request: Any, kind: str) -> HttpResponseBase:
    """Everything that the address narrows down to, in the reader's language."""
    found = register.accounts(request.actor, asked(request))
    if kind == "csv":
        return sent_as("accounts.csv", "text/csv", register.as_csv(found))
    response = HttpResponse(register.as_xlsx(found), content_type=_XLSX)
    response["Content-Disposition"] = 'attachment; filename="accounts.xlsx"'
    return response


# --- taking a table


@page
def import_page(request: Any) -> HttpResponse:
    """A file or pasted lines; then what they would change; then, exactly that written."""
    if not request.actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    context: dict[str, Any] = {"here": "accounts", "problems": [], "text": ""}
    if request.method != "POST":
        return render(request, "web/accounts/import.html", context)
    try:
        context["text"] = _given(request)
        if digest := request.POST.get("digest", ""):
            return _written(request, register.import_entries(request.actor, context["text"], digest=digest))
    except Refused as refused:
        refused_attempt(request.actor, "import accounts", "register", refused)
        context["problems"] = [text for texts in by_field(refused).values() for text in texts]
    if not context["problems"] or request.POST.get("digest"):
        context |= _previewed(request, context["text"])
    return render(request, "web/accounts/import.html", context, status=422 if context["problems"] else 200)


def _given(request: Any) -> str:
    uploaded = request.FILES.get("file")
    if uploaded is None:
        text: str = request.POST.get("text", "")
        return text
    if uploaded.size > 2 * register.MOST_BYTES:
        raise Refused(Reason("register_table_too_large", {"kib": register.MOST_BYTES // 1024}), field="file")
    return register.text_of(uploaded.read())


def _previewed(request: Any, text: str) -> dict[str, Any]:
    """The preview; beside an earlier one that no longer holds, what others have saved since."""
    try:
        made = register.preview(request.actor, text)
    except Refused as refused:
        return {"problems": [text for texts in by_field(refused).values() for text in texts]}
    known = register.fields()
    titles = {one.name: register.label_of(one) for one in known}
    shown = [line for line in made.lines if line.changes or line.refused]
    before = _versions(request.POST.get("versions", ""))
    moved = {
        pk: history_lines(register.changes_since(pk, before[pk]), known)
        for pk, version in made.versions.items()
        if before.get(pk, version) != version
    }
    return {
        "preview": made,
        "lines": [_line(line, titles, moved) for line in shown[:_SHOWN]],
        "more": max(len(shown) - _SHOWN, 0),
        "versions": " ".join(f"{pk}:{version}" for pk, version in made.versions.items()),
    }


def _versions(text: str) -> dict[str, int]:
    """What an earlier preview was compared with, as its page sent it back."""
    pairs = (part.partition(":") for part in text.split()[:5000])
    return {pk: int(version) for pk, _sign, version in pairs if version.isdecimal() and len(version) < 10}


def _line(line: register.Line, titles: dict[str, str], moved: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """``moved``: what others have saved of the account since an earlier preview."""
    return {
        "line": line,
        "moved": moved.get(line.account.pk, []) if line.account else [],
        "changes": [
            {
                "title": titles[one.field.name],
                "before": register.word(one.field, one.before),
                "after": register.word(one.field, one.after),
            }
            for one in line.changes
        ],
        "refused": [(titles.get(name, ""), reason) for name, reason in line.refused],
    }


def _written(request: Any, made: register.Preview) -> HttpResponse:
    n = len(made.taken)
    said = ngettext("%(n)d account was changed.", "%(n)d accounts were changed.", n) % {"n": n}
    messages.success(request, said)
    return redirect("/accounts")


# --- the company's own columns


@page
def columns_page(request: Any) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            register.save_column(request.actor, read(register.ColumnForm, _column(request.POST)))
        except ShapeError as shape:
            errors = by_field(shape)
        except Refused as refused:
            refused_attempt(request.actor, "register column", "register", refused)
            errors = by_field(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("/accounts/columns")
    context = {
        "here": "accounts",
        "columns": RegisterColumn.objects.order_by("position", "id"),
        "errors": errors,
        "problems": errors.get("", []),
        "typed": request.POST,
        "kinds": [
            ("text", _("a line of text")),
            ("number", _("a number")),
            ("date", _("a date")),
            ("url", _("an address (URL)")),
            ("choice", _("one of several values")),
        ],
    }
    return render(request, "web/accounts/columns.html", context, status=422 if errors else 200)


def _column(given: Any) -> dict[str, Any]:
    return {
        "key": given.get("key", ""),
        "label_ja": given.get("label_ja", ""),
        "label_en": given.get("label_en", ""),
        "kind": given.get("kind", "text"),
        "required": "required" in given,
        "choices": [line.strip() for line in given.get("choices", "").splitlines() if line.strip()],
        "position": given.get("position", "").strip() or 0,
    }


@page
@require_POST
def remove_column(request: Any, key: str) -> HttpResponse:
    register.remove_column(request.actor, key)
    messages.success(request, _("Done."))
    return redirect("/accounts/columns")
