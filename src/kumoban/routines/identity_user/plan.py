"""The plan: a step for every user, membership and assignment that is made, changed or taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kumoban.core.plan import Diff, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.estate.models import Group, Person
from kumoban.routines.identity_user.form import IdentityUserForm
from kumoban.routines.identity_user.look import Seen
from kumoban.routines.identity_user.table import Row
from kumoban.services.identity_center import unassigning
from kumoban.services.identity_store import ADD_MEMBER, CREATE_USER, DELETE_USER, REMOVE_MEMBER, UPDATE_USER, by_hand

__all__ = ["plan"]

_NEEDED = ("user_name", "family_name", "given_name", "email")
_ATTRIBUTES = (*_NEEDED, "display_name", "title", "employee_number", "language")


def plan(form: IdentityUserForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals:
        return Plan((), refusals=refusals)
    steps = tuple(_steps(form, seen))
    if not steps:
        return Plan((), refusals=(Reason("nothing_to_change"),))
    if seen.external:
        steps = by_hand(steps)
    return Plan(steps, warnings=tuple(_warnings(form, seen)), dimensions=tuple(_dimensions(form, seen)))


def _steps(form: IdentityUserForm, seen: Seen) -> Iterator[PlannedStep]:
    if form.act in ("create", "import"):
        yield from _creating(form, seen)
        return
    assert seen.person is not None
    if form.act == "change":
        yield from _changing(form, seen.person, seen)
    else:
        yield from _removing(seen.person, seen)


def _rows(form: IdentityUserForm, seen: Seen) -> tuple[Row, ...]:
    """The people to be made: those of the table, or the one of the form."""
    if form.act == "import":
        return seen.table.rows
    said = {name: getattr(form, name) for name in _ATTRIBUTES}
    said["display_name"] = said["display_name"] or f"{said['family_name']} {said['given_name']}"
    return (Row(0, {name: value for name, value in said.items() if value}),)


def _groups_of(row: Row, form: IdentityUserForm, seen: Seen) -> list[Group]:
    named = [seen.named_groups[name] for name in row.groups if name in seen.named_groups]
    chosen = [seen.groups[group] for group in form.groups if group in seen.groups]
    return list({group.id: group for group in (*chosen, *named)}.values())


# --- to make


def _creating(form: IdentityUserForm, seen: Seen) -> Iterator[PlannedStep]:
    position = 0
    for row in _rows(form, seen):
        user, name = position, row.attributes["user_name"]
        yield _create(row, seen)
        position += 1
        for group in _groups_of(row, form, seen):
            yield _join(group, seen, name, row.attributes["display_name"], takes=user)
            position += 1


def _create(row: Row, seen: Seen) -> PlannedStep:
    attributes = dict(row.attributes)
    return PlannedStep(
        action=CREATE_USER,
        title=Reason("create_user", {"user_name": attributes["user_name"], "person": attributes["display_name"]}),
        params={"store": seen.organization.identity_store_id, **attributes},
        thing=f"identitystore:user:{attributes['user_name'].casefold()}",
        diff=tuple(Diff(f"attribute.{name}", "", attributes[name]) for name in _ATTRIBUTES if name in attributes),
        present=seen.external and attributes["user_name"].casefold() in seen.taken,
    )


def _join(group: Group, seen: Seen, name: str, person: str, user: str = "", takes: int | None = None) -> PlannedStep:
    said = {"store": seen.organization.identity_store_id, "group": group.id}
    return PlannedStep(
        action=ADD_MEMBER,
        title=Reason("add_member", {"person": person, "group": group.name}),
        params=said if takes is not None else {**said, "user": user},
        thing=f"identitystore:member:{group.id}:{user or name.casefold()}",
        takes={"user": (takes, "user")} if takes is not None else {},
        present=any(one.id == group.id for one in seen.member_of),
    )


# --- to change


def _changing(form: IdentityUserForm, person: Person, seen: Seen) -> Iterator[PlannedStep]:
    before = {name: person.attributes.get(name, "") for name in _ATTRIBUTES}
    asked = {name: value for name in _ATTRIBUTES if (value := getattr(form, name))}
    # what comes from a directory may have arrived by the time it is planned again: it is the same plan
    wanted = asked if seen.external else {name: value for name, value in asked.items() if value != before[name]}
    if wanted:
        yield _update(person, wanted, before, seen)
    for group in (seen.groups[group] for group in form.groups):
        yield _join(group, seen, person.user_name, person.display_name, person.id)
    for group in (seen.groups[group] for group in form.groups_to_leave):
        yield _leave(group, person, seen)


def _update(person: Person, wanted: Mapping[str, str], before: Mapping[str, str], seen: Seen) -> PlannedStep:
    was = {f"was.{name}": before[name] for name in wanted} if not seen.external else {}
    return PlannedStep(
        action=UPDATE_USER,
        title=Reason("update_user", {"person": person.display_name, "user_name": person.user_name}),
        params={"store": seen.organization.identity_store_id, "user": person.id, **wanted, **was},
        thing=f"identitystore:user:{person.id}",
        person=person.id,
        diff=tuple(Diff(f"attribute.{name}", before[name], value) for name, value in wanted.items()),
        present=all(before[name] == value for name, value in wanted.items()),
    )


def _leave(group: Group, person: Person, seen: Seen) -> PlannedStep:
    return PlannedStep(
        action=REMOVE_MEMBER,
        title=Reason("remove_member", {"person": person.display_name, "group": group.name}),
        params={"store": seen.organization.identity_store_id, "group": group.id, "user": person.id},
        thing=f"identitystore:member:{group.id}:{person.id}",
        person=person.id,
        present=not any(one.id == group.id for one in seen.member_of),
    )


# --- to take away


def _removing(person: Person, seen: Seen) -> Iterator[PlannedStep]:
    """Assignments and memberships first, each a step of its own, so that the record says what there was."""
    along = () if seen.external else seen.assigned
    groups = () if seen.external else seen.member_of
    yield from (unassigning(one, person, seen.organization.instance_arn) for one in along)
    yield from (_leave(group, person, seen) for group in groups)
    yield PlannedStep(
        action=DELETE_USER,
        title=Reason("delete_user", {"person": person.display_name, "user_name": person.user_name}),
        params={
            "store": seen.organization.identity_store_id,
            "user": person.id,
            "user_name": person.user_name,
        },
        thing=f"identitystore:user:{person.id}",
        person=person.id,
        irreversible=True,
        after=tuple(range(len(along) + len(groups))),
        diff=tuple(
            Diff(f"attribute.{name}", value, "") for name in _ATTRIBUTES if (value := person.attributes.get(name))
        ),
    )


# --- what can't be, and what to know


def _refusals(form: IdentityUserForm, seen: Seen) -> Iterator[Reason]:
    if form.act in ("change", "remove"):
        yield from _about_person(form, seen)
    elif form.act == "create":
        if not all(getattr(form, name) for name in _NEEDED):
            yield Reason("needed_to_create")
    else:
        yield from (Reason("no_table"),) if not form.table else ()
        yield from seen.table.refusals
    unknown = {*form.groups, *form.groups_to_leave} - seen.groups.keys()
    yield from (Reason("unknown_group", {"group": group[:60]}) for group in sorted(unknown))
    for row in seen.table.rows:
        for name in row.groups:
            if name not in seen.named_groups:
                yield Reason("unknown_group_in_line", {"line": row.line, "group": name[:60]})
    yield from _taken(form, seen)


def _about_person(form: IdentityUserForm, seen: Seen) -> Iterator[Reason]:
    if form.person is None:
        yield Reason("whom")
    elif seen.person is None or (not seen.person.present and not seen.external):
        yield Reason("unknown_person", {"person": form.person[:60]})
    elif form.act == "remove" and seen.holding:
        yield Reason("holds_something", {"requests": ", ".join(seen.holding[:10])})


def _taken(form: IdentityUserForm, seen: Seen) -> Iterator[Reason]:
    """A user name or an address of somebody else's."""
    if form.act == "remove":
        return
    own = seen.person.id if form.act == "change" and seen.person else ""
    if seen.external and form.act != "change":
        return  # it may have arrived already; whether it is as wanted is seen then
    rows = seen.table.rows if form.act == "import" else (_asked_row(form),)
    for row in rows:
        for name in ("user_name", "email"):
            value = row.attributes.get(name, "")
            if value and seen.taken.get(value.casefold(), own) != own:
                said: dict[str, str | int] = {"value": value[:80], "line": row.line}
                yield Reason("taken_in_line" if row.line else "taken", said)


def _asked_row(form: IdentityUserForm) -> Row:
    return Row(0, {name: value for name in ("user_name", "email") if (value := getattr(form, name))})


def _warnings(form: IdentityUserForm, seen: Seen) -> Iterator[Reason]:
    if form.act == "remove":
        yield Reason("new_id_on_undo")
    if form.act in ("create", "import") and not seen.external:
        yield Reason("no_password_mail")
    if seen.external:
        yield Reason("kept_elsewhere")


def _dimensions(form: IdentityUserForm, seen: Seen) -> Iterator[dict[str, str]]:
    """Every group that is joined or left; ``none`` where there is none."""
    groups = {*form.groups, *form.groups_to_leave, *(group.id for group in seen.named_groups.values())}
    for group in sorted(groups) or ["none"]:
        yield {"act": form.act, "group": group}
