"""Pull requests, their branches in the CI repository, and the comments that matter to the bot."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class PullRequest(models.Model):
    """A pull request as GitHub last told it, and where its CI stands."""

    class State(models.TextChoices):
        """What has become of it."""

        OPEN = "open"
        CLOSED = "closed"  # without being merged
        MERGED = "merged"

    class CIState(models.TextChoices):
        """What the latest build of the head says."""

        NONE = "", "no CI"
        UNKNOWN = "unknown", "no build yet"
        PENDING = "pending", "pending"
        SUCCESS = "success", "succeeded"
        FAILURE = "failure", "failed"
        CANCELED = "canceled", "canceled"
        BLOCKED = "blocked", "blocked"

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=500)
    author = models.CharField(max_length=100, blank=True)  # "" when the account was deleted
    author_id = models.BigIntegerField(default=0)  # the account's number, which stays when it is renamed; 0: not told
    author_association = models.CharField(max_length=24, blank=True)  # how it stands to the repository: MEMBER, NONE …
    draft = models.BooleanField(default=False)
    base = models.CharField(max_length=255)
    head_sha = models.CharField(max_length=40)
    head_repository = models.CharField(max_length=140, blank=True)  # the fork; "" where it is not told
    head_label = models.CharField(max_length=300, blank=True)  # "ada:patch", for show
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    labels = models.JSONField(default=list)  # names, as GitHub orders them
    jira_key = models.CharField(max_length=20, blank=True, db_index=True)  # "FLINK-12345"; "" when the title has none
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    merged_at = models.DateTimeField(null=True)
    head_seen_at = models.DateTimeField(default=timezone.now)  # when this head was first seen
    head_told_at = models.DateTimeField(null=True)  # `updated_at` of the answer that first had it: GitHub's own time
    # Where its CI stands, as the last pass found it.
    ci_state = models.CharField(max_length=8, choices=CIState, blank=True)
    waiting = models.CharField(max_length=16, blank=True)  # a `pull_values.Waiting`, for filters
    why = models.CharField(max_length=500, blank=True)  # one sentence: why it is where it is; {time} is since why_since
    why_since = models.DateTimeField(null=True)
    report_due_since = models.DateTimeField(null=True)  # since when its CI report should say something else
    plan = models.JSONField(default=list)  # what is still to be done, in words; in observe mode, what would be
    build = models.ForeignKey("agents.Build", null=True, on_delete=models.SET_NULL, related_name="+")
    # What stands in the way of its branch.
    push_problem = models.TextField(blank=True)  # GitHub's words
    push_workflow = models.BooleanField(default=False)  # refused for want of the workflow scope
    push_head = models.CharField(max_length=40, blank=True)  # the head that was refused
    push_token = models.CharField(max_length=12, blank=True)  # fingerprint of the token that was refused
    push_tried_at = models.DateTimeField(null=True)
    push_tries = models.PositiveSmallIntegerField(default=0)
    # What stands in the way of its build: why the CI service queues none for this head.
    build_problem = models.TextField(blank=True)
    build_problem_head = models.CharField(max_length=40, blank=True)
    # What the trust gate knows of its head.
    files_head = models.CharField(max_length=40, blank=True)  # the head whose changed files were read
    files_held = models.JSONField(default=list)  # those of them that an approval is needed for
    held = models.CharField(max_length=300, blank=True)  # why the gate holds it, or would
    # Since when the stream of comments tells everything about its conversation; before that, it has to be read.
    conversation_read_at = models.DateTimeField(null=True)
    read_problem = models.TextField(blank=True)  # why it can't be read, in GitHub's words
    read_tried_at = models.DateTimeField(null=True)  # when that was tried last
    missing_since = models.DateTimeField(null=True)  # since when GitHub says it has none of that number, while open
    lost_builds = models.JSONField(default=list)  # provider:id of builds that its report names and that are no more
    # What its report says apart from ci-bot's format: name → Markdown. Each is made anew where its origin changed.
    sections = models.JSONField(default=dict)
    sections_of = models.JSONField(default=dict)  # name → what that was made of, in short

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(F("updated_at").desc(), name="pull_updated"),
            models.Index(fields=["state", "-number"], name="pull_state"),
            models.Index(fields=["author"], name="pull_author"),
            models.Index(fields=["ci_state", "-number"], name="pull_ci", condition=~Q(ci_state="")),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


class CIBranch(models.Model):
    """A branch `ci_<number>_<sha>` that exists in the CI repository."""

    name = models.CharField(max_length=255, unique=True)
    number = models.PositiveIntegerField(null=True, db_index=True)  # the pull request's, as the name says
    sha = models.CharField(max_length=40, blank=True)  # as the name says
    tip = models.CharField(max_length=40)  # where it stands
    orphan = models.BooleanField(default=False)  # no pull request has that number, or it is none of ours by its name
    ownerless_since = models.DateTimeField(null=True)  # when GitHub first said that it has no such pull request
    seen_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True)  # when we pushed it; null when somebody else did
    after_build = models.CharField(max_length=40, blank=True)  # provider:id of the head's latest build at our push

    class Meta:
        verbose_name = "CI branch"
        verbose_name_plural = "CI branches"
        ordering = ["number", "seen_at"]

    def __str__(self) -> str:
        return self.name


class CommandComment(models.Model):
    """A comment that tells the bot to do something."""

    class State(models.TextChoices):
        """What has become of the command."""

        WAITING = "waiting"  # for a build, or for a branch
        RERUN = "rerun", "re-run"  # a build was retried or queued for it
        RUNNING = "running", "nothing to re-run"  # a build was waiting or running already
        SUPERSEDED = "superseded"  # a newer push came before it was served
        UNKNOWN = "unknown", "not understood"
        BEFORE = "before", "settled before"  # by the bot that ran before us
        REFUSED = "refused", "no build can be queued"  # the CI service refuses the head; the report says why
        GRANTED = "granted", "granted"  # the head, or its author, may run
        DENIED = "denied", "not theirs to give"  # who wrote it may not approve
        UNBOUND = "unbound", "not clear for which commit"  # one came at about the same time
        NEEDLESS = "needless", "nothing waits for that"
        ANSWERED = "answered", "answered"  # with where a person can do it

    comment_id = models.BigIntegerField(unique=True)
    pull = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="commands")
    author = models.CharField(max_length=100, blank=True)
    author_id = models.BigIntegerField(default=0)
    author_association = models.CharField(max_length=24, blank=True)
    author_is_bot = models.BooleanField(default=False)
    words = models.CharField(max_length=100)  # as written, after the mention
    known = models.BooleanField(default=True)
    head_sha = models.CharField(max_length=40, blank=True)  # the head when it was first seen; an approval's, or ""
    commented_at = models.DateTimeField()  # when it was written, or edited to hold the command
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    build_url = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True)
    reaction = models.CharField(max_length=10, blank=True)  # the last one that we gave
    replied = models.BooleanField(default=False)
    recorded = models.BooleanField(default=False)  # a report that holds it has been written
    missing_since = models.DateTimeField(null=True)  # since when GitHub does not have it, while we wait to be sure

    class Meta:
        ordering = ["comment_id"]
        indexes = [models.Index(fields=["pull"], name="commands_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.words} ({self.comment_id})"


class ReportComment(models.Model):
    """A CI report that the bot has written. There should be one for each pull request."""

    comment_id = models.BigIntegerField(unique=True)
    pull = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="reports")
    body = models.TextField()
    written_at = models.DateTimeField()  # its last change, by GitHub's clock
    etag = models.CharField(max_length=128, blank=True)
    gone = models.BooleanField(default=False)  # deleted on GitHub; the next one starts from its text
    missing_since = models.DateTimeField(null=True)  # since when GitHub does not have it, while we wait to be sure

    class Meta:
        ordering = ["comment_id"]

    def __str__(self) -> str:
        return f"report {self.comment_id}"


class Watermark(models.Model):
    """How far something has been read: a small memory of the engine, which it can lose without harm."""

    name = models.CharField(max_length=255, unique=True)
    data = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, name: str) -> "Watermark":
        """Return a mark; one that was never set holds nothing, and is no row yet."""
        return cls.objects.filter(name=name).first() or cls(name=name)

    def remember(self, data: dict[str, Any]) -> None:
        """Set it; what it says already is not written."""
        if self.pk is None or self.data != data:
            self.data, self.changed_at = data, timezone.now()
            self.save()
