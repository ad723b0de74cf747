"""Slack: one message for each request and person, kept up to date; news beneath it, so that it is noticed.

A message of which it is not known whether it was sent is looked for before it is sent again: each carries its notice's
key as metadata.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from kumoban.desk.models import Request, SlackLink, SlackMessage
from kumoban.desk.notices.composing import compose, in_the_words_of
from kumoban.desk.notices.delivery import Bundle, NotNow, NotThisOne
from kumoban.desk.notices.lanes import SLACK
from kumoban.desk.notices.readers import Reader, readers
from kumoban.desk.notices.slack_blocks import digest_blocks, fallback, live_blocks, news_blocks
from kumoban.desk.notices.slack_calls import SlackGone, call, client
from kumoban.ledger.record import writing

__all__ = ["SlackLane"]

log = logging.getLogger(__name__)

_EVENT = "kumoban_notice"
#: messages of a conversation that are looked through
_LOOKED_AT = 50
_AT_ONCE = 20


class SlackLane:
    name = SLACK

    def __init__(self) -> None:
        self._client = client()

    def send(self, bundle: Bundle) -> str:
        if bundle.reader is None or bundle.reader.link is None:
            raise NotThisOne("the Slack account is no longer linked")
        if bundle.digest or bundle.first.request is None:
            return self._digest(bundle, bundle.reader, bundle.reader.link)
        return self._about(bundle, bundle.first.request, bundle.reader, bundle.reader.link)

    def rest(self) -> None:
        return

    # --- one message for each request and person

    def _about(self, bundle: Bundle, about: Request, reader: Reader, link: SlackLink) -> str:
        news = compose(bundle.first, reader)
        with writing():  # the row is there before the message, so that what moves meanwhile is counted
            place = {"channel": link.channel}
            message, made = SlackMessage.objects.get_or_create(request=about, person=reader.person, defaults=place)
        if not message.ts:
            if not made and not bundle.unsure:
                raise NotNow("another node is writing the first message about this request")
            ts = self._first(bundle, message, fallback(news.subject), live_blocks(_now(about), reader))
            with writing():
                SlackMessage.objects.filter(pk=message.pk).update(ts=ts, shown=message.changes)
            return ts
        if not self._bring_up_to_date(message):
            return self._about(bundle, about, reader, link)
        return self._post(bundle, message.channel, fallback(news.subject), news_blocks(news), thread=message.ts)

    def _first(self, bundle: Bundle, message: SlackMessage, text: str, blocks: list[dict[str, Any]]) -> str:
        try:
            return self._post(bundle, message.channel, text, blocks)
        except Exception:
            with writing():
                SlackMessage.objects.filter(pk=message.pk, ts="").delete()
            raise

    def _digest(self, bundle: Bundle, reader: Reader, link: SlackLink) -> str:
        messages = [compose(notice, reader) for notice in bundle.notices]
        with in_the_words_of(reader):
            if len(messages) == 1:
                blocks, title = news_blocks(messages[0]), messages[0].subject
            else:
                title = _("Kumoban: %(n)d notices") % {"n": len(messages)}
                blocks = digest_blocks(messages, title, _("There is more in Kumoban."))
        return self._post(bundle, link.channel, fallback(title), blocks)

    def _post(self, bundle: Bundle, channel: str, text: str, blocks: list[dict[str, Any]], thread: str = "") -> str:
        if bundle.unsure and (found := self._sent_before(bundle.key, channel, thread)):
            return found
        answer = call(
            self._client.chat_postMessage,
            channel=channel,
            text=text,
            blocks=blocks,
            thread_ts=thread or None,
            metadata={"event_type": _EVENT, "event_payload": {"key": bundle.key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    def _sent_before(self, key: str, channel: str, thread: str) -> str:
        """The ts of the message that carries this key, where it was sent although nobody heard so."""
        asked: dict[str, Any] = {"channel": channel, "limit": _LOOKED_AT, "include_all_metadata": True}
        if thread:
            answer = call(self._client.conversations_replies, ts=thread, **asked)
        else:
            answer = call(self._client.conversations_history, **asked)
        for one in answer.get("messages", ()):
            about = one.get("metadata") or {}
            if about.get("event_type") == _EVENT and about.get("event_payload", {}).get("key") == key:
                return str(one["ts"])
        return ""

    # --- keeping it up to date

    def keep_up(self) -> int:
        """Change the messages whose request has moved; how many."""
        behind = SlackMessage.objects.filter(changes__gt=F("shown")).exclude(ts="").order_by("id")
        rows = list(behind[:_AT_ONCE])
        for message in rows:
            self._bring_up_to_date(message)
        return len(rows)

    def _bring_up_to_date(self, message: SlackMessage) -> bool:
        """False where it is there no more, and forgotten: the next news is a new message.

        ``changes`` are read before the request is, so what is shown is at least as new as it is said to be.
        """
        reader = readers([message.person_id]).get(message.person_id)
        if reader is not None:
            request = _now(message.request)
            with in_the_words_of(reader):
                text = fallback(f"{request.number} {request.state_label}")
            place = {"channel": message.channel, "ts": message.ts}
            try:
                call(self._client.chat_update, **place, text=text, blocks=live_blocks(request, reader))
            except SlackGone:
                with writing():
                    message.delete()
                return False
            except (NotThisOne, NotNow) as refused:
                log.warning("the Slack message about %s cannot be changed: %s", request.number, refused)
        with writing():
            SlackMessage.objects.filter(pk=message.pk, shown__lt=message.changes).update(shown=message.changes)
        return True


def _now(request: Request) -> Request:
    return Request.objects.select_related("plan", "requester").get(pk=request.pk)
