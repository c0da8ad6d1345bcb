"""The cache's rows: what every page asks for, and what counts failed sign-ins."""

from django.core.management import call_command
from django.db import migrations


def create(apps, editor):
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("flinkci_dashboard", "0018_exposure_allowed")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
