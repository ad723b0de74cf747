"""The head's one row, and triggers that refuse to change or remove what was recorded."""

from django.db import migrations

SQLITE = [
    "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entrytext_no_delete BEFORE DELETE ON ledger_entrytext"
    " BEGIN SELECT RAISE(ABORT, 'ledger texts are erased, never deleted'); END",
    "CREATE TRIGGER ledger_entrytext_erase_only BEFORE UPDATE ON ledger_entrytext"
    " WHEN NEW.text IS NOT NULL OR NEW.salt IS NOT NULL OR NEW.entry_id IS NOT OLD.entry_id OR NEW.name IS NOT OLD.name"
    " BEGIN SELECT RAISE(ABORT, 'ledger texts are erased, never changed'); END",
]
POSTGRESQL = [
    "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
    "CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE OR DELETE ON ledger_entry"
    " FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
    "CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
    "CREATE TRIGGER ledger_entrytext_no_delete BEFORE DELETE ON ledger_entrytext"
    " FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
    "CREATE TRIGGER ledger_entrytext_erase_only BEFORE UPDATE ON ledger_entrytext FOR EACH ROW"
    " WHEN (NEW.text IS NOT NULL OR NEW.salt IS NOT NULL OR NEW.entry_id <> OLD.entry_id OR NEW.name <> OLD.name)"
    " EXECUTE FUNCTION ledger_append_only()",
]


def protect(apps, schema_editor):
    apps.get_model("ledger", "Head").objects.get_or_create(pk=1, defaults={"seq": 0, "digest": "0" * 64})
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(protect, migrations.RunPython.noop)]
