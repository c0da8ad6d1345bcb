"""One spelling of “canceled”: a choice's words, which no database keeps."""

from django.db import migrations, models

CAUSES = [
    ("test", "tests failed"),
    ("timeout", "timed out or hung"),
    ("compile", "does not compile"),
    ("style", "style or licence"),
    ("disk", "out of disk"),
    ("memory", "out of memory or killed"),
    ("network", "network or download"),
    ("docker", "Docker"),
    ("agent", "lost agent or no runner"),
    ("cancelled", "canceled"),
    ("unknown", "unknown"),
]


class Migration(migrations.Migration):
    dependencies = [("agents", "0019_indexes_of_lists")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="cause",
            field=models.CharField(blank=True, choices=CAUSES, max_length=9),
        )
    ]
