"""The desk at work: who runs it, whether a runner is there, everything ends in time, and people are told."""

from __future__ import annotations

import smtplib
import ssl
from datetime import timedelta

from django.conf import settings
from django.db.models import Max

from kumoban.aws.mode import observing
from kumoban.cli.doctor.checks import Look, Wrong
from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop
from kumoban.desk import clock
from kumoban.desk.models import Duty, Hold, Step
from kumoban.desk.notices.lanes import configured
from kumoban.desk.notices.outbox import figures
from kumoban.desk.people import members_of
from kumoban.desk.states import IN_FORCE, StepKind
from kumoban.estate.models import Account, Group
from kumoban.ledger.clock import database_now

__all__ = ["CHECKS"]

#: one approves what the other asks
_AT_LEAST = 2
#: the shortest duties come every few seconds
_SILENT = timedelta(minutes=3)
_LATE = timedelta(minutes=5)
_OLD = timedelta(hours=2)


def _ops() -> str:
    return _enough(settings.KUMOBAN_OPS_GROUP)


def _auditors() -> str:
    return _enough(settings.KUMOBAN_AUDITOR_GROUP)


def _enough(name: str) -> str:
    groups = list(Group.objects.filter(name=name, absent_since=None).values_list("id", flat=True))
    if not groups:
        raise Wrong(_("there is no group %(group)s") % {"group": name})
    people = set().union(*members_of(groups).values())
    said = _("%(group)s has %(n)s people") % {"group": name, "n": len(people)}
    if len(people) < _AT_LEAST:
        raise Wrong(said)
    return said


def _estate() -> str:
    accounts = Account.objects.filter(absent_since=None)
    newest = accounts.aggregate(at=Max("seen_at"))["at"]
    if newest is None:
        raise Wrong(_("AWS has not been read yet"))
    said = _("%(n)s accounts, read %(at)s") % {"n": accounts.count(), "at": f"{newest:%Y-%m-%d %H:%M} UTC"}
    if newest < database_now() - _OLD:
        raise Wrong(said)
    return said


def _runner() -> str:
    seen = Duty.objects.aggregate(at=Max("last_at"))["at"]
    if seen is None:
        raise Wrong(_("no runner has been seen"))
    if seen < database_now() - _SILENT:
        raise Wrong(_("no runner has been seen since %(at)s") % {"at": f"{seen:%Y-%m-%d %H:%M} UTC"})
    failing = list(Duty.objects.exclude(last_error="").order_by("name").values_list("name", "last_error"))
    if failing:
        raise Wrong("; ".join(f"{name}: {error[:120]}" for name, error in failing))
    return _("seen %(at)s") % {"at": f"{seen:%H:%M:%S} UTC"}


def _ends() -> str:
    overdue = Step.objects.filter(kind=StepKind.END, done_at=None, due__lt=clock.now() - _LATE).count()
    held = Hold.objects.filter(state__in=IN_FORCE).count()
    if overdue:
        raise Wrong(_("%(n)s ends are more than five minutes late") % {"n": overdue})
    if held and observing():
        raise Wrong(_("observe mode, and nobody ends the %(n)s grants in force") % {"n": held})
    return _("%(n)s grants in force, no end is late") % {"n": held}


def _notices() -> str:
    """Notices that do not get out are found here before somebody misses one."""
    lanes, now = configured(), figures()
    if not lanes:
        return _("no mail, no Slack, no webhook is set: nobody is told anything")
    if settings.KUMOBAN_EMAIL.get("scheme") in ("smtp", "smtps"):
        _greet()
    said = _("%(lanes)s; due: %(waiting)d, late: %(late)d, given up this week: %(given_up)d")
    told = said % {"lanes": ", ".join(lanes), **now.__dict__}
    if not now.healthy:
        raise Wrong(told)
    return told


def _greet() -> None:
    """Say hello to the mail server, and nothing else."""
    given, verified = settings.KUMOBAN_EMAIL, ssl.create_default_context()
    if given["scheme"] == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(given["host"], given["port"], timeout=5, context=verified)
    else:
        server = smtplib.SMTP(given["host"], given["port"], timeout=5)
    with server:
        if given["starttls"]:
            server.starttls(context=verified)
        if given["username"]:
            server.login(given["username"], given["password"])
        server.noop()


CHECKS: tuple[Look, ...] = (
    (gettext_noop("estate"), _estate, gettext_noop("run: kumoban scan; then see that a runner reads it regularly")),
    (gettext_noop("operations team"), _ops, gettext_noop("two people or more must be in KUMOBAN_OPS_GROUP")),
    (
        gettext_noop("auditors"),
        _auditors,
        gettext_noop("two people or more must be in KUMOBAN_AUDITOR_GROUP"),
    ),
    (gettext_noop("runner"), _runner, gettext_noop("start: kumoban runner; its log says why a duty fails")),
    (
        gettext_noop("ends"),
        _ends,
        gettext_noop("look at /work, and at docs/operator/running"),
    ),
    (
        gettext_noop("notices"),
        _notices,
        gettext_noop("see the runner's log and the page Work; mend the channel, then send again"),
    ),
)
