"""What the bot says in a pull request: its report, reactions and replies."""

from functools import partial
from hashlib import sha256

from django.db import transaction

from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.clients.github.reading import CommentFacts
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Intent, Ledger, texts_left
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from sync.models import CommandComment, PullRequest, ReportComment
from sync.pulls.acts import DeleteReport, React, Reply, Word, WriteReport

CREATE_REPORT, CHANGE_REPORT, DELETE_REPORT = "create-report", "change-report", "delete-report"
REACT, REPLY = "react", "reply"


class Replies:
    """Reports, reactions and replies, as many as GitHub takes. After some failures in a row the rest is left alone."""

    def __init__(self, current: Pass, ledger: Ledger, github: GitHub, token: str) -> None:
        self.current, self.ledger, self.github, self.token = current, ledger, github, token
        self.reported: set[int] = set()  # the pull requests whose report was written in this pass
        self._attempts = Attempts(current, ledger)
        self._left: int | None = None  # of this hour's texts

    @property
    def stopped(self) -> bool:
        """Tell whether GitHub takes no more in this pass, or in this hour."""
        return self._attempts.stopped or self._left == 0

    def say(self, word: Word) -> None:
        """Say one of them, unless it waits after a failure."""
        if self._left is None:
            self._left = texts_left(self.current.now)
        if self.stopped:
            return
        tried = self._attempts.attempt(_intent(word, self.token), partial(self._do, word))
        self._left -= tried is not None

    def _do(self, word: Word, action: Action) -> None:
        match word:
            case WriteReport():
                self._write_report(word, action)
            case DeleteReport():
                self.github.delete_comment(word.comment_id)
                with transaction.atomic():
                    ReportComment.objects.filter(comment_id=word.comment_id).delete()
                    self.ledger.done(action)
            case React():
                self._to_comment(word.comment_id, word.reaction)
                with transaction.atomic():
                    CommandComment.objects.filter(comment_id=word.comment_id).update(reaction=word.reaction)
                    self.ledger.done(action)
                self.current.count("reactions_given")
            case Reply():
                self.github.create_comment(word.number, word.body)
                with transaction.atomic():
                    note_reply(action)
                    self.ledger.done(action)
                self.current.count("replies_written")

    def _to_comment(self, comment_id: int, reaction: str) -> None:
        try:
            self.github.react(comment_id, reaction)
        except NotFoundError:
            self._check_gone(comment_id)  # its author has taken it back: nobody waits for an answer

    def _check_gone(self, comment_id: int) -> None:
        """Look whether a comment is gone: to a token that may not write, GitHub says so too.

        Raises NotAuthorizedError.
        """
        try:
            self.github.comment(comment_id)
        except NotFoundError:
            return
        raise NotAuthorizedError(
            f"GitHub shows comment {comment_id} and takes nothing for it: the token may not write."
        )

    def _write_report(self, word: WriteReport, action: Action) -> None:
        if word.comment_id is None:
            written, etag = self.github.create_comment(word.number, word.body)
        else:
            try:
                written, etag = self.github.update_comment(word.comment_id, word.body)
            except NotFoundError:
                self._check_gone(word.comment_id)
                # Before there is a second one, the conversation is read.
                PullRequest.objects.filter(number=word.number).update(conversation_read_at=None)
                self.ledger.failed(action, answer="The report is not there; the next pass reads the conversation.")
                self.current.count("reports_missing")
                return
        with transaction.atomic():
            keep_report(word.number, written, etag)
            CommandComment.objects.filter(comment_id__in=word.recorded).update(recorded=True)
            self.ledger.done(action)
        self.reported.add(word.number)
        self.current.count("reports_written")


def failed_texts() -> set[int]:
    """Return the pull requests in which something could not be said the last time."""
    kinds = (CREATE_REPORT, CHANGE_REPORT, DELETE_REPORT, REACT, REPLY)
    failed = Action.objects.filter(kind__in=kinds, state=Action.State.FAILED)
    return {action.payload["number"] for action in failed}


def keep_report(number: int, written: CommentFacts, etag: str) -> None:
    """Keep a report as GitHub has it now, so that asking for it costs nothing; a deleted one is not needed any more."""
    pull = PullRequest.objects.get(number=number)
    facts = {"pull": pull, "body": written.body, "written_at": written.updated_at, "gone": False, "etag": etag}
    ReportComment.objects.update_or_create(comment_id=written.id, defaults=facts)
    pull.reports.filter(gone=True).delete()


def note_reply(action: Action) -> None:
    """Record that a command was answered."""
    CommandComment.objects.filter(comment_id=action.payload["comment"]).update(replied=True)


def _intent(word: Word, token: str) -> Intent:
    match word:
        case WriteReport(comment_id=None):
            key, kind, comment = f"report:{word.number}", CREATE_REPORT, None
        case WriteReport():
            digest = sha256(word.body.encode()).hexdigest()[:16]
            key, kind, comment = f"report:{word.number}:{digest}", CHANGE_REPORT, word.comment_id
        case DeleteReport():
            key, kind, comment = f"delete-report:{word.comment_id}", DELETE_REPORT, word.comment_id
        case React():
            key, kind, comment = f"react:{word.comment_id}:{word.reaction}", REACT, word.comment_id
        case Reply():
            key, kind, comment = f"reply:{word.comment_id}", REPLY, word.comment_id
    payload = {"number": word.number} | ({"comment": comment} if comment else {})
    return Intent(key, kind, f"#{word.number}", word.reason, payload, token=token, texts=1)
