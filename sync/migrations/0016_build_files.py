from django.db import migrations, models

FILES = """.github/
/azure-pipelines.yml
/tools/azure-pipelines/
/tools/ci/
mvnw
mvnw.cmd
.mvn/
pom.xml
*.sh
Dockerfile
.gitmodules
/flink-python/dev/
setup.py
pyproject.toml
tox.ini
package.json
package-lock.json"""
HELP = (
    "One on each line. A name without a slash counts in every folder, one that begins with a slash from the top; "
    "of a folder all that is in it counts, and * stands for anything within a name."
)


class Migration(migrations.Migration):
    dependencies = [("sync", "0015_one_word_for_one_state")]

    operations = [
        migrations.AlterField(
            model_name="trustgate",
            name="files",
            field=models.TextField(default=FILES, help_text=HELP, verbose_name="build files"),
        ),
    ]
