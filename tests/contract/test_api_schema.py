"""Requests drawn from the API's own description: never a server error, and answers as it describes them."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error, response_schema_conformance

from kumoban.desk import requests
from kumoban.desk.sign_in import make_token
from kumoban.wsgi import application
from tests.integration.conftest import Office

pytestmark = [pytest.mark.slow]

EXAMPLES = settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def token(office: Office, name: str) -> dict[str, str]:
    made = make_token(office.actor(name).user, "schema", ["read", "ask", "approve", "rules"])
    return {"Authorization": f"Bearer {made}"}


def test_nothing_drawn_from_the_description_breaks_the_api(office: Office) -> None:
    people = [token(office, name) for name in ("takahashi", "suzuki", "sato")]
    number = requests.ask(office.actor("sato"), "temporary-access", office.form()).number
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    complaints: list[str] = []
    for operation in operations:

        @EXAMPLES
        @given(case=operation.as_strategy(), headers=st.sampled_from(people), known=st.booleans())
        def check(case: Any, headers: dict[str, str], known: bool) -> None:
            if known and "number" in (case.path_parameters or {}):
                case.path_parameters["number"] = number
            case.headers.pop("Authorization", None)
            case.call_and_validate(headers=headers, checks=[not_a_server_error, response_schema_conformance])

        try:
            check()
        except (Exception, BaseExceptionGroup) as complaint:
            reasons = getattr(complaint, "exceptions", (complaint,))
            complaints += [f"{operation.label}: {reason!r} {reason}" for reason in reasons]
    assert not complaints, "\n\n".join(complaints)
