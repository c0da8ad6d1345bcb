"""Pushes and deletions of CI branches: one fetch and one push for all pull requests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from agents.failures.heads import remember_head
from flinkci_dashboard.clients.errors import RefusedError, ServiceError, UnavailableError
from flinkci_dashboard.clients.git.cache import Cache, open_cache
from flinkci_dashboard.clients.git.errors import CacheCorrupt
from flinkci_dashboard.clients.git.folder import remove_cache
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus
from flinkci_dashboard.clients.providers import BUILDS_PULLS
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.names import branch_name, build_name, head_of
from sync.models import CIBranch, PullRequest, Repository
from sync.pulls.acts import DeleteBranch, PushBranch, Wanted
from sync.pulls.builds import latest_builds
from sync.pulls.state import NO_REF

PUSH, DELETE = "push-branch", "delete-branch"
HEADS = "refs/heads/"
MAX_PUSHES = 40  # of one pass, while it is looked for what a refused batch is refused for


class Branches:
    """Pushes and deletions: one fetch and one push for all of them."""

    def __init__(
        self,
        current: Pass,
        ledger: Ledger,
        source: Repository,
        target: Repository,
        token: str,
        heads_now: Callable[[Iterable[int]], dict[int, str]],
    ) -> None:
        self.current, self.ledger, self.token = current, ledger, token
        self.source, self.target = source, target
        self._heads_now = heads_now  # asks GitHub's API again
        self._pushes = 0

    def carry_out(self, wanted: Sequence[Wanted]) -> None:
        """Push and delete; what one of them comes to does not touch the others. Git's failures are recorded."""
        pushes = [each.act for each in wanted if isinstance(each.act, PushBranch)]
        deletions = self._deletions(wanted)
        if not pushes and not deletions:
            return
        folder = settings.DATA_DIR / "git" / f"pulls-{self.target.pk}.git"
        try:
            try:
                self._work_in(folder, pushes, deletions)
            except CacheCorrupt:
                remove_cache(folder)
                self._work_in(folder, pushes, deletions)
        except ServiceError as error:
            self.current.fail(f"{self.target}: {error}")

    def _deletions(self, wanted: Sequence[Wanted]) -> list[Intent]:
        """Return the deletions of branches that are there, as they were seen, and that do not wait after a refusal."""
        asked = [(each.act, each.causes) for each in wanted if isinstance(each.act, DeleteBranch) and each.act.sha]
        names = [branch_name(act.number, act.sha) for act, _ in asked]
        rows = CIBranch.objects.in_bulk(names, field_name="name")
        intents = [
            _deletion(act, rows[name], causes) for name, (act, causes) in zip(names, asked, strict=True) if name in rows
        ]
        waiting = self.ledger.waiting(intents)
        return [intent for intent in intents if intent.key not in waiting]

    def _work_in(self, folder: Path, pushes: Sequence[PushBranch], deletions: Sequence[Intent]) -> None:
        with open_cache(folder) as cache:
            heads = self._fetch(cache, pushes)
            self._note_changes(cache, heads)
            intents = [*self._pushing([push for push in pushes if push.number in heads], heads), *deletions]
            begun = [action for action in self.ledger.begin_all(intents) if action]
            if begun:
                self.current.progress(f"pushing {len(begun)} branches")
                self._push(cache, {action.payload["branch"]: action for action in begun})
            opened = set(PullRequest.objects.filter(state=PullRequest.State.OPEN).values_list("number", flat=True))
            cache.forget_pulls(cache.pull_refs().keys() - opened)
            cache.tidy()

    def _fetch(self, cache: Cache, pushes: Sequence[PushBranch]) -> dict[int, str]:
        """Fetch what is to be pushed; returns {number: SHA}.

        Git's refs and GitHub's API may tell of a push at different times. Where they differ the API is asked again, and
        counts: its commit is fetched by name, and waited for while GitHub does not give it out yet.
        """
        if not pushes:
            return {}
        self.current.progress(f"fetching {len(pushes)} pull requests")
        heads = {push.number: push.sha for push in pushes}
        try:
            refs = cache.fetch_pulls(self.source.git_url, heads, _bases(heads))
        except RefusedError as error:
            return self._fetch_singly(cache, heads, error)
        if differing := [push for push in pushes if refs.get(push.number) != push.sha]:
            heads = heads | self._heads_now(push.number for push in differing)
            heads = _let_run(heads, differing)
            behind = {push.number: heads[push.number] for push in differing if push.number in heads}
            behind = {number: sha for number, sha in behind.items() if refs.get(number) != sha}
            self._wait_for(cache, heads, behind, refs)
        return heads

    def _wait_for(
        self, cache: Cache, heads: dict[int, str], behind: Mapping[int, str], refs: Mapping[int, str]
    ) -> None:
        """Fetch by name what refs do not show, and leave out what GitHub does not give out yet."""
        for number in cache.fetch_heads(self.source.git_url, behind):
            sha = heads.pop(number)
            if number not in refs:
                self._note_refusal(number, sha, f"{NO_REF}{number}/head is not there.")
            else:  # the next pass looks again
                lags = f"{NO_REF}{number}/head is at a former head still."
                rows = PullRequest.objects.filter(number=number, push_head="").exclude(push_problem=lags)
                rows.update(push_problem=lags)

    def _note_changes(self, cache: Cache, heads: Mapping[int, str]) -> None:
        """Keep what the heads change, for verdicts on what fails on them."""
        for number, base in PullRequest.objects.filter(number__in=heads).values_list("number", "base"):
            if change := cache.change_of(heads[number], base):
                remember_head(number, heads[number], *change, self.current.now)

    def _fetch_singly(self, cache: Cache, heads: Mapping[int, str], error: RefusedError) -> dict[int, str]:
        """Fetch one by one what GitHub does not give out together, and leave out the bad ones; returns what came."""
        lacking = cache.fetch_heads(self.source.git_url, heads)
        if len(lacking) == len(heads):  # then it is not the matter of one
            self.current.fail(f"{self.source}: {error}")
            return {}
        for number, words in lacking.items():
            self._note_refusal(number, heads[number], words)
        return {number: sha for number, sha in heads.items() if number not in lacking}

    def _pushing(self, pushes: Sequence[PushBranch], heads: Mapping[int, str]) -> list[Intent]:
        """Keep what a push knows with its act: which builds are older than the branch.

        A head that was there before and is back may have its branch still: nothing about its builds changes then.
        """
        names = {push.number: branch_name(push.number, heads[push.number]) for push in pushes}
        there = CIBranch.objects.filter(name__in=names.values())
        builds = {
            name: build_name(BUILDS_PULLS, number)
            for name, number in latest_builds(names.values(), BUILDS_PULLS).items()
        }
        builds |= dict(there.values_list("name", "after_build"))
        return [
            _pushing(push, names[push.number], heads[push.number], builds.get(names[push.number], ""), self.token)
            for push in pushes
        ]

    def _push(self, cache: Cache, begun: Mapping[str, Action]) -> None:
        """Push and delete all at once. What is refused together is tried in halves, until the culprits stand alone."""
        results = self._answers(cache, begun)
        doubtful = [name for name, result in results.items() if _may_be_another(result)]
        if len(doubtful) == 1:
            doubtful = []
        self._record({name: result for name, result in results.items() if name not in doubtful}, begun)
        middle = len(doubtful) // 2
        for half in filter(None, (doubtful[:middle], doubtful[middle:])):
            if self._pushes < MAX_PUSHES:
                self._push(cache, {name: begun[name] for name in half})
            else:
                words = results[half[0]].message
                self.ledger.failed(*(begun[name] for name in half), answer=words)
                self.current.fail(f"{self.target}: {len(half)} branches are left to the next pass: {words}")

    def _answers(self, cache: Cache, begun: Mapping[str, Action]) -> dict[str, PushResult]:
        """Return the answer for each branch. Raises the errors of git for a push that came to nothing."""
        wanted = {name: action.payload["sha"] if action.kind == PUSH else "" for name, action in begun.items()}
        leases = {name: action.payload["sha"] for name, action in begun.items() if action.kind == DELETE}
        self._pushes += 1
        try:
            results = cache.push(self.target.git_url, wanted, leases=leases)
        except UnavailableError:
            raise  # it may have been carried out: the next pass looks
        except RefusedError as error:
            return {name: PushResult(f"{HEADS}{name}", PushStatus.REJECTED, str(error)) for name in begun}
        except ServiceError as error:
            self.ledger.failed(*begun.values(), answer=str(error))
            raise
        return {name: each for each in results if (name := each.ref.removeprefix(HEADS)) in begun}

    def _record(self, results: Mapping[str, PushResult], begun: Mapping[str, Action]) -> None:
        done = [name for name, result in results.items() if result.status == PushStatus.DONE]
        pushed = [name for name in done if begun[name].kind == PUSH]
        deleted = [name for name in done if begun[name].kind == DELETE]
        with transaction.atomic():
            note_pushed({name: _after_build(results[name], begun[name]) for name in pushed}, self.current.now)
            CIBranch.objects.filter(name__in=deleted).delete()
            self.ledger.done(*(begun[name] for name in done))
            for name in results.keys() - set(done):
                self._refused(begun[name], results[name].message)
        for what, names in (("branches_pushed", pushed), ("branches_deleted", deleted)):
            if names:
                self.current.count(what, len(names))

    def _refused(self, action: Action, words: str) -> None:
        self.ledger.failed(action, answer=words)
        if action.kind == DELETE:
            self.current.fail(f"{self.target}: {action.payload['branch']} was not deleted: {words}")
        else:
            self._note_refusal(action.payload["number"], action.payload["sha"], words)

    def _note_refusal(self, number: int, sha: str, words: str) -> None:
        """Record why a pull request's head can't be pushed now: its own back-off follows from that."""
        pull = PullRequest.objects.get(number=number)
        again = pull.push_head == sha and not pull.push_workflow
        pull.push_problem, pull.push_workflow, pull.push_head = words, is_workflow_refusal(words), sha
        pull.push_token, pull.push_tried_at = self.token, self.current.now
        pull.push_tries = pull.push_tries + 1 if again else 1
        fields = ("problem", "workflow", "head", "token", "tried_at", "tries")
        pull.save(update_fields=[f"push_{name}" for name in fields])
        if pull.push_workflow:
            self.current.count("pulls_blocked")
        else:
            self.current.fail(f"#{number}: {sha[:10]} was not pushed: {words}")


