"""A machine at the door: at each call it is asked whether it may still act, how often it calls, and what it wants."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Case, F, IntegerField, Value, When

from kumoban.core.reason import Reason, Refused
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.people import Actor
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["let_machine_pass"]


def let_machine_pass(actor: Actor, *, open_to_machines: bool) -> None:
    """For everybody else nothing. Raises Refused for what is stopped, calls too often, or is not open to machines."""
    machine = actor.machine
    if machine is None:
        return
    _count(machine)
    if (why := machine.why_not(database_now())) is not None:
        raise Refused(why, attempt=True)
    if not open_to_machines:
        raise Refused(Reason("not_for_machines"), attempt=True)


def _count(machine: Machine) -> None:
    """Raises Refused beyond what a machine may call in a minute; what is refused is counted as well."""
    minute = database_now().replace(second=0, microsecond=0)
    same = Case(When(minute=minute, then=F("calls") + 1), default=Value(1), output_field=IntegerField())
    with writing():
        Machine.objects.filter(pk=machine.pk).update(calls=same, minute=minute)
        calls = Machine.objects.filter(pk=machine.pk).values_list("calls", flat=True).get()
    if calls > settings.KUMOBAN_MACHINE_CALLS:
        raise Refused(Reason("too_many_calls", {"most": settings.KUMOBAN_MACHINE_CALLS}))
