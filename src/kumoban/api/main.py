"""The HTTP API: everything a page can do, under the same rules. OpenAPI 3.1 at /api/v1/openapi.json."""

from __future__ import annotations

from kumoban.api import (
    access,
    accounts,
    audit,
    evidence,
    findings,
    handover,
    ledger,
    machines,
    matching,
    notices,
    office,
    operations,
    outside,
    people,
    plans,
    recurring,
    requests,
    reviews,
    rules,
    runbooks,
    staff,
)
from kumoban.api.callers import Bearer
from kumoban.api.described import DescribedAPI
from kumoban.api.problems import install

__all__ = ["api"]

api = DescribedAPI(title="Kumoban", version="1", auth=Bearer(), docs_url=None)
install(api)
for room in (
    people,
    staff,
    requests,
    recurring,
    plans,
    rules,
    runbooks,
    office,
    access,
    findings,
    reviews,
    evidence,
    audit,
    matching,
    accounts,
    operations,
    outside,
    machines,
    handover,
    ledger,
    notices,
):
    api.add_router("", room.router)
