import re

from django.db import migrations, models


def read_numbers(apps, schema_editor):
    """Read the numbers of pull requests from the branches of builds that are known already."""
    builds = apps.get_model("agents", "Build").objects
    numbered = []
    for build in builds.filter(scope="pull").only("branch").iterator():
        if found := re.fullmatch(r"ci_([0-9]{1,9})_[0-9a-f]+", build.branch):
            build.pull_number = int(found[1])
            numbered.append(build)
    builds.bulk_update(numbered, ["pull_number"], batch_size=1000)


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='build',
            name='pull_number',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunPython(read_numbers, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='build',
            index=models.Index(condition=models.Q(('pull_number__isnull', False)), fields=['pull_number'], name='build_pull'),
        ),
    ]
