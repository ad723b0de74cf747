"""One account's entry: who may read and write it, changed over what was read, confirmed, its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, rules
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.register.fields import Field, People, Wrong, cleaned, fields, spoken, write
from kumoban.estate.models import Account, RegisterEntry, searchable
from kumoban.ledger.record import record, writing
from kumoban.ledger.search import Recorded, search

__all__ = [
    "Change",
    "Saving",
    "account_seen",
    "apply",
    "change",
    "changes_since",
    "completed",
    "confirm",
    "differing",
    "entry_of",
    "history_of",
    "locked",
    "may_confirm",
    "may_write",
    "needs_ops",
]

#: what an account's owner and deputy keep themselves
_OF_THE_OWNER = frozenset({"contacts"})


def account_seen(actor: Actor, account_id: str) -> Account:
    """An account this person may see. Raises Refused for any other."""
    found = rules.visible_accounts(actor).filter(pk=account_id).select_related("ou").first()
    if found is None:
        raise Refused(Reason("no_such_account", {"account": account_id[:20]}))
    return found


def entry_of(account_id: str) -> RegisterEntry | None:
    """None where nothing was ever written of the account."""
    return _entries().filter(pk=account_id).first()


def _entries() -> QuerySet[RegisterEntry]:
    return RegisterEntry.objects.select_related("account", "owner", "deputy", "confirmed_by")


# --- who may


def may_write(actor: Actor, entry: RegisterEntry | None, known: Iterable[Field]) -> frozenset[str]:
    """The names of the fields this person may change: all for ops, the contacts for owner and deputy."""
    if actor.ops:
        return frozenset(one.name for one in known)
    return _OF_THE_OWNER if _answers_for(actor, entry) else frozenset()


def may_confirm(actor: Actor, entry: RegisterEntry | None) -> bool:
    return entry is not None and (actor.ops or _answers_for(actor, entry))


def _answers_for(actor: Actor, entry: RegisterEntry | None) -> bool:
    return entry is not None and actor.person.id in (entry.owner_id, entry.deputy_id)


def needs_ops(actor: Actor) -> None:
    """The whole register, and its columns, are kept by the operations team."""
    actor.needs("rules")
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)


# --- changing


@dataclass(frozen=True)
class Change:
    """One field of one account: canonical texts before and after."""

    field: Field
    before: str
    after: str


def change(actor: Actor, account_id: str, values: Mapping[str, str], *, version: int) -> RegisterEntry:
    """Write these fields over the entry as it was read (``version``; 0: there was none).

    Raises ShapeError by field, or Refused where the entry is another's by now, or not this person's to write.
    """
    actor.needs("rules" if actor.ops else "ask")
    account_seen(actor, account_id)
    known = {one.name: one for one in fields()}
    people = People.called(text for name, text in values.items() if name in known and known[name].kind == "person")
    with writing():
        entry = locked([account_id])[account_id]
        _may_write_these(actor, entry, known, values)
        if entry.version != version:
            raise Refused(_meanwhile(entry, version), field="version")
        wanted = _wanted(entry, known, values, people)
        return apply(entry, wanted, people, by=actor.id)


def locked(account_ids: Iterable[str]) -> dict[str, RegisterEntry]:
    """The rows by account, locked; one that was never written is in memory only, under its account's lock."""
    now = clock.now()
    accounts = {one.pk: one for one in Account.objects.select_for_update().filter(pk__in=account_ids).order_by("pk")}
    rows = RegisterEntry.objects.select_for_update(of=("self",)).select_related("account", "owner", "deputy")
    found = {row.pk: row for row in rows.filter(pk__in=accounts).order_by("pk")}
    return {
        pk: found.get(pk) or RegisterEntry(account=account, created_at=now, changed_at=now)
        for pk, account in accounts.items()
    }


def _may_write_these(actor: Actor, entry: RegisterEntry, known: Mapping[str, Field], values: Mapping[str, str]) -> None:
    for name in values:
        if name not in known:
            raise ShapeError([(name, Reason("shape.extra_forbidden", {"field": name[:60]}))])
    if beyond := set(values) - may_write(actor, entry, known.values()):
        raise Refused(Reason("register_not_yours", {"field": min(beyond)}), attempt=True)


def _meanwhile(entry: RegisterEntry, version: int) -> Reason:
    latest = next(iter(history_of(entry.account_id, limit=1)), None)
    said: dict[str, str | int] = {"at": latest.at.isoformat() if latest else "", "mine": version, "now": entry.version}
    return Reason("register_changed_meanwhile", said)


def _wanted(
    entry: RegisterEntry, known: Mapping[str, Field], values: Mapping[str, str], people: People
) -> list[Change]:
    wrong: list[tuple[str, Reason]] = []
    wanted: list[Change] = []
    for name, text in values.items():
        try:
            found, _notes = differing(entry, known[name], text, people)
            wanted += [found] if found else []
        except Wrong as problem:
            wrong.append((name, problem.reason))
    if wrong:
        raise ShapeError(wrong)
    return completed(entry, known, wanted)


