"""AWS as the desk finds it: identities, roles, permissions held against those needed, the service itself, clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings

from kumoban.aws.credentials import SessionKey
from kumoban.aws.door import door
from kumoban.aws.mode import observing
from kumoban.cli.doctor.checks import Look, Wrong
from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop
from kumoban.desk.roles import OPERATOR, READER, declared
from kumoban.desk.roles.held import Held, aws_clock, delegated, held_by, in_progress, instances, trusted
from kumoban.desk.room import MAX_OUTSTANDING
from kumoban.estate.models import Account, Organization
from kumoban.ledger.clock import database_now

__all__ = ["CHECKS", "furthest_apart"]

#: AWS refuses signatures that are five minutes off; this much is worth mending
_APART = timedelta(seconds=15)


def _identity() -> str:
    return door().itself()


def _reader() -> str:
    return str(door().open("kumoban-doctor").read("sts", "get_caller_identity")["Arn"])


def _operator() -> str:
    if observing():
        return _("observe mode: it is not used")
    if not settings.KUMOBAN_OPERATOR_ROLE:
        raise Wrong(_("not set: nothing on AWS can be changed, nor ended"))
    door().prepare(SessionKey(settings.KUMOBAN_OPERATOR_ROLE, "kumoban-doctor"))
    return str(settings.KUMOBAN_OPERATOR_ROLE)


def _reader_may() -> str:
    return _told(held_by(settings.KUMOBAN_READER_ROLE, declared(READER), tried=True))


def _operator_may() -> str:
    if observing() or not settings.KUMOBAN_OPERATOR_ROLE:
        return _operator()
    return _told(held_by(settings.KUMOBAN_OPERATOR_ROLE, declared(OPERATOR), tried=False))


def _told(held: Held) -> str:
    if held.missing:
        raise Wrong(_("missing: %(actions)s") % {"actions": ", ".join(held.missing)})
    how = _("simulated by IAM") if held.simulated else _("tried")
    if held.untried:
        return _("nothing is known to be missing; not tried: %(actions)s") % {"actions": ", ".join(held.untried)}
    return _("nothing is missing (%(how)s)") % {"how": how}


def _instance() -> str:
    found, known = instances(), Organization.objects.values_list("instance_arn", flat=True).first()
    if not found:
        raise Wrong(_("the reader sees no instance of IAM Identity Center"))
    if known and known not in found:
        raise Wrong(_("the desk knows another instance: %(arn)s") % {"arn": known})
    return ", ".join(found)


def _administrator() -> str:
    found = delegated()
    if found is None:
        return _("the management account itself")
    if not found:
        raise Wrong(_("this account administers neither the organisation nor IAM Identity Center"))
    return _("delegated administrator: it can assign nobody in the management account")


def _service_access() -> str:
    if not trusted():
        raise Wrong(_("the organisation does not let IAM Identity Center work in its accounts"))
    return "sso.amazonaws.com"


def _room() -> str:
    return _("%(n)s of %(most)s assignment operations are under way") % {"n": in_progress(), "most": MAX_OUTSTANDING}


def _clocks() -> str:
    given = {"AWS": aws_clock(), _("database"): database_now(), _("this machine"): datetime.now(UTC)}
    apart = furthest_apart([at for at in given.values() if at])
    if apart > _APART:
        raise Wrong("; ".join(f"{name}: {at:%H:%M:%S} UTC" for name, at in given.items() if at))
    return _("at most %(n)s s apart") % {"n": max(1, round(apart.total_seconds()))}


def _members() -> str:
    """As the last scan found it; the management account is none of the members."""
    if not settings.KUMOBAN_MEMBER_READER_ROLE:
        return _("KUMOBAN_MEMBER_READER_ROLE is not set: IAM users are looked at in the desk's own account only")
    members = Account.objects.filter(absent_since=None, status="ACTIVE")
    members = members.exclude(pk__in=Organization.objects.values("management_account"))
    unread = list(members.filter(users_seen_at=None).order_by("name")[:5])
    if unread:
        names = ", ".join(f"{one.name} ({one.users_error[:80]})" if one.users_error else one.name for one in unread)
        raise Wrong(_("IAM users were never read in: %(accounts)s") % {"accounts": names})
    return _("the IAM users of %(n)s accounts are read") % {"n": members.count()}


def furthest_apart(instants: list[datetime]) -> timedelta:
    return max(instants) - min(instants)


CHECKS: tuple[Look, ...] = (
    (
        gettext_noop("identity of this machine"),
        _identity,
        gettext_noop("give this machine an AWS identity (instance profile, or KUMOBAN_AWS_PROFILE)"),
    ),
    (
        gettext_noop("reader role"),
        _reader,
        gettext_noop("set KUMOBAN_READER_ROLE and let this machine's identity assume it"),
    ),
    (
        gettext_noop("operator role"),
        _operator,
        gettext_noop("let this machine's identity assume KUMOBAN_OPERATOR_ROLE, or set KUMOBAN_MODE=observe"),
    ),
    (
        gettext_noop("the reader's permissions"),
        _reader_may,
        gettext_noop("attach what this prints: kumoban aws policy reader"),
    ),
    (
        gettext_noop("the operator's permissions"),
        _operator_may,
        gettext_noop("attach what this prints: kumoban aws policy operator"),
    ),
    (
        gettext_noop("IAM Identity Center"),
        _instance,
        gettext_noop("an organisation instance in the Region of KUMOBAN_AWS_REGION is needed; then run: kumoban scan"),
    ),
    (
        gettext_noop("administrator"),
        _administrator,
        gettext_noop("register this account as delegated administrator of IAM Identity Center"),
    ),
    (
        gettext_noop("trusted access"),
        _service_access,
        gettext_noop("enable trusted access for IAM Identity Center in AWS Organizations"),
    ),
    (
        gettext_noop("readers in member accounts"),
        _members,
        gettext_noop("deploy what this prints to their OUs: kumoban aws template members; then run: kumoban scan"),
    ),
    (gettext_noop("room for operations"), _room, gettext_noop("run: kumoban scan; what is under way ends by itself")),
    (gettext_noop("clocks"), _clocks, gettext_noop("let all machines, also the database's, keep time by NTP")),
)
