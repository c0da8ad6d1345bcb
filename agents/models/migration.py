"""Two CI services beside each other: what both said of a commit, what one costs, and which of them has the say."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F

from agents.migration.agreement import Verdict
from agents.migration.names import Rule, problem_of
from agents.migration.reasons import GAPS, Gap
from agents.models.builds import Build

VERDICTS = [(each.value, each.value) for each in Verdict]


class JobRule(models.Model):
    """Which jobs of Azure are which of GitHub Actions. Rules are tried in order; the first that fits counts."""

    order = models.PositiveSmallIntegerField(default=100, help_text="Smaller goes first.")
    group = models.CharField(max_length=100, help_text="What both are called here; {part} is what their names share.")
    azure = models.CharField(
        max_length=200,
        blank=True,
        help_text="Azure's name of the job: * stands for anything, {part} for what both names share. "
        "Empty: it has no counterpart there.",
    )
    actions = models.CharField(
        max_length=200, blank=True, help_text="The name in GitHub Actions, as “caller / called”; empty: none."
    )
    gaps: Any = models.JSONField(
        default=list, blank=True, help_text=f"In what they differ, a list of: {', '.join(GAPS)}."
    )
    comment = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return f"{self.group}: {self.azure or 'none'} ↔ {self.actions or 'none'}"

    def clean(self) -> None:
        """Refuse patterns that mean two things or are slow to match, and gaps that nobody knows."""
        for name in ("group", "azure", "actions"):
            if problem := problem_of(getattr(self, name)):
                raise ValidationError({name: problem})
        if not isinstance(self.gaps, list) or not set(map(str, self.gaps)) <= set(Gap):
            raise ValidationError({"gaps": f"A list of these: {', '.join(GAPS)}."})

    def value(self) -> Rule:
        """Return the rule that decides."""
        return Rule(self.group, self.azure, self.actions, frozenset(map(str, self.gaps)))


class Pair(models.Model):
    """A commit of a branch, or a pull request's head, that both services built, by their last attempts."""

    class Agreement(models.TextChoices):
        """Whether both say the same."""

        AGREE = "agree", "agree"
        DIFFER = "differ", "differ"
        NONE = "no verdict", "no verdict"

    sha = models.CharField(max_length=40)
    branch = models.CharField(max_length=255, blank=True)  # "" of a pull request
    pull_number = models.PositiveIntegerField(default=0)  # 0 of a branch
    azure = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="+")  # of several, the one that counts
    actions = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="+")
    in_fork = models.BooleanField(default=False)  # Actions ran in the author's fork
    at = models.DateTimeField()  # when the first of both was queued
    agreement = models.CharField(max_length=10, choices=Agreement)  # of the builds as wholes
    agreed = models.PositiveSmallIntegerField(default=0)  # groups of jobs
    differed = models.PositiveSmallIntegerField(default=0)
    undecided = models.PositiveSmallIntegerField(default=0)
    unexplained = models.PositiveSmallIntegerField(default=0)  # of those that differ
    azure_after = models.PositiveIntegerField(null=True)  # seconds from `at` to its verdict
    actions_after = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha", "branch", "pull_number"], name="unique_pair")]
        indexes = [
            models.Index(F("at").desc(), F("id").desc(), name="pair_newest"),
            models.Index(F("branch"), F("at").desc(), name="pair_branch"),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.sha[:10]}"

    @property
    def of(self) -> str:
        """Return the branch, or the pull request's number."""
        return f"#{self.pull_number}" if self.pull_number else self.branch


