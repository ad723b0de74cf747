"""Once the account is there, also where the rest was given up: in the estate and the register, its access known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kumoban.core.plan import Plan
from kumoban.desk.models import Request
from kumoban.desk.planning import stored_form
from kumoban.desk.register.entry import apply, differing, locked
from kumoban.desk.register.fields import People, fields
from kumoban.desk.routine import routine_of
from kumoban.estate.models import Account, Assignment, Person, searchable
from kumoban.ledger.record import SYSTEM, record
from kumoban.routines.account_create.form import AccountCreateForm

__all__ = ["finish"]

#: the position of the step that moves the account out of the root
_MOVED = 1


def finish(request: Request, plan: Plan, found: Mapping[int, Mapping[str, str]], now: datetime) -> None:
    """The scan will see the account by itself; its entry in the register is what people asked for."""
    routine = routine_of(request.routine)
    assert routine is not None
    form, account = stored_form(routine, request), found[0]["account"]
    assert isinstance(form, AccountCreateForm)
    created, created_in = plan.steps[0].params, plan.steps[_MOVED].params["from"]
    tags = {key.removeprefix("tag."): value for key, value in created.items() if key.startswith("tag.")}
    Account.objects.update_or_create(
        pk=account,
        defaults={
            "name": form.name,
            "email": created["email"],
            "status": "ACTIVE",
            "ou_id": form.ou if _MOVED in found else created_in,
            "team": form.team,
            "environment": form.environment,
            "tags": tags,
            "search": searchable(account, form.name, *tags.values()),
            "seen_at": now,
            "absent_since": None,
        },
    )
    _into_the_register(form, account)
    _known_access(request, plan, account, found, now)
    record("account.made", actor=SYSTEM, subject=request.number, facts={"account": account})


def _into_the_register(form: AccountCreateForm, account: str) -> None:
    owner = Person.objects.filter(pk=form.owner).first()
    values = {
        "owner": owner.user_name if owner else "",
        "environment": form.environment,
        "department": form.department or "",
        "data_class": form.data_class or "",
        "contacts": f"{form.contact_email} {form.contact_phone}",
        "budget": f"{form.budget:f}" if form.budget is not None else "",
        "currency": "USD" if form.budget is not None else "",
    }
    known = {one.name: one for one in fields()}
    people = People.called([values["owner"]])
    entry = locked([account])[account]
    wanted = [differing(entry, known[name], text, people)[0] for name, text in values.items() if text]
    apply(entry, [one for one in wanted if one], people, by=SYSTEM)


def _known_access(
    request: Request, plan: Plan, account: str, found: Mapping[int, Mapping[str, str]], now: datetime
) -> None:
    """What the plan assigned is nobody's drift: it is the desk's, and the team's."""
    for position, step in enumerate(plan.steps):
        if "permission_set" not in step.params or position not in found:
            continue
        Assignment.objects.update_or_create(
            account_id=account,
            permission_set_arn=step.params["permission_set"],
            principal_type="GROUP",
            principal_id=step.params["principal"],
            defaults={
                "seen_at": now,
                "absent_since": None,
                "adopted_request": request.number,
                "adopted_at": now,
                "owner_team": plan.dimensions[0]["team"],
            },
        )
