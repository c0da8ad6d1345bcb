"""Failures that come again: what fails, and the ticket that knows it."""

from datetime import datetime

from django.db import models

from agents.models.builds import Build, Job, Test

CLOSED = ("Closed", "Resolved", "Done")


class KnownTicket(models.Model):
    """A ticket of Jira with the label of unstable tests."""

    jira_id = models.BigIntegerField(unique=True)
    key = models.CharField(max_length=64)
    summary = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # when we first saw it closed; what changes later does not move it
    labelled = models.BooleanField(default=True)  # it has the label still

    class Meta:
        indexes = [models.Index(fields=["key"], name="known_ticket_key")]

    def __str__(self) -> str:
        return self.key

    @property
    def closed(self) -> bool:
        """Tell whether somebody took it for settled."""
        return self.status in CLOSED

    def came_back(self, last_seen: datetime | None) -> bool:
        """Tell whether what it knows failed again after somebody took it for settled."""
        return bool(self.closed and last_seen and last_seen > (self.closed_at or self.updated_at))


class Failure(models.Model):
    """Something that has failed at least once, under one key whatever form its name was told in."""

    class Kind(models.TextChoices):
        """By what it is recognised."""

        TEST = "test", "test"
        PATTERN = "pattern", "pattern"  # lines of logs, as an admin describes them

    kind = models.CharField(max_length=7, choices=Kind, default=Kind.TEST)
    key = models.CharField(max_length=500)  # of a test: package.Class#method; of a pattern: its name
    test = models.OneToOneField(Test, null=True, on_delete=models.CASCADE, related_name="failure")
    pattern = models.OneToOneField("Pattern", null=True, on_delete=models.CASCADE, related_name="failure")
    ticket = models.ForeignKey(KnownTicket, null=True, on_delete=models.SET_NULL, related_name="failures")
    maybe = models.ForeignKey(KnownTicket, null=True, on_delete=models.SET_NULL, related_name="+")  # names the class

    class Meta:
        indexes = [models.Index(fields=["key"], name="failure_key")]

    def __str__(self) -> str:
        return self.key

    @property
    def ticket_key(self) -> str:
        """Return the key of the ticket that knows it, "" without one."""
        if self.ticket:
            return self.ticket.key
        return self.pattern.ticket if self.pattern else ""


class Pattern(models.Model):
    """Lines by which a failure is known. It is in use only after a preview has shown what it matches."""

    class State(models.TextChoices):
        """How far it has come."""

        NEW = "new", "waits for its preview"
        LIVE = "live", "in use"
        REFUSED = "refused", "refused by its preview"

    name = models.CharField(max_length=200, unique=True)
    lines = models.TextField(
        help_text="One regular expression a line, in RE2's syntax. Each must match a line of the log, in this order."
    )
    ticket = models.CharField(max_length=64, blank=True, help_text="The ticket that knows it: FLINK-12345.")
    sample = models.ForeignKey(Build, null=True, on_delete=models.SET_NULL, related_name="+")  # which it must match
    state = models.CharField(max_length=7, choices=State, default=State.NEW, editable=False)
    preview = models.TextField(blank=True, editable=False)  # what came of its preview, in words
    previewed_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class PatternHit(models.Model):
    """A failed job whose log a pattern matches."""

    failure = models.ForeignKey(Failure, on_delete=models.CASCADE, related_name="hits")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="pattern_hits")
    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="pattern_hits")
    at = models.DateTimeField()  # when the job ended

    class Meta:
        constraints = [models.UniqueConstraint(fields=["failure", "job"], name="unique_pattern_hit")]
        indexes = [models.Index(fields=["failure", "at"], name="pattern_hit_seen")]

    def __str__(self) -> str:
        return f"{self.failure} in {self.job}"


class LogExtract(models.Model):
    """The lines of a log's end that may tell of a failure; kept for 30 days, so that new patterns can be tried."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="extract")
    at = models.DateTimeField()  # when the job ended
    green = models.BooleanField(default=False)  # of a job that succeeded: a pattern should not match it
    text = models.TextField()
    matched = models.BooleanField(default=False)  # with all patterns in use

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="log_extract_at"),
            models.Index(fields=["at"], name="log_extract_new", condition=models.Q(matched=False)),
        ]

    def __str__(self) -> str:
        return f"log of {self.job}"


class PullHead(models.Model):
    """What a head of a pull request changes, and where it left its base branch: for verdicts on what failed on it."""

    number = models.PositiveIntegerField()
    sha = models.CharField(max_length=40)
    base_sha = models.CharField(max_length=40, blank=True)  # where it left the branch; "" where nobody could tell
    base_at = models.DateTimeField()
    files = models.JSONField(default=list)  # paths that it changes, as many as are kept
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number", "sha"], name="unique_pull_head")]

    def __str__(self) -> str:
        return f"#{self.number} at {self.sha[:10]}"

    @classmethod
    def of(cls, number: int, sha: str) -> "PullHead | None":
        """Return what is known of a head; None where nothing is."""
        return cls.objects.filter(number=number, sha=sha).exclude(base_sha="").first()


class TestFile(models.Model):
    """Where the code of tests is: in which file on the main branch a class is, or what pytest runs."""

    __test__ = False

    name = models.CharField(max_length=500, unique=True)  # package.Class, or the path that pytest tells
    path = models.CharField(max_length=500, blank=True)  # from the repository's root; "" where no file is called so

    def __str__(self) -> str:
        return self.path or self.name


class FileCommit(models.Model):
    """A commit that changed a file in which tests are."""

    file = models.ForeignKey(TestFile, on_delete=models.CASCADE, related_name="commits")
    sha = models.CharField(max_length=40)
    author = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(null=True)
    subject = models.CharField(max_length=500, blank=True)
    ticket = models.CharField(max_length=20, blank=True)  # that the subject names

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "sha"], name="unique_file_commit")]
        indexes = [models.Index(models.F("file"), models.F("at").desc(), name="file_commit_newest")]

    def __str__(self) -> str:
        return self.sha[:10]
