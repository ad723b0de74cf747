"""Step-up: who approves for production, or saves a rule, has shown shortly before that it is them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from kumoban.core.plan import Plan
from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.ledger.clock import database_now

__all__ = ["about_production", "needs_recent_proof", "only_in_browser", "proved_recently"]


def needs_recent_proof(actor: Actor) -> None:
    """Raise Refused unless this person authenticated a moment ago. A token never did."""
    if proved_recently(actor):
        return
    if actor.scopes is not None:
        raise Refused(Reason("step_up_not_by_token"), attempt=True)
    raise Refused(Reason("step_up", {"minutes": settings.KUMOBAN_STEP_UP_MINUTES}))


def proved_recently(actor: Actor) -> bool:
    """Also where nothing is asked for: the setting is 0, or there is no identity provider to ask."""
    if not _required():
        return True
    if actor.scopes is not None or actor.proved_at is None:
        return False
    return actor.proved_at > database_now() - timedelta(minutes=settings.KUMOBAN_STEP_UP_MINUTES)


def about_production(plan: Plan) -> bool:
    """Whether anything of the plan is in production; an account without the tag may be."""
    environments = {thing["environment"] for thing in plan.dimensions if "environment" in thing}
    return bool(environments & {"", *settings.KUMOBAN_PRODUCTION_ENVIRONMENTS})


def only_in_browser(plan: Plan) -> bool:
    """Whether approving it takes a recent proof, which only a browser brings."""
    return _required() and about_production(plan)


def _required() -> bool:
    provider = settings.KUMOBAN_OIDC_ISSUER or settings.KUMOBAN_SAML_METADATA_URL or settings.KUMOBAN_SAML_METADATA_FILE
    return settings.KUMOBAN_STEP_UP_MINUTES > 0 and bool(provider)
