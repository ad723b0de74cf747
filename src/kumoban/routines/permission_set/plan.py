"""The plan: the set, each policy put in or taken out, then every account brought up to it, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kumoban.core.plan import Diff, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.core.signing import canonical, digest
from kumoban.desk.routine import Asked
from kumoban.estate.content import administers
from kumoban.estate.models import Account
from kumoban.routines.permission_set.form import PermissionSetForm
from kumoban.routines.permission_set.look import Seen
from kumoban.routines.permission_set.policy import arn_of, read_policy
from kumoban.services.identity_center import (
    ATTACH_POLICY,
    CREATE_SET,
    DELETE_SET,
    DETACH_POLICY,
    PROVISION,
    PUT_INLINE,
    UPDATE_SET,
)

__all__ = ["plan"]

#: managed policies in one set, before AWS raises it (Identity Center user guide, quotas)
MOST_POLICIES = 10


def plan(form: PermissionSetForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals:
        return Plan((), refusals=refusals)
    steps = tuple(_create(form, seen) if form.act == "create" else _steps(form, seen))
    if not steps:
        return Plan((), refusals=(Reason("nothing_to_change"),))
    name = seen.chosen.name if seen.chosen else form.name or ""
    return Plan(steps, warnings=tuple(_warnings(form, seen, steps)), dimensions=({"act": form.act, "set": name},))


def _create(form: PermissionSetForm, seen: Seen) -> Iterator[PlannedStep]:
    """The set first; what goes into it waits for its ARN."""
    session, name, description = f"PT{form.session_hours or 1}H", form.name or "", form.description or ""
    params = {"instance": seen.organization.instance_arn, "name": name, "description": description}
    yield PlannedStep(
        action=CREATE_SET,
        title=Reason("create_set", {"permission_set": name}),
        params={**params, "session": session},
        thing=f"sso:set:{name}",
        diff=(
            Diff("attribute.set_name", "", name),
            Diff("attribute.description", "", description),
            Diff("attribute.session", "", session),
        ),
    )
    for step in _content(form, seen):
        yield replace(step, takes={"permission_set": (0, "permission_set")})


def _steps(form: PermissionSetForm, seen: Seen) -> Iterator[PlannedStep]:
    if form.act == "remove":
        yield _delete(seen)
        return
    changed = [*_update(form, seen), *_content(form, seen)]
    yield from changed
    if not changed:
        return
    for account in seen.accounts:
        yield _provision(account, seen, len(changed))


def _delete(seen: Seen) -> PlannedStep:
    assert seen.chosen is not None
    return PlannedStep(
        action=DELETE_SET,
        title=Reason("delete_set", {"permission_set": seen.chosen.name}),
        params={**_of(seen), "name": seen.chosen.name},
        thing=f"sso:set:{seen.chosen.name}",
        power={"permission_set": seen.chosen.digest},
        irreversible=True,
        diff=(Diff("attribute.set_name", seen.chosen.name, ""),),
    )


def _of(seen: Seen) -> dict[str, str]:
    of = {"instance": seen.organization.instance_arn}
    return {**of, "permission_set": seen.chosen.arn} if seen.chosen else of


def _update(form: PermissionSetForm, seen: Seen) -> Iterator[PlannedStep]:
    assert seen.chosen is not None
    content = seen.chosen.content
    was = {"description": str(content["description"]), "session": str(content["session"])}
    wanted = {
        "description": form.description or was["description"],
        "session": f"PT{form.session_hours}H" if form.session_hours else was["session"],
    }
    if wanted == was:
        return
    yield PlannedStep(
        action=UPDATE_SET,
        title=Reason("update_set", {"permission_set": seen.chosen.name}),
        params={**_of(seen), **wanted, **{f"was.{name}": value for name, value in was.items()}},
        thing=f"sso:set:{seen.chosen.name}",
        diff=tuple(Diff(f"attribute.{name}", was[name], wanted[name]) for name in wanted if wanted[name] != was[name]),
    )


def _content(form: PermissionSetForm, seen: Seen) -> Iterator[PlannedStep]:
    attached = set(_listed(seen.content.get("managed")))
    for policy in dict.fromkeys(_arns(form.to_attach)):
        if policy not in attached:
            yield _policy(ATTACH_POLICY, "attach_policy", policy, seen)
    for policy in dict.fromkeys(_arns(form.to_detach)):
        if policy in attached:
            yield _policy(DETACH_POLICY, "detach_policy", policy, seen)
    if form.inline:
        yield from _inline(form.inline, seen)


def _listed(value: object) -> Sequence[str]:
    return value if isinstance(value, list) else ()


def _arns(text: str | None) -> list[str]:
    return [arn_of(word.strip()) for word in (text or "").splitlines() if word.strip()]


def _policy(action: str, code: str, policy: str, seen: Seen) -> PlannedStep:
    name = policy.rsplit("/", 1)[-1]
    before, after = ("", policy) if action == ATTACH_POLICY else (policy, "")
    return PlannedStep(
        action=action,
        title=Reason(code, {"policy": name}),
        params={**_of(seen), "policy": policy},
        thing=f"sso:set-policy:{policy}",
        diff=(Diff("attribute.managed_policy", before, after),),
    )


def _inline(typed: str, seen: Seen) -> Iterator[PlannedStep]:
    wanted, was = read_policy(typed).text, str(seen.content.get("inline", ""))
    if wanted == was:
        return
    yield PlannedStep(
        action=PUT_INLINE,
        title=Reason("put_inline" if wanted else "remove_inline"),
        params={**_of(seen), "policy": wanted, "was.policy": was},
        thing="sso:set-inline",
        power={"policy": digest(canonical({"policy": wanted}))},
        diff=(Diff("attribute.inline_policy", _indented(was), _indented(wanted)),),
    )


def _indented(policy: str) -> str:
    try:
        return json.dumps(json.loads(policy), indent=2, ensure_ascii=False) if policy else ""
    except ValueError:
        return policy


def _provision(account: Account, seen: Seen, changes: int) -> PlannedStep:
    assert seen.chosen is not None
    return PlannedStep(
        action=PROVISION,
        title=Reason("provision", {"account": account.name}),
        params={**_of(seen), "account": account.id},
        account=account.id,
        thing=f"sso:provision:{account.id}",
        power={"permission_set": seen.chosen.digest},  # all that is in the set gets there, not only what is changed
        after=tuple(range(changes)),
    )


def _refusals(form: PermissionSetForm, seen: Seen) -> Iterator[Reason]:
    if form.act == "create":
        if not form.name:
            yield Reason("set_needs_name")
        elif seen.named:
            yield Reason("set_name_taken", {"name": seen.named.name})
    elif form.permission_set is None:
        yield Reason("which_set")
    elif seen.chosen is None:
        yield Reason("unknown_permission_set", {"permission_set": form.permission_set[-60:]})
    if seen.chosen and seen.organization.delegated and seen.chosen.in_management_account:
        yield Reason("set_in_management_account", {"permission_set": seen.chosen.name})
    if form.act == "remove" and seen.accounts:
        yield Reason("set_is_assigned", {"account": seen.accounts[0].name})
    if form.inline and form.act != "remove":
        yield from read_policy(form.inline).refusals
    attached = len(_listed(seen.content.get("managed"))) + len(_arns(form.to_attach)) - len(_arns(form.to_detach))
    if attached > MOST_POLICIES:
        yield Reason("too_many_policies", {"most": MOST_POLICIES})


def _warnings(form: PermissionSetForm, seen: Seen, steps: Sequence[PlannedStep]) -> Iterator[Reason]:
    if administers(_wanted(form, seen)):
        yield Reason("administers")
    if form.session_hours and form.session_hours > 1:
        yield Reason("long_session", {"hours": form.session_hours})
    if form.act == "change" and seen.holding:
        yield Reason("grants_in_force", {"count": seen.holding})
    count = sum(step.action == PROVISION for step in steps)
    if count:
        yield Reason("one_by_one", {"count": count})


def _wanted(form: PermissionSetForm, seen: Seen) -> Mapping[str, object]:
    """What the set will hold, as far as it gives power."""
    attached = {*_listed(seen.content.get("managed")), *_arns(form.to_attach)} - set(_arns(form.to_detach))
    inline = read_policy(form.inline).text if form.inline else str(seen.content.get("inline", ""))
    return {"managed": sorted(attached), "inline": inline}
