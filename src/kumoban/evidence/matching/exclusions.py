"""対象外 by a written reason, from a day to a day, with an owner. Never a person's access and never root: they ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from kumoban.core.reason import Reason, Refused
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import required_text
from kumoban.desk.step_up import needs_recent_proof
from kumoban.estate.models import Person
from kumoban.evidence.matching.models import Activity, Exclusion, PrincipalKind
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["LONGEST", "end_exclusion", "exclude", "exclusion_of"]

#: days; after them somebody says again that it is right
LONGEST = 366
_KINDS = frozenset({PrincipalKind.IAM_USER, PrincipalKind.OUTSIDE, PrincipalKind.CHAINED, PrincipalKind.UNKNOWN})
_ARN = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::(\d{12}|\*):(user|role|saml-provider|oidc-provider)/[\w+=,.@/:-]{1,512}\Z"
)
_OTHER = re.compile(r"\d{12}\Z|[\w.-]+(\.[\w-]+)+(/[\w./-]*)?\Z")


def exclude(actor: Actor, pattern: str, reason: str, owner: str, valid_from: date, valid_until: date) -> Exclusion:
    """For the lead of operations, who has just shown that it is them. Raises Refused."""
    actor.needs("rules")
    if not actor.ops_lead:
        raise Refused(Reason("ops_lead_only"), attempt=True)
    needs_recent_proof(actor)
    pattern, said = pattern.strip(), required_text(reason)
    if not (_ARN.match(pattern) or _OTHER.match(pattern)) or len(pattern) > 700 or "AWSReservedSSO_" in pattern:
        raise Refused(Reason("exclusion_pattern"), field="pattern")
    person = Person.objects.filter(pk=owner, absent_since=None, enabled=True).first()
    if person is None:
        raise Refused(Reason("no_such_person"), field="owner")
    if not valid_from <= valid_until <= valid_from + timedelta(days=LONGEST):
        raise Refused(Reason("exclusion_days", {"days": LONGEST}), field="valid_until")
    with writing():
        made = Exclusion.objects.create(
            pattern=pattern, reason=said, owner=person, valid_from=valid_from, valid_until=valid_until,
            made_by=actor.person, made_at=database_now(),
        )  # fmt: skip
        facts = {"pattern": pattern, "owner": person.id, "from": valid_from, "until": valid_until}
        record("matching.excluded", actor=actor.id, subject=made.subject, facts=facts, texts={"reason": said})
    return made


def end_exclusion(actor: Actor, pk: int) -> Exclusion:
    """From now on its sessions are asked about again. Raises Refused."""
    actor.needs("rules")
    if not actor.ops_lead:
        raise Refused(Reason("ops_lead_only"), attempt=True)
    with writing():
        found = Exclusion.objects.select_for_update().filter(pk=pk, ended_at=None).first()
        if found is None:
            raise Refused(Reason("no_such_exclusion"))
        found.ended_at, found.ended_by = database_now(), actor.person
        found.save()
        record("matching.exclusion_ended", actor=actor.id, subject=found.subject, facts={"pattern": found.pattern})
    return found


def exclusion_of(one: Activity, exclusions: Iterable[Exclusion], zone: ZoneInfo | None = None) -> Exclusion | None:
    """The first that speaks of this, on the day on which it was."""
    if one.kind not in _KINDS or one.caller.get("person") or one.person:
        return None
    day = one.first.astimezone(zone or organisation_zone()).date()
    named = _named(one)
    for exclusion in exclusions:
        in_force = exclusion.valid_from <= day <= exclusion.valid_until
        before_its_end = exclusion.ended_at is None or one.last <= exclusion.ended_at
        if in_force and before_its_end and any(_means(exclusion.pattern, name) for name in named):
            return exclusion
    return None


def _named(one: Activity) -> Sequence[str]:
    if one.kind == PrincipalKind.IAM_USER:
        return (one.principal,)
    return tuple(name for name in (one.role, one.origin, one.principal) if name)


def _means(pattern: str, name: str) -> bool:
    """``*`` stands for any account in an ARN, and for nothing else."""
    if "::*:" not in pattern:
        return pattern == name
    before, _, after = pattern.partition("::*:")
    return re.fullmatch(re.escape(before) + r"::\d{12}:" + re.escape(after), name) is not None
