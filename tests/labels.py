"""What the tests of labels share."""

from sync.models import PullRequest


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
