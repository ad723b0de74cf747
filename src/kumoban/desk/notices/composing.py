"""A notice in its reader's words: sentences first, then why, then the link. No secret, and nothing but text.

Rendered when it is sent, so that it says what is so then. Every face of a notice (mail, Slack, a page) shows the same
``Message``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kumoban.core.plan import Plan
from kumoban.desk.models import Notice, Remark, Request
from kumoban.desk.notices.kinds import KINDS
from kumoban.desk.notices.readers import Reader
from kumoban.desk.speech import honorific, local, said, titled, words
from kumoban.estate.models import Person

__all__ = [
    "Message",
    "address_of",
    "compose",
    "deadline",
    "in_the_words_of",
    "on_one_line",
    "plain_text",
    "sentence",
]

#: of what somebody wrote; the page has the rest
_QUOTED = 600
_LISTED = 4
#: the page of what is about no request
_PAGES = {"register": "/", **dict.fromkeys(("review", "review_reminded", "review_notice"), "/reviews")}


@dataclass(frozen=True)
class Message:
    """``sentences`` come first; ``quote`` is what somebody wrote."""

    subject: str
    sentences: tuple[str, ...]
    lines: tuple[str, ...]
    quote: str
    link: str
    link_label: str


@contextmanager
def in_the_words_of(reader: Reader) -> Iterator[None]:
    with translation.override(reader.language), timezone.override(reader.zone):
        yield


def compose(notice: Notice, reader: Reader) -> Message:
    with in_the_words_of(reader):
        kind, request = KINDS[notice.kind], notice.request
        values = _values(notice)
        about = titled(request) if request else ""
        subject = f"[{request.number}] {_(kind.label)}: {about}" if request else _(kind.label)
        sentences = [_(kind.headline) % values]
        if request is not None:
            sentences.append(sentence(request) if kind.ahead else about)
        return Message(
            subject=on_one_line(subject, 200),
            sentences=tuple(on_one_line(one, 1000) for one in sentences if one),
            lines=tuple(on_one_line(line, 1000) for line in _lines(notice)),
            quote=_quote(notice),
            link=address_of(request) if request else f"{settings.KUMOBAN_BASE_URL}{_page(notice)}",
            link_label=_("Read it and decide") if kind.decide else _("See it in Kumoban"),
        )


def address_of(request: Request) -> str:
    return f"{settings.KUMOBAN_BASE_URL}/requests/{request.number}"


def _page(notice: Notice) -> str:
    return str(notice.params.get("page") or _PAGES.get(notice.kind, "/me"))


def _values(notice: Notice) -> dict[str, str]:
    params: dict[str, Any] = notice.params
    values = {
        name: local(datetime.fromisoformat(params[name])) for name in ("starts_at", "ends_at") if params.get(name)
    }
    values["n"], values["name"] = str(params.get("n", "")), str(params.get("name", ""))
    names = Person.objects.filter(pk=params.get("by", "")).values_list("display_name", flat=True)
    values["who"] = honorific(next(iter(names), "")) if names else _("Kumoban")
    if notice.request is not None:
        values["requester"] = honorific(notice.request.requester.display_name)
    return values


def _lines(notice: Notice) -> Iterator[str]:
    """Why it came so, what it is asked for, what happens without a decision."""
    request, kind = notice.request, KINDS[notice.kind]
    yield from (said(reason) for reason in notice.params.get("why", ()))
    if request is None:
        return
    if notice.kind == "ending_soon":
        yield _("Extend it: %(link)s") % {
            "link": f"{settings.KUMOBAN_BASE_URL}/ask/{request.routine}?extend={request.number}"
        }
    if request.reason and (kind.decide or notice.kind == "ops_by_hand"):
        yield _("Reason: %(reason)s") % {"reason": request.reason[:_QUOTED]}
    if kind.decide and request.lapses_at:
        yield deadline(request)


def deadline(request: Request) -> str:
    """Until when it is to be decided, and what happens then."""
    afterwards = bool(request.ratification)
    said_when = _("To be approved by %(at)s.") if afterwards else _("Without a decision it lapses at %(at)s.")
    return said_when % {"at": local(request.lapses_at)}


def _quote(notice: Notice) -> str:
    remark = notice.params.get("remark")
    text = Remark.objects.filter(pk=remark).values_list("text", flat=True).first() if remark else ""
    return (text or "")[:_QUOTED]


# --- what a request is about, as text


def sentence(request: Request) -> str:
    """Who will have what, where, until when; for work by hand its title."""
    plan = request.plan.value if request.plan else None
    first = plan.steps[0] if plan and plan.steps else None
    if plan is None or first is None or "permission_set" not in first.shown or plan.window is None:
        return titled(request)
    return _("{people} will have {what} in {where} {when}.").format(
        people=_(", ").join(honorific(worker.display_name) for worker in request.workers.all()),
        what=first.shown["permission_set"],
        where=_where(plan),
        when=_when(request, plan),
    )


def _where(plan: Plan) -> str:
    accounts = list(dict.fromkeys((step.shown["account"], step.shown.get("ou", "")) for step in plan.steps))
    shown = [f"{name} ({ou})" if ou else str(name) for name, ou in accounts[:_LISTED]]
    if len(accounts) > _LISTED:
        shown.append(_("%(n)d more") % {"n": len(accounts) - _LISTED})
    return _(", ").join(shown)


def _when(request: Request, plan: Plan) -> str:
    window = plan.window
    assert window is not None
    starts_at, ends_at = request.starts_at or window.starts_at, request.ends_at or window.ends_at
    if starts_at and ends_at:
        return _("from %(start)s to %(end)s") % {"start": local(starts_at), "end": local(ends_at)}
    if ends_at:
        return _("until %(end)s") % {"end": local(ends_at)}
    assert window.duration is not None
    return _("for %(length)s from approval") % {"length": words(window.duration)}


def on_one_line(text: str, longest: int) -> str:
    """No line ends, no control or direction characters: safe in a header, and nothing reads as something else."""
    plain = "".join(letter if _harmless(letter) else " " for letter in text)
    line = " ".join(plain.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _harmless(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain_text(messages: Sequence[Message]) -> str:
    """What a mail says where nothing is drawn."""
    return "\n\n".join(_plain(message) for message in messages)


def _plain(message: Message) -> str:
    quoted = [f"> {line}" for line in message.quote.splitlines()]
    parts = ["\n".join(message.sentences), "\n".join(message.lines), "\n".join(quoted)]
    return "\n\n".join(part for part in (*parts, f"{message.link_label}:\n{message.link}") if part)
