"""What is wrong with mirrors, pull requests and exposure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from agents.migration.authority import Decisions
from agents.models import Build
from agents.models.builds import Provider, Result
from agents.silent import NEEDS
from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import Area, Exposure
from flinkci_dashboard.web.durations import TIME
from sync.models import Mirror, MirrorBranch, PullRequest
from sync.pulls.figures import quota
from sync.pulls.values import Waiting

State = MirrorBranch.State
RULES = (
    Rule("service_github", "GitHub does not answer", 2, "minutes", acknowledge=60),
    Rule("mirror_lag", "A mirror's branch is behind", 10, "minutes", acknowledge=60),
    Rule("mirror_branch", "A mirror's branch diverged, is gone, or is refused", acknowledge=120),
    Rule("pulls_blocked", "Pull requests are blocked", acknowledge=24 * 60),
    Rule("pulls_waiting", "Pull requests wait for long", 1, "hours", acknowledge=240),
    Rule("pulls_unapproved", "Pull requests wait for somebody to let their code run", 24, "hours"),
    Rule("reports_stale", "CI reports are out of date", 15, "minutes", acknowledge=120),
    Rule("quota", "GitHub's hourly quota is almost used up", 10, "percent"),
    Rule("exposure", "Pull request code may see a secret", acknowledge=30),
    Rule("exposure_unknown", "Exposure could not be checked", 48, "hours"),
)
GITHUB = ("worker", "service:github", "token:github")
MIRRORS = (*GITHUB, "job:sync_mirrors")
PULLS = (*GITHUB, "job:sync_pulls", *NEEDS[Provider.AZURE], "pool")
LATE = 6  # times the limit until a lag is no longer only worth a look
RUNS_KEPT = timedelta(days=30)  # GitHub deletes a run then that nobody has approved
QUOTA_STEPS = (1, 5, 10, 101)  # percent: what a sentence says changes rarely, and with how bad it is
NAMED = 5  # pull requests that a sentence names
WAITS = (Waiting.AGENT, Waiting.BUILD, Waiting.PUSH)
TROUBLE = {
    State.DIVERGED: (Severity.BAD, "has diverged from its source, {time} ago"),
    State.GONE: (Severity.WARN, "has been gone from the source for {time}"),
    State.REJECTED: (Severity.BAD, "has been refused by GitHub for {time}"),
    State.UNREACHABLE: (Severity.BAD, "has been out of reach for {time}"),
    State.NOT_AUTHORIZED: (Severity.BAD, "could not be pushed with our token for {time}"),
}


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Return what is wrong with mirrors, pull requests and exposure."""
    branches = MirrorBranch.objects.filter(selected=True, mirror__enabled=True).select_related("mirror__target")
    found = [service(Mirror.objects.filter(enabled=True), now, limits.length("service_github"))]
    unpushed = Decisions().unpushed()
    for row in branches:
        late = None if row.name in unpushed else branch_lag(row, now, limits.length("mirror_lag"))
        found += [branch_trouble(row), late]
    found += _of_pulls(now, limits)
    mark = quota()
    found.append(hourly_quota(mark.data if mark else {}, now, limits["quota"]))
    for answer in Exposure.objects.all():
        found += [exposed(answer), unchecked(answer, now, limits.length("exposure_unknown"))]
    return [each for each in found if each]


def _of_pulls(now: datetime, limits: Limits) -> list[Finding]:
    """Judge the open pull requests, as the last pass over them left them."""
    opened = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    late = opened.filter(waiting__in=WAITS, why_since__lt=now - limits.length("pulls_waiting"))
    found = [
        blocked(list(opened.filter(waiting=Waiting.BLOCKED).order_by("why_since"))),
        waiting(list(late.order_by("why_since"))),
        unapproved(_unapproved(now - limits.length("pulls_unapproved"), now)),
        reports(_stale(now - limits.length("reports_stale"))),
    ]
    last = latest_pass("sync_pulls") if any(found) else None
    return [replace(each, judged_at=last.started_at if last else None) for each in found if each]


