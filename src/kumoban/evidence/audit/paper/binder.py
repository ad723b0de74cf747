"""One item of a sample on paper: what was asked, planned, decided, granted, done and ended, each with its entry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kumoban.core.reason import Reason
from kumoban.desk.models import Approval, CompletionReport, Hold, Plan, Request
from kumoban.desk.routine import routine_of
from kumoban.desk.speech import said, titled
from kumoban.estate.models import Person
from kumoban.evidence.audit.models import Sample
from kumoban.evidence.audit.paper.sheet import Block, Document, Facts, Heading, Said, Table
from kumoban.evidence.reading import events_of, sheet_of
from kumoban.ledger.models import Entry, EntryText

__all__ = ["binder", "moment"]

#: events of the session evidence, and entries, that are printed; the pack holds all of them
_EVENTS = 60
_ENTRIES = 400


def binder(sample: Sample, rank: int) -> Document:
    """In the active language. ``rank`` counts from 1; raises IndexError beyond the sample."""
    item = sample.chosen[rank - 1]
    entries = list(Entry.objects.filter(subject=item["subject"]).order_by("seq")[:_ENTRIES])
    names = _names(entries)
    request = Request.objects.filter(number=item["subject"]).select_related("requester", "plan").first()
    blocks: list[Block] = [Facts(list(_drawn(sample, rank, item)))]
    if request is not None:
        blocks += _request(request)
    elif item["subject"].startswith("R-"):
        blocks.append(Said(_("The ledger speaks of this request and the desk has it no more.")))
    blocks += [Heading(_("Ledger")), _ledger(entries, names)]
    title = f"{item['subject']} {titled(request)}" if request else item["key"]
    foot = f"{item['key'][:60]} · {_('Sample')} #{sample.pk} · {_('Seed')} {sample.seed}"
    return Document(title, blocks, foot, get_language() or "ja")


def moment(at: datetime | None) -> str:
    """In the organisation's zone, to the second, with its offset."""
    return at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)).isoformat(" ", "seconds") if at else ""


