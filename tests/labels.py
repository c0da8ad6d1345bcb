"""What the tests of labels share."""

from datetime import UTC, datetime

from flinkci_dashboard.jobs.run import run_pass
from labeler.models import LabelState, Ticket
from sync.models import PullRequest

REST, METRICS, TESTS = "Runtime / REST", "Runtime / Metrics", "Tests"
AT = datetime(2026, 11, 1, tzinfo=UTC)


def observe(world):
    """Bring the rows up to date, as the pull request job does."""
    for pull in list(world.pulls.by_number.values()):
        facts = {
            "title": pull.title,
            "author": pull.login or "",
            "base": pull.base,
            "head_sha": pull.head,
            "state": "open" if pull.state == "open" else "closed",
            "labels": list(pull.labels),
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
        }
        PullRequest.objects.update_or_create(number=pull.number, defaults=facts)


def label(world, trigger="schedule"):
    """Observe, and run one pass."""
    observe(world)
    run = run_pass("label_pulls", trigger)
    assert run is not None
    return run


def labels_of(world, number):
    return sorted(world.pulls.by_number[number].labels)


def state_of(number):
    return LabelState.objects.get(pull__number=number)


def writes(world, mark=0):
    return [each for each in world.since(mark, "github") if each.method != "GET"]


def ticket(key="FLINK-123", **facts) -> Ticket:
    facts = {"known": True, "current_key": key, "components": ["Runtime / REST"], "fetched_at": AT} | facts
    return Ticket.objects.create(key=key, **facts)


def pull(number, state="right", ticket=None, **facts) -> PullRequest:
    of_state = {name: facts.pop(name) for name in ("add", "remove", "reason", "problem", "retry_at") if name in facts}
    facts = {"title": f"[FLINK-123] Number {number}", "base": "master", "head_sha": "a" * 40} | facts
    row = PullRequest.objects.create(number=number, created_at=AT, updated_at=AT, **facts)
    LabelState.objects.create(pull=row, state=state, state_since=AT, seen_at=AT, ticket=ticket, **of_state)
    return row
