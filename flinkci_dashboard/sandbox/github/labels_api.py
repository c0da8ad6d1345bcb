"""GitHub's REST API for labels: those of the repository, and those on a pull request."""

from collections.abc import Callable
from functools import wraps

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.on_pulls import CREATED, REPO, on_pulls
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.github.shapes import label_json, labels_on
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.routing import Router

router = Router()
LABEL_LIMIT = 50


def triaging(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Refuse those who may not triage: who is not signed in, and whose role in the repository is less."""

    @wraps(function)
    def answer(github: GitHub, call: Call, account: Account | None, owner: str, name: str, **values: str) -> Answer:
        if account is None:
            return refuse(401, "Requires authentication")
        creates = call.method == "POST" and call.path.endswith(f"{name}/labels")
        if f"{owner}/{name}" not in account.triages or (creates and not account.creates_labels):
            return refuse(403, "Must have admin rights to Repository.")
        return on_pulls(function)(github, call, account, owner, name, **values)

    return answer


@router.route("GET", f"{REPO}/labels", "page", "per_page")
@on_pulls
def list_labels(pulls: Pulls, call: Call, account: Account | None) -> Answer:
    """List the repository's labels."""
    return paged(
        call, sorted(pulls.labels.values(), key=lambda label: label.name.casefold()), lambda x: label_json(call, x)
    )


@router.route("POST", f"{REPO}/labels")
@triaging
def create_label(pulls: Pulls, call: Call, account: Account) -> Answer:
    """Add a label; names differ by more than case."""
    wanted = call.json()
    name = wanted.get("name") or ""
    if not name or len(name) > LABEL_LIMIT:
        message = f"name is too long (maximum is {LABEL_LIMIT} characters)"
        return refuse(422, "Validation Failed", [{"resource": "Label", "code": "custom", "message": message}])
    if name.casefold() in pulls.labels:
        return refuse(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
    label = pulls.create_label(name, wanted.get("color", "ededed"), wanted.get("description"))
    return Answer(CREATED, label_json(call, label))


@router.route("GET", f"{REPO}/labels/{{label*}}")
@on_pulls
def get_label(pulls: Pulls, call: Call, account: Account | None, label: str) -> Answer:
    """Show one label."""
    return Answer(200, label_json(call, pulls.labels[label.casefold()]))


@router.route("GET", f"{REPO}/issues/{{number}}/labels", "page", "per_page")
@on_pulls
def labels_of(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the labels of a pull request."""
    return paged(call, labels_on(pulls, pulls.by_number[number]), lambda label: label_json(call, label))


@router.route("POST", f"{REPO}/issues/{{number}}/labels")
@triaging
def add_labels(pulls: Pulls, call: Call, account: Account, number: int) -> Answer:
    """Put labels on a pull request."""
    names = _wanted_labels(call)
    if not names:
        return refuse(422, "Validation Failed", [{"resource": "Label", "field": "name", "code": "invalid"}])
    pulls.add_labels(number, names)
    return Answer(200, [label_json(call, label) for label in labels_on(pulls, pulls.by_number[number])])


@router.route("PUT", f"{REPO}/issues/{{number}}/labels")
@triaging
def replace_labels(pulls: Pulls, call: Call, account: Account, number: int) -> Answer:
    """Let a pull request have these labels alone."""
    names = _wanted_labels(call)
    if names is None:
        return refuse(422, "Validation Failed", [{"resource": "Label", "field": "name", "code": "invalid"}])
    wanted = {name.casefold() for name in names}
    for name in [each for each in pulls.by_number[number].labels if each.casefold() not in wanted]:
        pulls.remove_label(number, name)
    pulls.add_labels(number, names)
    return Answer(200, [label_json(call, label) for label in labels_on(pulls, pulls.by_number[number])])


def _wanted_labels(call: Call) -> list[str] | None:
    wanted = call.parsed()
    names = wanted if isinstance(wanted, list) else wanted.get("labels", [])
    return None if any(not isinstance(name, str) or len(name) > LABEL_LIMIT for name in names) else names


@router.route("DELETE", f"{REPO}/issues/{{number}}/labels/{{label*}}")
@triaging
def remove_label(pulls: Pulls, call: Call, account: Account, number: int, label: str) -> Answer:
    """Take one label off."""
    try:
        pulls.remove_label(number, label)
    except KeyError:
        return refuse(404, "Label does not exist")
    return Answer(200, [label_json(call, each) for each in labels_on(pulls, pulls.by_number[number])])
