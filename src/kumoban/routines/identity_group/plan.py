"""The plan: a step for the group, every membership and every assignment that is made, changed or taken away."""

from __future__ import annotations

from collections.abc import Iterator

from kumoban.core.plan import Diff, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.estate.models import Group, Person
from kumoban.routines.identity_group.form import IdentityGroupForm
from kumoban.routines.identity_group.look import Seen
from kumoban.services.identity_center import unassigning
from kumoban.services.identity_store import (
    ADD_MEMBER,
    CREATE_GROUP,
    DELETE_GROUP,
    REMOVE_MEMBER,
    UPDATE_GROUP,
    by_hand,
)

__all__ = ["plan"]


def plan(form: IdentityGroupForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals:
        return Plan((), refusals=refusals)
    steps = tuple(_steps(form, seen))
    if not steps:
        return Plan((), refusals=(Reason("nothing_to_change"),))
    if seen.external:
        steps = by_hand(steps)
    where = {"act": form.act, "group": seen.group.id if seen.group else "none"}
    return Plan(steps, warnings=tuple(_warnings(form, seen)), dimensions=(where,))


def _steps(form: IdentityGroupForm, seen: Seen) -> Iterator[PlannedStep]:
    if form.act == "create":
        yield _create(form, seen)
        yield from (_join(seen.people[member], None, form.name or "", seen) for member in form.members)
        return
    assert seen.group is not None
    if form.act == "remove":
        yield from _removing(seen.group, seen)
        return
    yield from _update(form, seen.group, seen)
    yield from (_join(seen.people[member], seen.group, seen.group.name, seen) for member in form.members)
    yield from (_leave(seen.people[member], seen.group, seen) for member in form.members_to_remove)


def _create(form: IdentityGroupForm, seen: Seen) -> PlannedStep:
    name, description = form.name or "", form.description or ""
    return PlannedStep(
        action=CREATE_GROUP,
        title=Reason("create_group", {"group": name}),
        params={"store": seen.organization.identity_store_id, "display_name": name, "description": description},
        thing=f"identitystore:group:{name.casefold()}",
        diff=(Diff("attribute.group_name", "", name), Diff("attribute.description", "", description)),
    )


def _update(form: IdentityGroupForm, group: Group, seen: Seen) -> Iterator[PlannedStep]:
    before = {"display_name": group.name, "description": group.description}
    asked = {"display_name": form.name or "", "description": form.description or ""}
    # what comes from a directory may have arrived by the time it is planned again: it is the same plan
    wanted = {name: value for name, value in asked.items() if value and (seen.external or value != before[name])}
    if not wanted:
        return
    was = {f"was.{name}": before[name] for name in wanted} if not seen.external else {}
    labels = {"display_name": "attribute.group_name", "description": "attribute.description"}
    yield PlannedStep(
        action=UPDATE_GROUP,
        title=Reason("update_group", {"group": group.name}),
        params={"store": seen.organization.identity_store_id, "group": group.id, **wanted, **was},
        thing=f"identitystore:group:{group.id}",
        diff=tuple(Diff(labels[name], before[name], value) for name, value in wanted.items()),
        present=all(before[name] == value for name, value in wanted.items()),
    )


def _join(person: Person, group: Group | None, name: str, seen: Seen) -> PlannedStep:
    """``group`` None: the one that the first step makes."""
    said = {"store": seen.organization.identity_store_id, "user": person.id}
    return PlannedStep(
        action=ADD_MEMBER,
        title=Reason("add_member", {"person": person.display_name, "group": name}),
        params={**said, "group": group.id} if group else said,
        thing=f"identitystore:member:{group.id if group else name.casefold()}:{person.id}",
        person=person.id,
        takes={} if group else {"group": (0, "group")},
        present=group is not None and person.id in seen.members,
    )


def _leave(person: Person, group: Group, seen: Seen) -> PlannedStep:
    return PlannedStep(
        action=REMOVE_MEMBER,
        title=Reason("remove_member", {"person": person.display_name, "group": group.name}),
        params={"store": seen.organization.identity_store_id, "group": group.id, "user": person.id},
        thing=f"identitystore:member:{group.id}:{person.id}",
        person=person.id,
        present=person.id not in seen.members,
    )


def _removing(group: Group, seen: Seen) -> Iterator[PlannedStep]:
    """What it gives and who is in it first, each a step of its own, so that the record says what there was."""
    members = [] if seen.external else [seen.people[one] for one in sorted(seen.members) if one in seen.people]
    assigned = () if seen.external else seen.assigned
    yield from (unassigning(one, group, seen.organization.instance_arn) for one in assigned)
    yield from (_leave(person, group, seen) for person in members)
    yield PlannedStep(
        action=DELETE_GROUP,
        title=Reason("delete_group", {"group": group.name}),
        params={
            "store": seen.organization.identity_store_id,
            "group": group.id,
            "display_name": group.name,
        },
        thing=f"identitystore:group:{group.id}",
        irreversible=True,
        after=tuple(range(len(assigned) + len(members))),
        diff=(Diff("attribute.group_name", group.name, ""), Diff("attribute.description", group.description, "")),
    )


def _refusals(form: IdentityGroupForm, seen: Seen) -> Iterator[Reason]:
    if form.act == "create":
        if not form.name:
            yield Reason("group_needs_name")
    elif form.group is None:
        yield Reason("which_group")
    elif seen.group is None or (not seen.group.present and not seen.external):
        yield Reason("unknown_group", {"group": form.group[:60]})
    if form.act == "remove" and seen.holding:
        yield Reason("group_holds_something", {"requests": ", ".join(seen.holding[:10])})
    own = seen.group.id if form.act == "change" and seen.group else ""
    if form.act != "remove" and seen.named and seen.named.id != own and not seen.external:
        yield Reason("group_name_taken", {"group": seen.named.name})
    for member in (*form.members, *form.members_to_remove):
        if member not in seen.people:
            yield Reason("unknown_person", {"person": member[:60]})


def _warnings(form: IdentityGroupForm, seen: Seen) -> Iterator[Reason]:
    if form.act == "remove":
        yield Reason("new_group_id_on_undo")
    if seen.rules:
        yield Reason("rules_name_the_group", {"rules": ", ".join(seen.rules[:10]), "count": len(seen.rules)})
    if seen.external:
        yield Reason("kept_elsewhere")
