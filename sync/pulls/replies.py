"""What the bot says in a pull request: its report, reactions and replies."""

from hashlib import sha256

from django.db import transaction

from flinkci_dashboard.clients.errors import NotFoundError, ServiceError, ThrottledError, UnavailableError
from flinkci_dashboard.clients.github.pulls import CommentFacts, GitHub
from flinkci_dashboard.jobs.ledger import Actions
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from sync.models import CommandComment, PullRequest, ReportComment
from sync.pulls.acts import DeleteReport, React, Reply, Word, WriteReport

CREATE_REPORT, CHANGE_REPORT, DELETE_REPORT = "create-report", "change-report", "delete-report"
REACT, REPLY = "react", "reply"
MAX_TROUBLES = 3  # failures in a row after which GitHub is left to the next pass


class Words:
    """Reports, reactions and replies. GitHub's failures are recorded; after some in a row the rest is left alone."""

    def __init__(self, current: Pass, actions: Actions, github: GitHub) -> None:
        self.current, self.actions, self.github = current, actions, github
        self._troubles = 0

    @property
    def stopped(self) -> bool:
        """Tell whether GitHub does not take any more in this pass."""
        return self._troubles >= MAX_TROUBLES

    def say(self, word: Word) -> bool:
        """Say one of them; tells whether it was said."""
        if self.stopped:
            return False
        action = self._begin(word)
        if action is None:
            return False
        try:
            self._do(word, action)
        except UnavailableError as error:  # a comment may have been written: the next pass looks
            self._trouble(word, error, stop=isinstance(error, ThrottledError))
            if isinstance(error, ThrottledError):
                self.actions.failed(action, answer=str(error))
            return False
        except ServiceError as error:
            self.actions.failed(action, answer=str(error))
            self._trouble(word, error, stop=False)
            return False
        self._troubles = 0
        return True

    def _begin(self, word: Word) -> Action | None:
        number, reason = word.number, word.reason
        match word:
            case WriteReport(comment_id=None):
                return self.actions.begin(f"report:{number}", CREATE_REPORT, number, reason)
            case WriteReport():
                key = f"report:{number}:{sha256(word.body.encode()).hexdigest()[:16]}"
                return self.actions.begin(key, CHANGE_REPORT, number, reason, comment=word.comment_id)
            case DeleteReport():
                key = f"delete-report:{word.comment_id}"
                return self.actions.begin(key, DELETE_REPORT, number, reason, comment=word.comment_id)
            case React():
                key = f"react:{word.comment_id}:{word.reaction}"
                return self.actions.begin(key, REACT, number, reason, comment=word.comment_id)
            case Reply():
                return self.actions.begin(f"reply:{word.comment_id}", REPLY, number, reason, comment=word.comment_id)

    def _do(self, word: Word, action: Action) -> None:
        match word:
            case WriteReport():
                self._write_report(word, action)
            case DeleteReport():
                self.github.delete_comment(word.comment_id)
                with transaction.atomic():
                    ReportComment.objects.filter(comment_id=word.comment_id).delete()
                    self.actions.done(action)
            case React():
                self._to_comment(word.comment_id, word.reaction)
                with transaction.atomic():
                    CommandComment.objects.filter(comment_id=word.comment_id).update(reaction=word.reaction)
                    self.actions.done(action)
                self.current.count("reactions_given")
            case Reply():
                self.github.create_comment(word.number, word.body)
                note_reply(self.actions, action)
                self.current.count("replies_written")

    def _to_comment(self, comment_id: int, reaction: str) -> None:
        try:
            self.github.react(comment_id, reaction)
        except NotFoundError:
            return  # its author has taken it back: nobody waits for an answer

    def _write_report(self, word: WriteReport, action: Action) -> None:
        if word.comment_id is None:
            written = self.github.create_comment(word.number, word.body)
        else:
            try:
                written = self.github.update_comment(word.comment_id, word.body)
            except NotFoundError:
                ReportComment.objects.filter(comment_id=word.comment_id).update(gone=True)
                self.actions.failed(action, answer="The report was deleted; the next pass writes it anew.")
                self.current.count("reports_gone")
                return
        with transaction.atomic():
            keep_report(word.number, written)
            CommandComment.objects.filter(comment_id__in=word.recorded).update(recorded=True)
            self.actions.done(action)
        self.current.count("reports_written")

    def _trouble(self, word: Word, error: ServiceError, stop: bool) -> None:
        self._troubles = MAX_TROUBLES if stop else self._troubles + 1
        self.current.fail(f"#{word.number}: {error}")


def keep_report(number: int, written: CommentFacts) -> None:
    """Keep a report as GitHub has it now; an earlier one that was deleted is not needed any more."""
    pull = PullRequest.objects.get(number=number)
    facts = {"pull": pull, "body": written.body, "written_at": written.updated_at, "gone": False, "etag": ""}
    ReportComment.objects.update_or_create(comment_id=written.id, defaults=facts)
    pull.reports.filter(gone=True).delete()


def note_reply(actions: Actions, action: Action) -> None:
    """Record that a command was answered."""
    with transaction.atomic():
        CommandComment.objects.filter(comment_id=action.payload["comment"]).update(replied=True)
        actions.done(action)
