"""Pushes and deletions of CI branches: one fetch and one push for all pull requests."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from agents.models import Build
from flinkci_dashboard.clients.errors import ServiceError, UnavailableError
from flinkci_dashboard.clients.git.cache import Cache, PushResult, PushStatus, open_cache, remove_cache
from flinkci_dashboard.clients.git.errors import CacheCorrupt
from flinkci_dashboard.jobs.ledger import Actions
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.names import branch_name, head_of
from sync.models import CIBranch, PullRequest, Repository
from sync.pulls.acts import DeleteBranch, PushBranch

PUSH, DELETE = "push-branch", "delete-branch"
HEADS = "refs/heads/"


class Branches:
    """Pushes and deletions: one fetch and one push for all of them."""

    def __init__(self, current: Pass, actions: Actions, source: Repository, target: Repository, token: str) -> None:
        self.current, self.actions, self.token = current, actions, token
        self.source, self.target = source, target

    def carry_out(self, pushes: Sequence[PushBranch], deletions: Sequence[DeleteBranch]) -> None:
        """Push and delete; what one of them comes to does not touch the others. Git's failures are recorded."""
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

    def _work_in(self, folder: Path, pushes: Sequence[PushBranch], deletions: Sequence[DeleteBranch]) -> None:
        with open_cache(folder) as cache:
            heads = self._fetch(cache, pushes)
            rows = CIBranch.objects.in_bulk([branch_name(d.number, d.sha) for d in deletions], field_name="name")
            wanted = {branch_name(push.number, heads[push.number]): push for push in pushes if push.number in heads}
            leases = {name: row.tip for name, row in rows.items() if name not in wanted}
            begun = self._begin(wanted, {branch_name(d.number, d.sha): d for d in deletions if d.sha}, leases)
            if begun:
                self._push(cache, begun, leases)
            opened = set(PullRequest.objects.filter(state=PullRequest.State.OPEN).values_list("number", flat=True))
            cache.forget_pulls(cache.pull_refs().keys() - opened)
            cache.tidy()

    def _fetch(self, cache: Cache, pushes: Sequence[PushBranch]) -> dict[int, str]:
        """Fetch the heads as they are now: one may have moved since it was listed, and is pushed under its own SHA."""
        numbers = [push.number for push in pushes]
        if not numbers:
            return {}
        self.current.progress(f"fetching {len(numbers)} pull requests")
        heads = cache.fetch_pulls(self.source.git_url, numbers)
        for push in pushes:
            if push.number not in heads:
                self.current.fail(f"#{push.number}: {self.source} has no refs/pull/{push.number}/head.")
            elif heads[push.number] != push.sha:
                moved = PullRequest.objects.filter(number=push.number)
                moved.update(head_sha=heads[push.number], head_seen_at=self.current.now, lost_builds=[])
        return heads

    def _begin(
        self, pushes: Mapping[str, PushBranch], deletions: Mapping[str, DeleteBranch], leases: Mapping[str, str]
    ) -> dict[str, Action]:
        """Record both before they are tried; returns the action of each branch that is to be tried."""
        wanted = [
            (f"push:{name}", PUSH, push.number, push.reason, {"branch": name, "sha": name[-40:]})
            for name, push in pushes.items()
        ]
        wanted += [
            (f"delete:{name}", DELETE, deletion.number, deletion.reason, {"branch": name, "sha": leases[name]})
            for name, deletion in deletions.items()
            if name in leases
        ]
        begun = self.actions.begin_all(wanted)
        return {each[4]["branch"]: action for each, action in zip(wanted, begun, strict=True) if action}

    def _push(self, cache: Cache, begun: Mapping[str, Action], leases: Mapping[str, str]) -> None:
        wanted = {name: action.payload["sha"] if action.kind == PUSH else "" for name, action in begun.items()}
        used = {name: leases[name] for name, sha in wanted.items() if not sha}
        self.current.progress(f"pushing {len(wanted)} branches")
        try:
            results = cache.push(self.target.git_url, wanted, leases=used)
        except UnavailableError:
            raise  # it may have been carried out: the next pass looks
        except ServiceError as error:
            self.actions.failed(*begun.values(), answer=str(error))
            raise
        self._record({result.ref.removeprefix(HEADS): result for result in results}, begun)

    def _record(self, results: Mapping[str, PushResult], begun: Mapping[str, Action]) -> None:
        done = {name for name, result in results.items() if result.status == PushStatus.DONE and name in begun}
        pushed = [name for name in done if begun[name].kind == PUSH]
        deleted = [name for name in done if begun[name].kind == DELETE]
        with transaction.atomic():
            note_pushed(pushed, self.current.now)
            CIBranch.objects.filter(name__in=deleted).delete()
            self.actions.done(*(begun[name] for name in done))
            for name, action in begun.items():
                if name not in done:
                    self._refused(name, action, results[name])
        if pushed:
            self.current.count("branches_pushed", len(pushed))
        if deleted:
            self.current.count("branches_deleted", len(deleted))

    def _refused(self, name: str, action: Action, result: PushResult) -> None:
        self.actions.failed(action, answer=result.message)
        if action.kind == DELETE:
            self.current.fail(f"{self.target}: {name} was not deleted: {result.message}")
            return
        sha, workflow = action.payload["sha"], is_workflow_refusal(result.message)
        pull = PullRequest.objects.get(number=action.payload["number"])
        again = pull.push_head == sha and not pull.push_workflow
        pull.push_problem, pull.push_workflow, pull.push_head = result.message, workflow, sha
        pull.push_token, pull.push_tried_at = self.token, self.current.now
        pull.push_tries = pull.push_tries + 1 if again else 1
        fields = ("problem", "workflow", "head", "token", "tried_at", "tries")
        pull.save(update_fields=[f"push_{name}" for name in fields])
        if workflow:
            self.current.count("pulls_blocked")
        else:
            self.current.fail(f"{self.target}: {name} was refused: {result.message}")


def is_workflow_refusal(words: str) -> bool:
    """Tell GitHub's refusal for want of the workflow scope from others."""
    return "refusing to allow" in words and "workflow" in words and "scope" in words


def note_pushed(names: Iterable[str], now: datetime) -> None:
    """Note branches that we have pushed, and which builds of their commits are older than that."""
    pushed = list(names)
    known = Build.objects.filter(provider="azure", branch__in=pushed).values_list("branch", "external_id")
    latest = dict(sorted(known, key=lambda each: each[1]))
    rows = []
    for name in pushed:
        if head := head_of(name):
            facts = {"number": head.number, "sha": head.sha, "tip": head.sha, "seen_at": now, "pushed_at": now}
            rows.append(CIBranch(name=name, after_build=latest.get(name, 0), **facts))
    fields = ["number", "sha", "tip", "seen_at", "pushed_at", "after_build"]
    CIBranch.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=fields, batch_size=500
    )
    PullRequest.objects.filter(number__in=[row.number for row in rows]).exclude(push_head="").update(
        push_head="", push_problem="", push_tries=0, push_workflow=False
    )
