from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("desk", "0017_favourites"),
    ]

    operations = [
        migrations.AddField(
            model_name="step",
            name="stopped",
            field=models.BooleanField(default=False),
        ),
    ]
