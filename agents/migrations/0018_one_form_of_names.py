"""Python's tests had two names: pytest's own, from logs, and JUnit's, from published results. The latter stays."""

from django.db import migrations
from django.db.models import Q

from agents.failures.match import in_one_form, name_of


def name_once(apps, schema_editor):
    """Give rows in pytest's form the other one; where there is such a row already, they join it."""
    Test, Failure = apps.get_model("agents", "Test"), apps.get_model("agents", "Failure")
    for row in Test.objects.filter(Q(name__contains=".py::") | Q(name__endswith=".py")):
        name = in_one_form(row.name)
        other = Test.objects.filter(name=name).exclude(pk=row.pk).first()
        if other is None:
            Test.objects.filter(pk=row.pk).update(name=name)
        else:
            join(apps.get_model("agents", "TestFailure"), Failure, row, other)
            row.delete()
        Failure.objects.filter(test__name=name).update(key=name_of(name).key)


def join(TestFailure, Failure, row, other):
    """Let all that was of one test be of another; a job in which both failed keeps the other's."""
    theirs = list(TestFailure.objects.filter(test=other).values_list("job", flat=True))
    TestFailure.objects.filter(test=row).exclude(job__in=theirs).update(test=other)
    if not Failure.objects.filter(test=other).exists():
        Failure.objects.filter(test=row).update(test=other)


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0017_workflow_of_a_repository"),
    ]

    operations = [migrations.RunPython(name_once, migrations.RunPython.noop)]