def completed(entry: RegisterEntry | None, known: Mapping[str, Field], wanted: list[Change]) -> list[Change]:
    """A budget without a currency is in yen: said as a change of its own."""
    after = {**spoken(entry, known.values()), **{one.field.name: one.after for one in wanted}}
    if not after["budget"] or after["currency"]:
        return wanted
    others = [one for one in wanted if one.field.name != "currency"]
    return [*others, Change(known["currency"], spoken(entry, known.values())["currency"], "JPY")]


def differing(
    entry: RegisterEntry | None, one: Field, text: str, people: People
) -> tuple[Change | None, tuple[Reason, ...]]:
    """What this text would change, and what was mended to understand it. Raises Wrong.

    What stands there already is no change, also where it could not be written today (an owner who has left).
    """
    before = spoken(entry, [one])[one.name]
    if text.strip() == before and before:
        return None, ()
    after, notes = cleaned(one, text, people)
    if one.name in ("confirmed_on", "root_mfa_checked") and after > _today():
        raise Wrong(Reason("register_not_yet"))
    return (Change(one, before, after), notes) if after != before else (None, ())


def _today() -> str:
    return clock.now().astimezone(organisation_zone()).date().isoformat()


def apply(entry: RegisterEntry, wanted: Sequence[Change], people: People, *, by: str) -> RegisterEntry:
    """Write the changes into a locked row, and into the ledger. Without a change nothing is written."""
    if not wanted:
        return entry
    before = _ids(entry)
    for one in wanted:
        write(entry, one.field, one.after, people)
    if any(one.field.name == "confirmed_on" for one in wanted):
        entry.confirmed_by, entry.asked_at, entry.reminded_at = None, None, None
    _save(entry)
    after = _ids(entry)
    sides = [
        (f"{side}.{one.field.name}", one.field.erasable, ids.get(one.field.name, text))
        for one in wanted
        for side, ids, text in (("before", before, one.before), ("after", after, one.after))
    ]
    facts = {name: text for name, erasable, text in sides if not erasable}
    texts = {name: text for name, erasable, text in sides if erasable and text}
    names = [one.field.name for one in wanted]
    record(
        "register.changed",
        actor=by,
        subject=_subject(entry.account_id),
        facts={"version": entry.version, "fields": names, **facts},
        texts=texts,
    )
    return entry


def _ids(entry: RegisterEntry) -> dict[str, str]:
    """The record knows people by id: their names are their own."""
    return {"owner": entry.owner_id or "", "deputy": entry.deputy_id or ""}


def _save(entry: RegisterEntry) -> None:
    entry.version += 1
    entry.changed_at = clock.now()
    people = [f"{one.display_name} {one.user_name}" for one in (entry.owner, entry.deputy) if one]
    words = (entry.number, entry.product, entry.environment, entry.department, entry.data_class, *entry.own.values())
    entry.search = searchable(*words, *people, entry.contacts, entry.note)[:8000]
    entry.save()


def _subject(account_id: str) -> str:
    return f"account:{account_id}"


# --- confirming


def confirm(actor: Actor, account_id: str, *, version: int) -> RegisterEntry:
    """All of the entry is right, as it was read (``version``): said by its owner, its deputy or the operations team."""
    actor.needs("ask")
    account_seen(actor, account_id)
    with writing():
        entry = locked([account_id])[account_id]
        if not may_confirm(actor, entry):
            raise Refused(Reason("register_not_yours", {"field": "confirmed_on"}), attempt=True)
        if entry.version != version or not version:
            raise Refused(_meanwhile(entry, version), field="version")
        entry.confirmed_on = clock.now().astimezone(organisation_zone()).date()
        entry.confirmed_by, entry.asked_at, entry.reminded_at = actor.person, None, None
        _save(entry)
        facts = {"version": entry.version, "confirmed_on": entry.confirmed_on.isoformat()}
        record("register.confirmed", actor=actor.id, subject=_subject(account_id), facts=facts)
        return entry


# --- its history


@dataclass(frozen=True)
class Saving:
    """One saving of an entry: by whom, when, which version it made, and by field the texts before and after.

    A text that was erased is None; ``fields`` is empty where the entry was confirmed as it stood.
    """

    at: datetime
    by: str
    kind: str
    version: int
    fields: tuple[tuple[str, str | None, str | None], ...]


def history_of(account_id: str, *, limit: int = 200) -> list[Saving]:
    """The newest first."""
    return [_saving(entry) for entry in search(subjects=[_subject(account_id)], kind="register.", limit=limit)]


def changes_since(account_id: str, version: int) -> list[Saving]:
    """What others have saved since that version was read, the newest first."""
    return [saving for saving in history_of(account_id) if saving.version > version]


def _saving(entry: Recorded) -> Saving:
    said: dict[str, Any] = {**entry.facts, **entry.texts}
    names = [str(name) for name in entry.facts.get("fields", ())]
    changed = tuple((name, said.get(f"before.{name}", ""), said.get(f"after.{name}", "")) for name in names)
    return Saving(entry.at, entry.actor, entry.kind, int(entry.facts.get("version", 0)), changed)
