"""The repositories, the mirror and the trust gate that an installation starts from."""

from flinkci_dashboard.models.writing import add_missing
from sync.merging.rows import offer_switch
from sync.models import Mirror, Repository, TrustGate

Role = Repository.Role
REPOSITORIES = (
    ("apache/flink", Role.SOURCE, "Apache Flink itself. The bot reads it and never pushes to it."),
    (
        "flink-ci/flink-mirror",
        Role.MIRROR,
        "Mirror of master and the release branches; its builds hold the CI secrets, and alone run what needs them.",
    ),
    ("flink-ci/flink", Role.PULL_REQUESTS, "One branch for each pull request's head; its builds see no secret."),
    ("flink-ci/git-repo-sync", Role.BOT, "The script that mirrored the branches before."),
    (
        "flink-ci/ci-bot",
        Role.BOT,
        "The bot that mirrored pull requests and wrote the CI reports before (the wiki page writes cibot).",
    ),
    ("flink-ci/pr-labeler", Role.BOT, "The bot that set the component labels before."),
)


def bootstrap() -> None:
    """Create the repositories that are missing, the mirror unless there is any, and what can be switched on."""
    add_missing([_repository(*each) for each in REPOSITORIES], "owner", "name")
    if not Mirror.objects.exists():
        Mirror.objects.create(
            source=Repository.objects.get(owner="apache", name="flink"),
            target=Repository.objects.get(owner="flink-ci", name="flink-mirror"),
        )
    if not TrustGate.objects.exists():
        TrustGate.objects.create()
    offer_switch()


def _repository(full_name: str, role: str, description: str) -> Repository:
    owner, name = full_name.split("/")
    return Repository(owner=owner, name=name, role=role, description=description)