def service(mirrors: Iterable[Mirror], now: datetime, patience: timedelta) -> Finding | None:
    """Judge whether GitHub answered the mirrors' passes: the one that fails for longest tells."""
    troubles = [
        (since, problem)
        for each in mirrors
        for problem, since in (
            (each.source_problem, each.source_problem_since),
            (each.target_problem, each.target_problem_since),
        )
        if problem and since and now - since >= patience
    ]
    if not troubles:
        return None
    since, problem = min(troubles)
    return Finding(
        "service_github",
        "GitHub",
        Severity.BAD,
        f"GitHub has not answered for {{time}}: {problem}",
        since,
        url=reverse("mirrors"),
        area=Area.MIRRORS,
        ends_when="a pass of the mirror sync reads it",
        cause_of=("host:github", "service:github"),
        under=("worker", "token:github"),
    )


def branch_trouble(row: MirrorBranch) -> Finding | None:
    """Judge a branch's state: those that no further pass will mend by itself."""
    if State(row.state) not in TROUBLE:
        return None
    severity, what = TROUBLE[State(row.state)]
    text = f"{row.name} of {row.mirror.target} {what}" + (f": {row.detail}" if row.detail else "")
    return _branch(row, "mirror_branch", severity, text, row.state_since, "a pass finds it in step")


def branch_lag(row: MirrorBranch, now: datetime, limit: timedelta) -> Finding | None:
    """Judge how long the source's head has waited to reach the mirror."""
    behind = bool(row.source_sha) and row.source_sha != row.target_sha
    if not behind or row.source_seen_at is None or State(row.state) in TROUBLE or now - row.source_seen_at <= limit:
        return None
    severity = Severity.BAD if now - row.source_seen_at > LATE * limit else Severity.WARN
    count = f", by {row.commits_behind} commit{'' if row.commits_behind == 1 else 's'}" if row.commits_behind else ""
    text = f"{row.name} of {row.mirror.target} has been behind for {{time}}{count}"
    return _branch(row, "mirror_lag", severity, text, row.source_seen_at, "the mirror has the source's head")


def blocked(pulls: Sequence[PullRequest]) -> Finding | None:
    """Judge the pull requests that GitHub refuses until the token or the head changes (the oldest first)."""
    if not pulls:
        return None
    text = f"{_longest(pulls, 'been blocked')}, as the token lacks the workflow scope: {_named(pulls)}"
    return _pulls(
        "pulls_blocked", Severity.WARN, text, pulls[0].why_since, "?waiting=blocked", "none is blocked", GITHUB
    )


def waiting(pulls: Sequence[PullRequest]) -> Finding | None:
    """Judge the pull requests that have waited longer than the limit (the oldest first)."""
    if not pulls:
        return None
    more = len(pulls) - 1
    others = f" (so {'does' if more == 1 else 'do'} {more} more)" if more else ""
    long = "too long" if TIME in pulls[0].why else "too long, for {time}"
    text = f"pull request {pulls[0]} waits {long}{others}: {pulls[0].why}"
    ends = "none waits longer than the rule's limit"
    return _pulls("pulls_waiting", Severity.WARN, text, pulls[0].why_since, "?ci=pending", ends, PULLS)


def unapproved(waits: Mapping[PullRequest, datetime]) -> Finding | None:
    """Judge the pull requests that have waited for an approval since the times given, by the trust gate or GitHub."""
    if not waits:
        return None
    pulls = sorted(waits, key=lambda pull: waits[pull])
    whose = "its" if len(pulls) == 1 else "their"
    text = f"{_longest(pulls, 'waited')}, until somebody lets {whose} code run: {_named(pulls)}"
    ends = "a committer approves them, on GitHub or with “@flinkbot approve”, as their pages say"
    query = "?waiting=approval" if all(pull.waiting == Waiting.APPROVAL for pull in pulls) else ""
    return _pulls("pulls_unapproved", Severity.WARN, text, waits[pulls[0]], query, ends, (*GITHUB, "job:sync_pulls"))


def reports(pulls: Sequence[PullRequest]) -> Finding | None:
    """Judge the pull requests whose CI report should say something else by now, the longest first."""
    if not pulls:
        return None
    whose = "a CI report has" if len(pulls) == 1 else f"{len(pulls)} CI reports have"
    since = pulls[0].report_due_since
    text = f"{whose} been out of date{_first(pulls)} for {{time}}: {_named(pulls)}"
    return _pulls("reports_stale", Severity.BAD, text, since, "", "they are written", PULLS)


