from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_what_was_created(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Of things made before, the first step is not known: 0 says that it was one of ours."""
    apps.get_model("desk", "Thing").objects.filter(created=True).update(created_by=0)


class Migration(migrations.Migration):
    dependencies = [("desk", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="thing",
            name="created_by",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunPython(keep_what_was_created, migrations.RunPython.noop),
        migrations.RemoveField(model_name="thing", name="created"),
    ]
