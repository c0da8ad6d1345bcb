"""What rows say of the trust gate: how it is set, whom somebody vouched for, and which heads may run."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from flinkci_dashboard.clients.github.reading import FileFacts
from sync.models import ApprovedHead, Approver, CIBranch, CommandComment, PullRequest, TrustedAuthor, TrustGate
from sync.pulls.acts import Deny, Grant
from sync.pulls.trust.rules import MOST_FILES, Account, HeadFacts, Hold, held_files, hold_reason, may_approve, may_run

CHUNK = 500  # values in one query
UNSEEN = f"more than {MOST_FILES:,} files"


class Gate:
    """The gate as it is set now, with what it needs to know of some pull requests; nothing is read while it is off."""

    def __init__(self, pulls: Sequence[PullRequest]) -> None:
        self.setting = TrustGate.current()
        self.is_open = self.setting.mode == TrustGate.Mode.OFF
        if self.is_open:
            return
        opened = [pull for pull in pulls if pull.state == PullRequest.State.OPEN]
        self._approvers = list(Approver.objects.all())
        self._trusted = list(TrustedAuthor.objects.all())
        self._merged = _merged(opened)
        self._approved = _approved(opened)

    def hold(self, pull: PullRequest) -> Hold | None:
        """Return why somebody has to let a pull request's head run; None where nobody has to."""
        if self.is_open or pull.state != PullRequest.State.OPEN:
            return None
        reason = hold_reason(self._facts(pull))
        observed = self.setting.mode == TrustGate.Mode.OBSERVE
        return Hold(reason, pull.head_seen_at, observed) if reason else None

    def may(self, row: CommandComment) -> bool:
        """Tell whether who wrote a comment may approve."""
        if self.is_open:
            return False
        account = Account(row.author_id, row.author, row.author_association, row.author_is_bot)
        return may_approve(account, _is_listed(account, self._approvers))

    def unread(self, pulls: Iterable[PullRequest]) -> list[PullRequest]:
        """Return the pull requests whose fate depends on which files they change, which nobody has read yet."""
        if self.is_open or not self.setting.hold_files:
            return []
        opened = [pull for pull in pulls if pull.state == PullRequest.State.OPEN and pull.files_head != pull.head_sha]
        heads = _branch_heads(opened)
        facts = {pull: self._facts(pull) for pull in opened if (pull.number, pull.head_sha) not in heads}
        return [pull for pull, known in facts.items() if not known.approved and may_run(known)]

    def note_files(self, pull: PullRequest, files: Sequence[FileFacts]) -> None:
        """Keep which of a head's files an approval is needed for."""
        patterns = [line.strip() for line in self.setting.files.splitlines() if line.strip()]
        found = held_files({name for each in files for name in each.names}, patterns)
        pull.files_head, pull.files_held = pull.head_sha, found if len(files) < MOST_FILES else [*found, UNSEEN]
        pull.save(update_fields=["files_head", "files_held"])

    def _facts(self, pull: PullRequest) -> HeadFacts:
        author = Account(pull.author_id, pull.author, pull.author_association)
        return HeadFacts(
            author,
            merged=_identity(pull) in self._merged,
            trusted=any(author.same_as(each.account_id, each.login) for each in self._trusted),
            approved=(pull.pk, pull.head_sha) in self._approved,
            held_files=self._held_files(pull),
        )

    def _held_files(self, pull: PullRequest) -> tuple[str, ...] | None:
        if not self.setting.hold_files:
            return ()
        return tuple(pull.files_held) if pull.files_head == pull.head_sha else None


def reads_files() -> bool:
    """Tell whether it matters which files a head changes."""
    setting = TrustGate.current()
    return setting.hold_files and setting.mode != TrustGate.Mode.OFF


def carry_out(act: Grant | Deny, now: datetime) -> None:
    """Let a head, or an author, run; or note that a comment grants nothing."""
    if isinstance(act, Grant):
        _grant(act, now)
    else:
        _settle(act.comment_id, CommandComment.State.DENIED, now)


def _grant(act: Grant, now: datetime) -> None:
    pull = PullRequest.objects.get(number=act.number)
    facts = {"granted_by": act.by[:150], "granted_at": now}
    with transaction.atomic():
        if act.sha:
            ApprovedHead.objects.get_or_create(pull=pull, sha=act.sha, defaults=facts)
        if act.trust and pull.author:
            _trust(pull, facts)
        if act.comment_id:
            _note_number(CommandComment.objects.get(comment_id=act.comment_id))
            _settle(act.comment_id, CommandComment.State.GRANTED, now)


def _settle(comment_id: int, state: str, now: datetime) -> None:
    CommandComment.objects.filter(comment_id=comment_id).update(state=state, settled_at=now)


def _trust(pull: PullRequest, facts: dict) -> None:
    key = {"account_id": pull.author_id} if pull.author_id else {"account_id": None, "login": pull.author}
    TrustedAuthor.objects.get_or_create(**key, defaults=facts | {"login": pull.author})


def _note_number(comment: CommandComment) -> None:
    """Tie an approver who was listed by login to the account behind it: a login may change hands."""
    if comment.author_id and not Approver.objects.filter(account_id=comment.author_id).exists():
        listed = Approver.objects.filter(account_id=None, login__iexact=comment.author)
        listed.update(account_id=comment.author_id)


def _is_listed(account: Account, approvers: Iterable[Approver]) -> bool:
    rows = list(approvers)
    by_number = any(row.account_id == account.id for row in rows if row.account_id)
    unbound = (row for row in rows if not row.account_id)
    return by_number or any(row.login.casefold() == account.login.casefold() for row in unbound if account.login)


def _identity(pull: PullRequest) -> tuple[int, str]:
    return (pull.author_id, "" if pull.author_id else pull.author.casefold())


def _merged(pulls: Sequence[PullRequest]) -> set[tuple[int, str]]:
    """Return which of the authors of some pull requests have had one merged."""
    merged = PullRequest.objects.filter(state=PullRequest.State.MERGED)
    numbers = sorted({pull.author_id for pull in pulls if pull.author_id})
    logins = sorted({pull.author for pull in pulls if pull.author and not pull.author_id})
    found: set[tuple[int, str]] = set()
    for start in range(0, len(numbers), CHUNK):
        part = merged.filter(author_id__in=numbers[start : start + CHUNK])
        found |= {(number, "") for number in part.values_list("author_id", flat=True).distinct()}
    if logins:
        part = merged.filter(author_id=0, author__in=logins)
        found |= {(0, login.casefold()) for login in part.values_list("author", flat=True).distinct()}
    return found


def _approved(pulls: Sequence[PullRequest]) -> set[tuple[int, str]]:
    keys = [pull.pk for pull in pulls]
    parts = (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
    rows = (ApprovedHead.objects.filter(pull__in=part).values_list("pull_id", "sha") for part in parts)
    return {row for part in rows for row in part}


def _branch_heads(pulls: Sequence[PullRequest]) -> set[tuple[int | None, str]]:
    """Return the heads that have their branch."""
    if not pulls:
        return set()
    return set(CIBranch.objects.filter(orphan=False).values_list("number", "sha"))
