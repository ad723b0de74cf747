"""外部承認: a decision taken in another system, brought by its signed call, for one plan and by one person.

Signed as Standard Webhooks are (https://www.standardwebhooks.com): the system's own secret over id, time and body.
It counts only for a requirement that the rules leave to that system, and only for a person who may fill it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import OutsideDecision, Request
from kumoban.desk.people import Actor
from kumoban.desk.requests.deciding import approve, deny, return_for_correction
from kumoban.desk.sign_in import user_of
from kumoban.estate.models import Person
from kumoban.ledger.record import writing

__all__ = ["OutsideCall", "decide_outside"]

#: no control characters
_PLAIN = r"^[^\x00-\x1f\x7f]*$"


class OutsideCall(BaseModel):
    """``person`` by the directory's id or the identity store's; ``reference`` is the decision's number there."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    request: str = Field(max_length=20)
    #: the full digest of the plan that was decided about
    plan: str = Field(pattern=r"^[0-9a-f]{64}$")
    person: str = Field(min_length=1, max_length=256, pattern=_PLAIN)
    decision: Literal["approve", "deny", "return"]
    reference: str = Field(default="", max_length=100, pattern=_PLAIN)
    comment: str = Field(default="", max_length=4000)


def decide_outside(system: str, body: bytes, headers: Mapping[str, str]) -> Request:
    """Take one signed call. The same call again changes nothing. Raises Refused."""
    said = OutsideCall.model_validate(_verified(system, body, headers))
    actor = Actor(user_of(_person(said.person)), frozenset({"approve"}), via=system, reference=said.reference)
    call = headers["webhook-id"]
    with writing():
        before = OutsideDecision.objects.filter(system=system, call=call).select_related("request").first()
        if before is not None:
            return before.request
        decided = _decide(actor, said)
        OutsideDecision.objects.create(system=system, call=call, request=decided, at=clock.now())
    return decided


def _decide(actor: Actor, said: OutsideCall) -> Request:
    if said.decision == "approve":
        return approve(actor, said.request, plan_digest=said.plan, comment=said.comment)
    against = deny if said.decision == "deny" else return_for_correction
    return against(actor, said.request, comment=said.comment or said.reference, plan_digest=said.plan)


def _verified(system: str, body: bytes, headers: Mapping[str, str]) -> Any:
    """What was signed. Raises Refused where nothing proves that the system said it, and now."""
    secret = settings.KUMOBAN_OUTSIDE_SYSTEMS.get(system)
    if secret is None or len(headers.get("webhook-id", "")) > 200:
        raise Refused(Reason("signature_not_valid"))
    try:
        Webhook(secret).verify(body, dict(headers))
        return json.loads(body)
    except (WebhookVerificationError, ValueError, RecursionError) as forged:
        raise Refused(Reason("signature_not_valid")) from forged


def _person(given: str) -> Person:
    acting = Person.objects.filter(absent_since=None, enabled=True)
    found = list(acting.filter(external_id=given)[:2]) or list(acting.filter(id=given))
    if len(found) != 1:
        raise Refused(Reason("unknown_person", {"person": given[:60]}), field="person")
    return found[0]