def _drawn(sample: Sample, rank: int, item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield _("Sample"), f"#{sample.pk}, {rank} / {len(sample.chosen)}"
    yield _("Key"), item["key"]
    yield _("Entry"), str(item["seq"])
    yield _("Score"), item["score"]
    yield _("Period"), f"{moment(sample.since)} – {moment(sample.until)}"
    yield _("Digest of the list"), sample.digest


def _request(one: Request) -> Iterator[Block]:
    yield Heading(_("Request"))
    yield Facts(list(_asked(one)))
    if one.plan is not None:
        yield Heading(_("The plan"))
        yield from _plan(one.plan)
    yield Heading(_("Approvals"))
    yield _approvals(one)
    if holds := list(one.holds.select_related("person").order_by("pk")):
        yield Heading(_("Grants"))
        yield _grants(holds)
    yield Heading(_("Session evidence"))
    yield from _evidence(one)
    report = CompletionReport.objects.filter(request=one).select_related("person", "confirmed_by").first()
    if report is not None:
        yield Heading(_("Completion report"))
        yield Facts(list(_report(report)))


def _asked(one: Request) -> Iterator[tuple[str, str]]:
    routine = routine_of(one.routine)
    yield _("Number"), one.number
    yield _("Routine"), _(routine.title) if routine else one.routine
    yield _("State"), one.state_label
    yield _("Requester"), _person(one.requester)
    yield _("Workers"), ", ".join(_person(worker) for worker in one.workers.order_by("id"))
    yield _("Reason"), one.reason
    if one.emergency:
        yield _("Emergency"), one.get_ratification_display() or _("to be approved afterwards")
    for name, at in ((_("Asked"), one.created_at), (_("Start"), one.starts_at), (_("End"), one.ends_at)):
        yield name, moment(at)
    yield _("Closed"), moment(one.closed_at)
    for name, value in one.extra.items():
        yield name, str(value)
    if one.why:
        yield _("Why"), " ".join(said(reason) for reason in one.why)


def _plan(plan: Plan) -> Iterator[Block]:
    decided = [f"{name} (#{pk}, {_('version')} {version})" for pk, version, name in plan.authority.get("rules", ())]
    facts = [
        (_("Number"), plan.number),
        ("SHA-256", plan.digest),
        (_("Made"), moment(plan.made_at)),
        (_("Rules"), "\n".join(decided) or _("none")),
    ]
    yield Facts(facts)
    rows = [
        (str(number), said(step.title), "\n".join(_diff(step.diff))) for number, step in enumerate(plan.value.steps, 1)
    ]
    yield Table(("#", _("Step"), _("Before and after")), rows, (0.06, 0.54, 0.40))


def _diff(found: Sequence[Any]) -> Iterator[str]:
    for one in found:
        yield f"{said(Reason(one.label))}: {one.before or '–'} → {one.after or '–'}"


def _approvals(one: Request) -> Table:
    seals = Approval.objects.filter(plan__request=one).select_related("person", "on_behalf_of", "plan").order_by("pk")
    rows = [
        (
            _person(seal.person) + (f"\n({_person(seal.on_behalf_of)})" if seal.on_behalf_of else ""),
            moment(seal.at),
            seal.plan.number + (f"\n{_('void')} {moment(seal.void_at)}" if seal.void_at else ""),
            " ".join(part for part in (seal.comment, seal.via, seal.reference) if part),
        )
        for seal in seals
    ]
    head = (_("Person"), _("When"), _("Plan"), _("Comment"))
    return Table(head, rows or [(_("none"), "", "", "")], (0.28, 0.24, 0.20, 0.28))


def _grants(holds: Sequence[Hold]) -> Table:
    rows = [
        (
            f"{_person(hold.person) if hold.person else hold.key}\n{hold.shown.get('permission_set', '')}",
            f"{hold.shown.get('account', '')}\n{hold.account_id}",
            moment(hold.active_at),
            moment(hold.ends_at),
            f"{moment(hold.ended_at)}\n{hold.ended_by}".strip() or hold.get_state_display(),
        )
        for hold in holds
    ]
    head = (_("Person"), _("Account"), _("Active since"), _("Planned end"), _("Ended, and how it was seen"))
    return Table(head, rows, (0.24, 0.18, 0.19, 0.19, 0.20))


def _evidence(one: Request) -> Iterator[Block]:
    sheet = sheet_of(one)
    if not sheet.logs:
        yield Said(_("none"))
        return
    told = _("Actions that change something: %(changing)s. Reading: %(reading)s.")
    yield Said(told % {"changing": sheet.changing, "reading": sheet.reading})
    yield Said(" ".join(said(remark) for remark in sheet.remarks) or (_("complete") if sheet.complete else ""))
    events = list(events_of(one)[:_EVENTS])
    if events:
        rows = [
            (moment(event.at), event.log.hold.shown.get("person", ""), f"{event.source}\n{event.name}", event.error)
            for event in events
        ]
        yield Table((_("Time"), _("Person"), _("Action"), _("Refused")), rows, (0.24, 0.2, 0.38, 0.18))


def _report(report: CompletionReport) -> Iterator[tuple[str, str]]:
    yield _("Outcome"), f"{report.outcome} {report.text}".strip()
    yield _("Person"), f"{_person(report.person)}, {moment(report.at)}"
    if report.confirmed_by:
        yield _("Confirmed"), f"{_person(report.confirmed_by)}, {moment(report.confirmed_at)}"


def _ledger(entries: Sequence[Entry], names: Mapping[str, str]) -> Table:
    texts: dict[int, list[str]] = {}
    for text in EntryText.objects.filter(entry__in=entries).order_by("pk"):
        texts.setdefault(text.entry_id, []).append(text.text if text.text is not None else _("(erased)"))
    rows = [
        (
            str(entry.seq),
            moment(entry.at),
            f"{entry.kind}\n{names.get(entry.actor, entry.actor)}",
            "\n".join([*texts.get(entry.seq, ()), _facts(entry), entry.digest[:16]]),
        )
        for entry in entries
    ]
    return Table(
        ("#", _("When"), _("What, and who"), _("Facts, and the digest's beginning")), rows, (0.08, 0.2, 0.27, 0.45)
    )


def _facts(entry: Entry) -> str:
    facts = json.loads(entry.body)["facts"]
    told = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items() if value not in ("", [])
    ]
    whole = "\n".join(told)
    return whole if len(whole) <= 900 else whole[:900] + " …"


def _names(entries: Sequence[Entry]) -> dict[str, str]:
    actors = {entry.actor for entry in entries}
    return {person.id: _person(person) for person in Person.objects.filter(pk__in=actors)}


def _person(person: Person) -> str:
    return f"{person.display_name} ({person.user_name})"
