"""What the overview says of branches, builds and hosts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from agents.alerts import KIND_RULES, lasting
from agents.builds.branch_figures import in_order
from agents.builds.nightly import NIGHTLY, PUSH
from agents.builds.nightly_figures import red_runs, red_words
from agents.machines.figures import running_on
from agents.models import Agent, Build, Host, HostPeriod, Watermark
from agents.models.builds import BAD_RESULTS, Status
from agents.models.statistics import Step
from flinkci_dashboard.jobs.history import last_good
from flinkci_dashboard.models import Area
from flinkci_dashboard.web import trends
from flinkci_dashboard.web.tiles import Part, Tile
from flinkci_dashboard.web.words import counted

State = Agent.State
DAY = timedelta(days=1)
Ended = tuple[datetime, str, str, str]  # when, how, why it was started, and of which scope


def tiles(now: datetime) -> list[Tile]:
    """Return tiles about the branches, their nightly builds, all builds, and each host's machines."""
    seen = last_good("poll_builds")
    ended, red = _ended(now), red_runs(now)
    return [
        _branches(PUSH, "Release branches", "succeeded in their last run", seen, ended, red[PUSH], now),
        _branches(NIGHTLY, "Nightly", "succeeded in the last night", seen, ended, red[NIGHTLY], now),
        _builds(seen, ended, now),
        *_hosts(now),
    ]


def _ended(now: datetime) -> list[Ended]:
    """Return the builds that ended in the last day."""
    rows = Build.objects.filter(finished_at__gt=now - DAY).order_by()
    found = rows.values_list("finished_at", "result", "reason", "scope")
    return [(at, result, reason, scope) for at, result, reason, scope in found if at]


def _trend(words: str, ended: Iterable[Ended], now: datetime) -> trends.Trend:
    return trends.counted_trend(words, ((at, result in BAD_RESULTS) for at, result, *_ in ended), now, "build")


def _branches(
    kind: str,
    title: str,
    words: str,
    seen: datetime | None,
    ended: list[Ended],
    runs: dict[str, int],
    now: datetime,
) -> Tile:
    """Say how many branches are green, and name each; a branch is as red as its worst service that has a say."""
    red = {name: number for name, number in runs.items() if lasting(name)}
    names = sorted(red, key=in_order)
    green = sum(not runs for runs in red.values())
    state, label, tally = _colour(green, len(red))
    own = [each for each in ended if _kind(each) == kind]
    return Tile(
        title=title,
        url=reverse("branches"),
        figure=f"{green} of {len(red)}",
        words=words,
        area=Area.BUILDS,
        state=state,
        label=label,
        tally=tally,
        seen_at=seen,
        lines=[Part(f"{name}: {red_words(red[name])}", reverse("branch", args=[name])) for name in names],
        job="poll_builds",
        rules=frozenset({KIND_RULES[kind], *({"publish_red", "nothing_ran"} if kind == NIGHTLY else ())}),
        trend=_trend(f"{title}: builds of the last day, hour by hour", own, now),
        place=20 if kind == NIGHTLY else 10,
    )


def _colour(green: int, known: int) -> tuple[str, str, str]:
    """Return a tile's state and label, and how many branches are red where any is."""
    red = f"{known - green} red" if green < known else ""
    if not known:
        return "none", "none yet", ""
    return ("open", red, red) if red else ("ok", "succeeded", "")


def _kind(ended: Ended) -> str:
    _, _, reason, scope = ended
    if scope != Build.Scope.BRANCH:
        return ""
    return NIGHTLY if reason == Build.Reason.SCHEDULE else PUSH


