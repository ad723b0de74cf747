"""Amazon SES: a mail leaves through the door, with an entry in the ledger before it and one for what came of it.

Sending changes nothing of the organisation's AWS, so it needs no operator role and works in observe mode; but it is a
call that does something in the company's name, and those are in the record.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from kumoban.aws.credentials import SessionKey
from kumoban.aws.door import door
from kumoban.aws.errors import AnswerLost, AwsError, Denied, Transient
from kumoban.desk.notices.delivery import Down, NotNow, NotThisOne
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["send_by_ses"]

#: errors about this message or its receiver; the next one may go
_ABOUT_THE_MESSAGE = ("MessageRejected", "BadRequestException")


def send_by_ses(raw: bytes, to: str, notices: Sequence[int]) -> str:
    """SES's message id. Raises Down, NotNow or NotThisOne."""
    _remember("aws.intent", notices)
    mail = settings.KUMOBAN_EMAIL
    content = {"Raw": {"Data": raw}}
    params = {"FromEmailAddress": settings.KUMOBAN_EMAIL_FROM, "Destination": {"ToAddresses": [to]}, "Content": content}
    try:
        session = SessionKey(mail["role"], "kumoban-notices")
        answer = door().send("sesv2", "send_email", session, params, region=mail["region"])
    except AwsError as error:
        _remember("aws.answer_lost" if isinstance(error, AnswerLost) else "aws.refused", notices, code=error.code)
        raise _meaning(error) from error
    _remember("aws.accepted", notices, message=str(answer.get("MessageId", "")))
    return str(answer.get("MessageId", ""))


def _meaning(error: AwsError) -> Exception:
    if error.code in _ABOUT_THE_MESSAGE:
        return NotThisOne(str(error))
    if isinstance(error, AnswerLost):
        return NotNow(str(error))
    if isinstance(error, Transient | Denied):
        return Down(str(error))
    return Down(str(error), pause=300.0)


def _remember(kind: str, notices: Sequence[int], **facts: str) -> None:
    with writing():
        told = {"operation": "ses:SendEmail", "notices": list(notices)[:100], **facts}
        record(kind, actor=SYSTEM, subject="notices", facts=told)
