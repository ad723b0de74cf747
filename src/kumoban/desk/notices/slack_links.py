"""Whose Slack account it is: proved by a code from the person's own page, sent to the app from that account.

Never by an e-mail address: who may change an address in Slack would become somebody else here.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import NoticeSettings, SlackCode, SlackLink, SlackMessage
from kumoban.desk.notices.events import happened
from kumoban.desk.notices.lanes import SLACK, configured
from kumoban.desk.people import Actor
from kumoban.desk.step_up import needs_recent_proof
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["code_for", "link", "linked_person", "unlink"]

_LIFE = timedelta(minutes=10)
#: without letters and digits that look alike; ten of them are fifty bits
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def code_for(actor: Actor) -> tuple[str, datetime]:
    """A new code, shown this once, and until when it works. Whoever sends it to the app may then decide in Slack.

    So it takes what deciding takes: the scope, and a proof of a moment ago where the installation asks for one.
    """
    actor.needs("approve")
    if SLACK not in configured():
        raise Refused(Reason("no_slack"))
    needs_recent_proof(actor)
    code = "".join(secrets.choice(_LETTERS) for _ in range(10))
    expires = database_now() + _LIFE
    with writing():
        SlackCode.objects.update_or_create(
            person=actor.person, defaults={"digest": _digest(code), "expires_at": expires}
        )
        record("slack.code_made", actor=actor.id, subject=f"person:{actor.person.id}")
    return f"{code[:5]}-{code[5:]}", expires


def link(code: str, *, team: str, slack_user: str, channel: str) -> Person:
    """The code came to the app from this account: it is that person's from now on. Raises Refused."""
    said = "".join(letter for letter in code.upper() if letter.isalnum())[:40]
    with writing():
        found = SlackCode.objects.select_for_update().filter(digest=_digest(said)).select_related("person").first()
        if found is None or found.expires_at <= database_now() or not found.person.can_act:
            raise Refused(Reason("slack_code_unknown"))
        person = found.person
        found.delete()
        SlackLink.objects.filter(team=team, slack_user=slack_user).exclude(person=person).delete()
        SlackMessage.objects.filter(person=person).delete()  # in another conversation, perhaps of another account
        made = {"team": team, "slack_user": slack_user, "channel": channel, "at": database_now()}
        SlackLink.objects.update_or_create(person=person, defaults=made)
        facts = {"team": team, "user": slack_user}
        record("slack.linked", actor=person.id, subject=f"person:{person.id}", facts=facts)
        happened("slack_linked", None, by="", at=clock.now(), person=person.id)
    return person


def unlink(actor: Actor) -> None:
    """Nothing decided in Slack is undone; nothing more is decided there."""
    actor.needs("ask")
    with writing():
        SlackCode.objects.filter(person=actor.person).delete()
        gone, _ = SlackLink.objects.filter(person=actor.person).delete()
        if not gone:
            raise Refused(Reason("not_linked"))
        SlackMessage.objects.filter(person=actor.person).delete()
        NoticeSettings.objects.filter(person=actor.person).update(mail=True)
        record("slack.unlinked", actor=actor.id, subject=f"person:{actor.person.id}")


def linked_person(team: str, slack_user: str) -> Person | None:
    found = SlackLink.objects.filter(team=team, slack_user=slack_user).select_related("person").first()
    return found.person if found else None


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
