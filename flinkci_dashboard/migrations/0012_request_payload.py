"""What a request's act needs to know stands in a payload; resets of mirror branches had it packed into the subject."""

import re

from django.db import migrations, models

PACKED = re.compile(r"([\w.-]+/[\w.-]+): (\S+) at ([0-9a-f]{40})")


def unpack(apps, schema_editor):
    requests = apps.get_model("flinkci_dashboard", "JobRequest").objects
    for row in requests.filter(job="sync_mirrors", act="reset-branch", settled_at=None):
        if found := PACKED.fullmatch(row.subject):
            target, branch, seen = found.groups()
            row.subject, row.payload = f"{target}: {branch}", {"target": target, "branch": branch, "seen": seen}
            row.save(update_fields=["subject", "payload"])


class Migration(migrations.Migration):
    dependencies = [("flinkci_dashboard", "0011_told_once")]

    operations = [
        migrations.AddField(
            model_name="jobrequest", name="payload", field=models.JSONField(blank=True, default=dict)
        ),
        migrations.RunPython(unpack, migrations.RunPython.noop),
    ]