class PairGroup(models.Model):
    """A group of jobs of a pair. Times are seconds: the longest wait of its jobs, and all their work together."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="groups")
    at = models.DateTimeField()  # the pair's
    order = models.PositiveSmallIntegerField(default=0)
    group = models.CharField(max_length=255)
    agreement = models.CharField(max_length=10, choices=Pair.Agreement)
    why: Any = models.JSONField(default=list)  # `reasons.Why`, of one that differs
    both = models.BooleanField(default=True)  # both services had such jobs
    mapped = models.BooleanField(default=True)  # the job map has a counterpart for Azure's
    tests: Any = models.JSONField(default=dict)  # of one that failed: {"azure": [names], "actions": [names]}
    azure = models.CharField(max_length=6, choices=VERDICTS)
    azure_wait = models.PositiveIntegerField(null=True)
    azure_seconds = models.PositiveIntegerField(null=True)
    azure_flaked = models.BooleanField(default=False)  # an attempt failed, and a later one of the same commit passed
    actions = models.CharField(max_length=6, choices=VERDICTS)
    actions_wait = models.PositiveIntegerField(null=True)
    actions_seconds = models.PositiveIntegerField(null=True)
    actions_flaked = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["at"], name="pair_group_at")]

    def __str__(self) -> str:
        return f"{self.group}: {self.agreement}"


class StaleCommit(models.Model):
    """A commit whose pairs have to be made anew: a build of it, its jobs or its failing tests changed."""

    sha = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.sha[:10]

    @staticmethod
    def mark(shas: Iterable[str]) -> None:
        """Note commits of which a build changed; call it in the transaction that changes it."""
        if found := sorted({sha for sha in shas if sha}):
            StaleCommit.objects.bulk_create([StaleCommit(sha=sha) for sha in found], ignore_conflicts=True)


class HostedDay(models.Model):
    """What one workflow used of hosted runners on a day (UTC), for one branch of a repository."""

    day = models.DateField()
    repository = models.CharField(max_length=140)
    workflow = models.CharField(max_length=255)
    branch = models.CharField(max_length=255, blank=True)
    seconds = models.FloatField()
    runs = models.PositiveIntegerField()
    peak = models.PositiveSmallIntegerField()  # jobs of one run at once, at the most

    class Meta:
        indexes = [models.Index(fields=["day"], name="hosted_day")]

    def __str__(self) -> str:
        return f"{self.workflow} of {self.repository} on {self.day}"


class LoadDay(models.Model):
    """What Azure's jobs that began on a day (UTC) worked: on one branch, nightly builds apart, or for pull requests."""

    day = models.DateField()
    branch = models.CharField(max_length=255, blank=True)  # "" means all pull requests
    nightly = models.BooleanField(default=False)
    builds = models.PositiveIntegerField()  # that began on the day
    jobs: Any = models.JSONField(default=dict)  # {a job's name: [seconds, how many]}
    widest: Any = models.JSONField(default=list)  # jobs of one build: [name, since when it could run (POSIX), seconds]

    class Meta:
        indexes = [models.Index(fields=["day"], name="load_day")]

    def __str__(self) -> str:
        return f"{self.branch or 'pull requests'} on {self.day}"


class PairFigures(models.Model):
    """How pairs went in so many days, ready made for the pages: see `migration.over_time`."""

    days = models.PositiveSmallIntegerField(unique=True)
    made_at = models.DateTimeField()
    took = models.FloatField()  # seconds
    newest = models.BigIntegerField()  # when pairs had changed last by then, microseconds since 1970
    told: Any = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "pair figures"

    def __str__(self) -> str:
        return f"{self.days} days up to {self.made_at}"


class Criterion(models.Model):
    """What has to be so before the other service can be relied on."""

    class Kind(models.TextChoices):
        """What it is about."""

        DAYS = "days", "pairs are known for … days"
        PAIRS = "pairs", "at least … pairs have a verdict"
        AGREEMENT = "agreement", "at least … % of the groups of jobs agree"
        BUDGET = "budget", "at most … % of the foundation's limits are used"
        PEAK = "peak", "at most … jobs of one run work at once"
        COUNTERPART = "counterpart", "every job has its counterpart, but those named"

    order = models.PositiveSmallIntegerField(default=100, help_text="Smaller goes first.")
    kind = models.CharField(max_length=11, choices=Kind)
    threshold = models.FloatField(default=0, help_text="The … of the kind.")
    days = models.PositiveSmallIntegerField(default=14, help_text="How many days it looks back.")
    excepted = models.TextField(
        blank=True, help_text="Jobs that may be without a counterpart, one on each line; * stands for anything."
    )
    figure = models.CharField(max_length=500, blank=True, editable=False)  # that decides, as last looked at
    met_since = models.DateTimeField(null=True, editable=False)  # since when it is met; null while it is not
    lost_since = models.DateTimeField(null=True, editable=False)  # since when it had been met, as it last was lost
    lost_at = models.DateTimeField(null=True, editable=False)  # when that was

    class Meta:
        ordering = ["order", "id"]
        verbose_name_plural = "criteria"

    def __str__(self) -> str:
        return self.get_kind_display().replace("…", f"{self.threshold:g}")


class Authority(models.Model):
    """Somebody's decision on which service has the say. The latest one of a subject and purpose counts."""

    class Purpose(models.TextChoices):
        """What it is about."""

        TESTING = "testing", "testing"  # whose result counts
        PUBLISHING = "publishing", "publishing"  # who publishes snapshots and wheels
        PUSHING = "pushing", "pushing"  # whether the branch is pushed to where Azure builds it

    class Choice(models.TextChoices):
        """What was decided."""

        AZURE = "azure", "Azure Pipelines"
        BOTH = "both", "both"
        ACTIONS = "actions", "GitHub Actions"
        ON = "on", "on"
        OFF = "off", "off"

    branch = models.CharField(max_length=255, blank=True)  # "" means all pull requests
    purpose = models.CharField(max_length=10, choices=Purpose)
    choice = models.CharField(max_length=7, choices=Choice)
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    undoes = models.BooleanField(default=False)  # it took the decision before it back

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "authorities"
        indexes = [models.Index(fields=["branch", "purpose", "-id"], name="authority_latest")]

    def __str__(self) -> str:
        return f"{self.branch or 'pull requests'}, {self.purpose}: {self.choice}"