def hourly_quota(told: dict, now: datetime, percent: float) -> Finding | None:
    """Judge what is left of GitHub's hourly quota, as it last told; a new hour is a new quota."""
    remaining, limit = told.get("remaining"), told.get("limit")
    if not limit or remaining is None or 100 * remaining >= percent * limit:
        return None
    reset = told.get("reset_at")
    if isinstance(reset, int | float) and reset < now.timestamp():
        return None
    most = next(step for step in QUOTA_STEPS if 100 * remaining < min(step, percent) * limit)
    text = f"less than {min(most, percent):g} % of GitHub's {limit:,} requests of this hour have been left for {{time}}"
    facts: dict[str, Any] = {"url": reverse("pull_requests"), "area": Area.PULLS, "under": GITHUB}
    return Finding("quota", "GitHub", Severity.WARN, text, ends_when="the next hour begins", **facts)


def exposed(answer: Exposure) -> Finding | None:
    """Judge an answer of the exposure check."""
    if answer.state != Exposure.State.EXPOSED:
        return None
    holds = _clause(answer)
    text = f"for {{time}} it has no longer held that {holds} (the credentials page names what is exposed)"
    return _exposure("exposure", answer, Severity.BAD, text, answer.state_since)


def unchecked(answer: Exposure, now: datetime, limit: timedelta) -> Finding | None:
    """Judge how long a question of the exposure check has had no answer."""
    if answer.state != Exposure.State.UNKNOWN or now - answer.state_since <= limit:
        return None
    text = f"for {{time}} nobody could check that {_clause(answer)}"
    return _exposure("exposure_unknown", answer, Severity.WARN, text, answer.state_since)


def _stale(before: datetime) -> list[PullRequest]:
    """Return open pull requests whose report has been due since before a time."""
    if not is_active("sync_pulls"):  # another bot writes them
        return []
    due = PullRequest.objects.filter(state=PullRequest.State.OPEN, report_due_since__lt=before)
    return list(due.order_by("report_due_since")[:100])


def _unapproved(before: datetime, now: datetime) -> dict[PullRequest, datetime]:
    """Return open pull requests whose head has waited for an approval since before a time, with since when."""
    opened = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    held = opened.filter(waiting=Waiting.APPROVAL, why_since__lt=before)
    waits = {pull: pull.why_since for pull in held if pull.why_since}
    runs = Build.objects.filter(result=Result.ACTION_REQUIRED, queued_at__range=(now - RUNS_KEPT, before), gone_at=None)
    runs = runs.filter(pull_number__in=opened.values("number")).order_by("-queued_at")
    since = {(number, sha): at for number, sha, at in runs.values_list("pull_number", "version", "queued_at") if at}
    for pull in opened.filter(number__in=[number for number, _ in since]):
        if at := since.get((pull.number, pull.head_sha)):
            waits[pull] = min(at, waits.get(pull, at))
    return waits


def _clause(answer: Exposure) -> str:
    return f"{answer.title[0].lower()}{answer.title[1:]}"


def _longest(pulls: Sequence[PullRequest], what: str) -> str:
    """Say how many have done something for how long, the first of them."""
    number = "1 pull request has" if len(pulls) == 1 else f"{len(pulls)} pull requests have"
    return f"{number} {what}{_first(pulls)} for {{time}}"


def _first(pulls: Sequence[PullRequest]) -> str:
    return ", the first" if len(pulls) > 1 else ""


def _named(pulls: Sequence[PullRequest]) -> str:
    more = f" and {len(pulls) - NAMED} more" if len(pulls) > NAMED else ""
    return ", ".join(map(str, pulls[:NAMED])) + more


def _branch(row: MirrorBranch, rule: str, severity: Severity, text: str, since: datetime, ends: str) -> Finding:
    return Finding(
        rule,
        f"{row.mirror.target} {row.name}",
        severity,
        text,
        since,
        url=reverse("mirrors"),
        area=Area.MIRRORS,
        ends_when=ends,
        under=MIRRORS,
        tags=(f"branch:{row.name}",),
    )


def _pulls(
    rule: str, severity: Severity, text: str, since: datetime | None, query: str, ends: str, under: tuple[str, ...]
) -> Finding:
    url = reverse("pull_requests") + query
    return Finding(rule, "pull requests", severity, text, since, url, Area.PULLS, ends, under=under)


def _exposure(rule: str, answer: Exposure, severity: Severity, text: str, since: datetime) -> Finding:
    return Finding(
        rule,
        answer.check_name,
        severity,
        text,
        since,
        url=reverse("credentials"),
        area=Area.CREDENTIALS,
        ends_when="the exposure check finds it safe",
        under=("worker", "job:check_exposure"),
    )
