"""A row of a build knows when it was asked for; marks of what has been read are kept for each CI service."""

from django.db import migrations, models

MARKS = ("builds", "history")
PROVIDER = "azure"  # the only one until now


def name_the_service(apps, schema_editor):
    watermarks = apps.get_model("agents", "Watermark").objects
    for name in MARKS:
        watermarks.filter(name=name).update(name=f"{name}:{PROVIDER}")


def forget_the_service(apps, schema_editor):
    watermarks = apps.get_model("agents", "Watermark").objects
    for name in MARKS:
        watermarks.filter(name=f"{name}:{PROVIDER}").update(name=name)


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_build_pull_number")]

    operations = [
        migrations.AddField(model_name="build", name="asked_at", field=models.DateTimeField(null=True)),
        migrations.RunPython(name_the_service, forget_the_service),
    ]
