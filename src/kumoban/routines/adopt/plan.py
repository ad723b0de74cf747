"""The plan: one step for each account, signed over exactly the assignments that are marked."""

from __future__ import annotations

from collections.abc import Iterator

from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.routines.adopt.form import AdoptForm
from kumoban.routines.adopt.look import Found, Seen

__all__ = ["ADOPT", "plan"]

ADOPT = "desk.adopt/1"


def plan(form: AdoptForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals:
        return Plan((), refusals=refusals)
    return Plan(
        tuple(_step(found, seen) for found in seen.found),
        warnings=(Reason("nothing_on_aws"),),
        dimensions=tuple({"account": found.account.id} for found in seen.found),
    )


def _refusals(form: AdoptForm, seen: Seen) -> Iterator[Reason]:
    yield from (Reason("unknown_account", {"account": account[:40]}) for account in seen.missing)
    if form.owner and seen.owner is None:
        yield Reason("unknown_person", {"person": form.owner[0][:60]})
    if not seen.found and not seen.missing:
        yield Reason("nothing_to_adopt")
    without = [found.account.name for found in seen.found if found.account.team not in seen.teams]
    if without and not form.owner:
        yield Reason("no_owner", {"accounts": ", ".join(without[:20]), "count": len(without)})


def _step(found: Found, seen: Seen) -> PlannedStep:
    account, team = found.account, found.account.team if found.account.team in seen.teams else ""
    owner = seen.teams[team] if team else seen.owner.display_name if seen.owner else ""
    shown = {
        "account": account.name,
        "account_id": account.spoken_id,
        "ou": account.ou.name_path if account.ou else "",
        "owner": owner,
    }
    said: dict[str, str | int] = {**shown, "count": found.count, "people": found.people, "groups": found.groups}
    more = {"entitlements": found.entitlements, "users": found.users}
    return PlannedStep(
        action=ADOPT,
        title=Reason("adopt_more", {**said, **more}) if any(more.values()) else Reason("adopt", said),
        params={"account": account.id, "team": team, "owner": "" if team or seen.owner is None else seen.owner.id},
        account=account.id,
        thing=f"adopt:{account.id}",
        power={"assignments": found.digest},
        shown=shown,
    )
