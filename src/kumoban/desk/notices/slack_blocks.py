"""What stands in a Slack message: the sentence, why, how far it is, and what this person may do now.

All of it is ``plain_text``, so nothing that anybody typed becomes a mention, a link or markup. Lengths are Block Kit's:
header 150, section 3000, button 75 and value 2000 characters, 50 blocks (docs.slack.dev/reference/block-kit).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.signing import Signer
from django.utils.translation import gettext as _

from kumoban.desk.models import Approval, Request
from kumoban.desk.notices.audience import may_decide
from kumoban.desk.notices.composing import Message, address_of, deadline, in_the_words_of, sentence
from kumoban.desk.notices.readers import Reader
from kumoban.desk.rules import awaits_decision
from kumoban.desk.speech import local, said
from kumoban.desk.step_up import only_in_browser

__all__ = ["SIGNER", "digest_blocks", "fallback", "live_blocks", "news_blocks", "reason_view"]

#: signs what a button or a form says: who may press it, about which plan
SIGNER = Signer(salt="kumoban.slack.decision")
_BLOCKS = 50
_SEALS = 10


def live_blocks(request: Request, reader: Reader) -> list[dict[str, Any]]:
    """The message about a request, as it is now for this person."""
    with in_the_words_of(reader):
        blocks = [_header(f"{request.number} {request.state_label}"), _section(sentence(request))]
        if told := "\n".join(_told(request)):
            blocks.append(_section(told))
        if sealed := _sealed(request):
            blocks.append({"type": "context", "elements": [_text(one, 300) for one in sealed]})
        blocks.append({"type": "actions", "elements": _buttons(request, reader)})
        return blocks


def _told(request: Request) -> list[str]:
    lines = [said(reason) for reason in request.why]
    if awaits_decision(request):
        if request.reason:
            lines.append(_("Reason: %(reason)s") % {"reason": request.reason})
        if request.lapses_at:
            lines.append(deadline(request))
    return lines


def _sealed(request: Request) -> list[str]:
    seals = Approval.objects.filter(plan=request.plan_id, void_at=None).select_related("person").order_by("id")
    word = _("Approval")
    return [f"{word}: {seal.person.display_name} {local(seal.at)}" for seal in seals[:_SEALS]]


def _buttons(request: Request, reader: Reader) -> list[dict[str, Any]]:
    opened = _link(_("See it in Kumoban"), address_of(request))
    plan = request.plan
    if plan is None or not awaits_decision(request) or reader.person.id not in may_decide(request, plan):
        return [opened]
    about = {"n": request.number, "d": plan.digest, "p": reader.person.id}
    back = [] if request.ratification else [_button("return", _("Return"), {**about, "a": "return"})]
    decide = [*back, _button("deny", _("Deny"), {**about, "a": "deny"}, style="danger")]
    if only_in_browser(plan.value):
        return [_link(_("Approve in the browser"), address_of(request)), *decide]
    return [_button("approve", _("Approve"), {**about, "a": "approve"}, style="primary"), *decide, opened]


def news_blocks(message: Message) -> list[dict[str, Any]]:
    """One piece of news, beneath the message or without one."""
    parts = ["\n".join(message.sentences), "\n".join(message.lines), message.quote]
    sections = [_section(part) for part in parts if part]
    return [*sections, {"type": "actions", "elements": [_link(message.link_label, message.link)]}]


def digest_blocks(messages: Sequence[Message], title: str, more: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [_header(title)]
    for number, message in enumerate(messages[: _BLOCKS - 2]):
        text = "\n".join((*message.sentences, *message.lines))
        blocks.append({**_section(text), "accessory": _link(_("Open"), message.link, number)})
    if len(messages) > _BLOCKS - 2:
        blocks.append(_section(more))
    return blocks


def reason_view(action: str, number: str, signed: str) -> dict[str, Any]:
    """The form that asks why; it carries the button's own signed words."""
    title = _("Return for correction") if action == "return" else _("Deny")
    return {
        "type": "modal",
        "callback_id": "decide",
        "private_metadata": signed,
        "title": _text(title, 24),
        "submit": _text(title, 24),
        "close": _text(_("Cancel"), 24),
        "blocks": [
            {
                "type": "input",
                "block_id": "why",
                "label": _text(
                    _("%(number)s: why, so that the other side knows what to do") % {"number": number}, 2000
                ),
                "element": {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 3000},
            }
        ],
    }


def fallback(text: str) -> str:
    """What notifications show; here alone Slack reads markup, so it is escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:3000]


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": _text(text, 150)}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text, 3000)}


def _button(action: str, label: str, about: dict[str, str], style: str = "") -> dict[str, Any]:
    pressed = {"type": "button", "action_id": action, "text": _text(label, 75), "value": SIGNER.sign_object(about)}
    return {**pressed, "style": style} if style else pressed


def _link(label: str, url: str, number: int = 0) -> dict[str, Any]:
    return {"type": "button", "action_id": f"open-{number}", "text": _text(label, 75), "url": url}


def _text(text: str, longest: int) -> dict[str, Any]:
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return {"type": "plain_text", "text": shown or " ", "emoji": False}
