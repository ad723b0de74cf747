"""Rows in and out of a database by the models of the migrations it has: ``python -m … dump|load FILE``.

Run as a process of its own with the database in the environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

APPS = ("ledger", "aws", "estate", "desk")
#: parents first
MODELS = (
    *("estate.Person", "desk.User", "desk.Request", "desk.Plan", "desk.Thing", "desk.Hold", "desk.Step"),
    *("ledger.Head", "ledger.Entry", "ledger.EntryText"),
)


def main(what: str, path: Path) -> None:
    import django

    django.setup()
    from kumoban.ledger.chain import chain_key

    if what == "dump":
        rows = {name: _rows(name) for name in MODELS}
        workers = [row["workers"] for row in rows["desk.Request"]]
        kept = {
            person
            for row, of in zip(rows["desk.Request"], workers, strict=True)
            for person in (row["requester_id"], *of)
        }
        rows["estate.Person"] = [row for row in rows["estate.Person"] if row["id"] in kept]
        rows["desk.User"] = [row for row in rows["desk.User"] if row["person_id"] in kept]
        made = {"migrations": _heads(), "ledger_key": chain_key().hex(), "rows": rows}
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
    else:
        _load(json.loads(path.read_text("utf-8")))


def _rows(name: str) -> list[dict[str, Any]]:
    from django.apps import apps

    model = apps.get_model(name)
    found = []
    for row in model.objects.order_by("pk"):
        values = {field.attname: _plain(getattr(row, field.attname)) for field in model._meta.concrete_fields}
        if name == "desk.Request":
            values["workers"] = sorted(row.workers.values_list("pk", flat=True))
        found.append(values)
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _heads() -> dict[str, str]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    return {app: max(name for label, name in applied if label == app) for app in APPS}


def _load(stored: dict[str, Any]) -> None:
    from django.core.management import call_command
    from django.core.management.color import no_style
    from django.db import connection, transaction
    from django.db.migrations.loader import MigrationLoader

    for app, name in stored["migrations"].items():
        call_command("migrate", app, name, interactive=False, verbosity=0)
    state = MigrationLoader(connection).project_state([*stored["migrations"].items()])
    models = [(name, state.apps.get_model(name)) for name in MODELS]
    with transaction.atomic():
        for name, model in models:
            model.objects.all().delete()
            for row in stored["rows"][name]:
                workers = row.pop("workers", [])
                fields = {field.attname: field for field in model._meta.concrete_fields}
                made = model(**{key: _understood(fields[key], value) for key, value in row.items()})
                made.save(force_insert=True)
                if workers:
                    made.workers.set(workers)
        for statement in connection.ops.sequence_reset_sql(no_style(), [model for _name, model in models]):
            connection.cursor().execute(statement)


def _understood(field: Any, value: Any) -> Any:
    return value if value is None or field.get_internal_type() == "JSONField" else field.to_python(value)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
