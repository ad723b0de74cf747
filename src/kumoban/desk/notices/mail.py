"""Mail: plain text with a simple HTML part, over SMTP or Amazon SES; of the demo nothing leaves the machine.

Every notice has one Message-ID, however often it is sent, and all mails about one request stand in one thread.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from kumoban.desk.notices.composing import Message, compose, in_the_words_of, plain_text
from kumoban.desk.notices.delivery import Bundle, Down, NotNow, NotThisOne
from kumoban.desk.notices.lanes import MAIL
from kumoban.desk.notices.ses import send_by_ses

__all__ = ["MailLane", "letter"]

_TIMEOUT = 10


def letter(bundle: Bundle) -> EmailMultiAlternatives:
    """The mail, with headers that say what it is. Raises NotThisOne where the directory's address is none."""
    assert bundle.reader is not None
    address = bundle.reader.person.email
    try:
        validate_email(address)
    except ValidationError:
        raise NotThisOne("the directory has no address that mail can be sent to") from None
    messages = [compose(notice, bundle.reader) for notice in bundle.notices]
    with in_the_words_of(bundle.reader):
        subject = _subject(messages) if bundle.digest else messages[0].subject
        context = {"messages": messages, "language": bundle.reader.language, "subject": subject}
        html = render_to_string("desk/notice.html", context)
        mail = EmailMultiAlternatives(
            subject,
            f"{plain_text(messages)}\n\n-- \n{_settings_line()}\n",
            settings.KUMOBAN_EMAIL_FROM or None,
            [address],
            headers=_headers(bundle),
        )
    mail.attach_alternative(html, "text/html")
    return mail


def _subject(messages: Sequence[Message]) -> str:
    return str(_("Kumoban: %(n)d notices") % {"n": len(messages)}) if len(messages) > 1 else messages[0].subject


def _settings_line() -> str:
    return _("How you are told: %(address)s") % {"address": f"{settings.KUMOBAN_BASE_URL}/me#notices"}


def _headers(bundle: Bundle) -> dict[str, str]:
    host = urlsplit(settings.KUMOBAN_BASE_URL).hostname or "kumoban"
    headers = {
        "Message-ID": f"<{bundle.key}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    request = bundle.first.request
    if request is not None and not bundle.digest:
        thread = f"<{request.number}@{host}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    return headers


class MailLane:
    """One connection for what is due together."""

    name = MAIL

    def __init__(self) -> None:
        self._connection: Any = None

    def send(self, bundle: Bundle) -> str:
        if bundle.reader is None or not bundle.reader.person.email:
            raise NotThisOne("the directory has no address of this person")
        mail = letter(bundle)
        _WAYS[settings.KUMOBAN_EMAIL["scheme"]](self, mail, bundle)
        return str(mail.extra_headers["Message-ID"])

    def keep_up(self) -> int:
        return 0

    def rest(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def by_smtp(self, mail: EmailMultiAlternatives, bundle: Bundle) -> None:
        """Raises by what the server's answer means: 5xx about the receiver is for good, everything else passes."""
        try:
            if self._connection is None:
                opened = _smtp()
                opened.open()
                self._connection = opened
            mail.connection = self._connection
            mail.send()
        except smtplib.SMTPRecipientsRefused as refused:
            code, said = next(iter(refused.recipients.values()))
            raise (NotThisOne if code >= 500 else NotNow)(_told(code, said)) from refused
        except smtplib.SMTPDataError as refused:
            raise (NotThisOne if refused.smtp_code >= 500 else NotNow)(
                _told(refused.smtp_code, refused.smtp_error)
            ) from refused
        except smtplib.SMTPResponseException as refused:  # of the sender, of the login: nothing else will go either
            self._connection = None
            raise Down(_told(refused.smtp_code, refused.smtp_error)) from refused
        except (smtplib.SMTPException, OSError, ssl.SSLError) as broken:
            self._connection = None
            raise Down(f"{type(broken).__name__}: {broken}") from broken

    def by_ses(self, mail: EmailMultiAlternatives, bundle: Bundle) -> None:
        send_by_ses(mail.message().as_bytes(), mail.to[0], [notice.pk for notice in bundle.notices])

    def nowhere(self, mail: EmailMultiAlternatives, bundle: Bundle) -> None:
        """The demo: a mail is written as it would be sent, and its page shows it."""
        mail.message().as_bytes()


_WAYS: dict[str, Callable[[MailLane, EmailMultiAlternatives, Bundle], None]] = {
    "smtp": MailLane.by_smtp,
    "smtps": MailLane.by_smtp,
    "ses": MailLane.by_ses,
    "demo": MailLane.nowhere,
}


def _smtp() -> Any:
    given = settings.KUMOBAN_EMAIL
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=given["host"],
        port=given["port"],
        username=given["username"],
        password=given["password"],
        use_tls=given["starttls"],
        use_ssl=given["scheme"] == "smtps",
        timeout=_TIMEOUT,
    )


def _told(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {text}"[:300]