def _let_run(heads: Mapping[int, str], pushes: Iterable[PushBranch]) -> dict[int, str]:
    """Leave out newer heads than those that may run: the next pass decides about them."""
    moved = {push.number for push in pushes if push.alone and heads[push.number] != push.sha}
    return {number: sha for number, sha in heads.items() if number not in moved}


def _bases(numbers: Iterable[int]) -> set[str]:
    """Return the branches that pull requests are against."""
    rows = PullRequest.objects.filter(number__in=list(numbers))
    return {"master", *rows.order_by().values_list("base", flat=True).distinct()}


def is_workflow_refusal(words: str) -> bool:
    """Tell GitHub's refusal for want of the workflow scope from others."""
    return "refusing to allow" in words and "workflow" in words and "scope" in words


def note_pushed(names: Mapping[str, str], now: datetime) -> None:
    """Note branches that we have pushed, each with the latest build of its commit that is older than the push."""
    rows = []
    for name, after in names.items():
        if head := head_of(name):
            facts = {"number": head.number, "sha": head.sha, "tip": head.sha, "seen_at": now, "pushed_at": now}
            rows.append(CIBranch(name=name, after_build=after, **facts))
    fields = ["number", "sha", "tip", "seen_at", "pushed_at", "after_build"]
    CIBranch.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=fields, batch_size=500
    )
    PullRequest.objects.filter(number__in=[row.number for row in rows]).exclude(push_problem="").update(
        push_head="", push_problem="", push_tries=0, push_workflow=False
    )


def _may_be_another(result: PushResult) -> bool:
    """Tell whether a refusal may be for the sake of another branch of the same push; a missing scope is its own."""
    return result.status == PushStatus.REJECTED and not is_workflow_refusal(result.message)


def _after_build(result: PushResult, action: Action) -> str:
    """Return the latest build that is older than a branch; none where it was there before: its builds count."""
    return "" if result.already else action.payload["after_build"]


def _pushing(push: PushBranch, name: str, sha: str, after_build: str, token: str) -> Intent:
    payload = {"number": push.number, "branch": name, "sha": sha, "after_build": after_build}
    # When a refused head is due again is the plan's to decide.
    return Intent(f"push:{name}", PUSH, f"#{push.number}", push.reason, payload, patient=False, token=token)


def _deletion(act: DeleteBranch, row: CIBranch, causes: tuple[str, ...]) -> Intent:
    payload = {"number": act.number, "branch": row.name, "sha": row.tip}
    return Intent(f"delete:{row.name}", DELETE, f"#{act.number}", act.reason, payload, causes)