def _builds(seen: datetime | None, ended: list[Ended], now: datetime) -> Tile:
    open_builds = Counter(Build.objects.filter(~Q(status=Status.FINISHED)).values_list("status", flat=True))
    waiting, url = open_builds[Status.QUEUED], reverse("builds")
    failed = sum(result in BAD_RESULTS for _, result, *_ in ended)
    return Tile(
        title="Builds",
        url=url,
        figure=str(open_builds.total() - waiting),
        words=f"running, {waiting} waiting",
        area=Area.BUILDS,
        state="ok" if seen else "none",
        label="in order" if seen else "none yet",
        seen_at=seen,
        lines=[
            Part(f"{counted(len(ended), 'build')} ended in the last day", url),
            Part(f"{failed} of them failed", f"{url}?state=failed"),
        ],
        job="poll_builds",
        rules=frozenset({"service_ci", "cancelling", "job_silent", "job_failing", "token_refused"}),
        trend=_trend("Builds that ended in the last day, hour by hour", ended, now),
    )


def _hosts(now: datetime) -> list[Tile]:
    """Return a tile for each host that has machines, or had jobs today."""
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for host, state in Agent.objects.values_list("host", "state"):
        states[host][state] += 1
    hours: dict[str, dict[datetime, HostPeriod]] = defaultdict(dict)
    for row in HostPeriod.objects.filter(step=Step.HOUR, start__gt=now - DAY):
        hours[row.host][row.start] = row
    mark = Watermark.objects.filter(name="agents").first()
    known = [host for host in Host.values if host and (host in states or host in hours)]
    return [
        _rented(hours[host], now) if host == Host.GITHUB else _host(Host(host), states[host], hours[host], mark, now)
        for host in known
    ]


def _host(
    host: Host, states: Counter[str], hours: dict[datetime, HostPeriod], mark: Watermark | None, now: datetime
) -> Tile:
    url = f"{reverse('agents')}#host-{host.value}"
    away, online = states[State.OFFLINE] + states[State.DISABLED], Agent.count_online(states)
    unseen = mark is None or bool(mark.note)
    lines = [Part(f"{away} offline or disabled", url)] if away else []
    return Tile(
        title=str(host.label),
        url=url,
        figure=str(states[State.BUSY]),
        words=f"busy, {states[State.IDLE]} idle",
        area=Area.AGENTS,
        state="none" if unseen else "online",
        label="not told" if unseen else f"{online} online",
        seen_at=mark.at if mark else None,
        lines=lines + _ended_jobs(hours, url),
        job="poll_agents",
        tag=f"host:{host.value}",
        trend=_busy(host, hours, now),
        place=60,
    )


def _rented(hours: dict[datetime, HostPeriod], now: datetime) -> Tile:
    """Return the tile of the host whose machines nobody lists: each is made for one job."""
    host = Host.GITHUB
    url = f"{reverse('agents')}#host-{host.value}"
    running = running_on(host)
    seen = last_good("poll_actions")
    return Tile(
        title=str(host.label),
        url=url,
        figure=str(running),
        words="jobs running" if running != 1 else "job running",
        area=Area.AGENTS,
        state="ok" if seen else "none",
        label="in order" if seen else "not told",
        seen_at=seen,
        lines=_ended_jobs(hours, url),
        job="poll_actions",
        tag=f"host:{host.value}",
        trend=_busy(host, hours, now),
        place=60,
    )


def _ended_jobs(hours: dict[datetime, HostPeriod], url: str) -> list[Part]:
    ended, failed = sum(row.finished for row in hours.values()), sum(row.failed for row in hours.values())
    return [Part(f"{counted(ended, 'job')} ended in the last day, {failed} failed", url)] if ended else []


def _busy(host: Host, hours: dict[datetime, HostPeriod], now: datetime) -> trends.Trend:
    steps = [_hour(at, hours) for at in trends.day_of_hours(now)]
    return trends.trend(f"{host.label}: busy machines of the last day, hour by hour", steps)


def _hour(at: datetime, hours: dict[datetime, HostPeriod]) -> trends.Step:
    row = hours.get(at)
    busy = row.busy if row and row.busy else 0
    return trends.Step(at, busy, "info" if busy else "idle", f"{busy:.1f} busy" if row else "not known")
