"""Webhooks: deliveries that are true, repeated, forged or nonsense; and the jobs that they make run sooner."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.utils import timezone

from flinkci_dashboard.jobs.run import work
from flinkci_dashboard.models import Delivery, JobSchedule, Refusals
from tests.chaos.town import Town

SECRET, LOGIN = "a secret of this world", "hooks:a password"
SETTINGS = {"GITHUB_WEBHOOK_SECRET": SECRET, "AZURE_WEBHOOK_LOGIN": LOGIN}
GITHUB = ("push", "pull_request", "issue_comment", "workflow_run", "workflow_job", "ping", "star")
PIPELINES = ("build.complete", "ms.vss-pipelines.run-state-changed-event", "git.push")
NONSENSE = (b"", b"[]", b"null", b"[" * 5000, b"\xff\xfe", b'{"eventType": 1}')


def _deliver(town: Town) -> None:
    """A service tells of something; now and then the jobs that it hurries run at once."""
    delivery = f"{town.dice.getrandbits(64):x}"
    if town.dice.random() < 0.6:
        event, body = town.dice.choice(GITHUB), json.dumps({"number": town.dice.randrange(10**6)}).encode()
        told = ("github", event, body)
    else:
        event = town.dice.choice(PIPELINES)
        told = ("azure", event, json.dumps({"id": delivery, "eventType": event}).encode())
    _expect(town, 202, _post(*told, delivery))
    town.deliveries.append((delivery, told[0] + " " + event, told[2]))
    _run_hurried(town)


def _replay(town: Town) -> None:
    """A delivery comes again, as it was: nothing is due for it."""
    if not town.deliveries:
        return
    delivery, told, body = town.dice.choice(town.deliveries)
    due = _due()
    service, event = told.split(" ")
    _expect(town, 202, _post(service, event, body, delivery))
    if _due() != due:
        town.violate("webhooks", f"the delivery {delivery} that came again made {_due() - due} due")


def _forge(town: Town) -> None:
    """Somebody who does not know the secret tells of something."""
    service = town.dice.choice(("github", "azure"))
    due, kept = _due(), Delivery.objects.count()
    _expect(town, 401, _post(service, "push", b'{"id": "1", "eventType": "build.complete"}', "forged", "not it"))
    town.refused[service] += 1
    if _due() != due or Delivery.objects.count() != kept:
        town.violate("webhooks", "what was forged has changed something")


def _babble(town: Town) -> None:
    """Somebody who knows the password tells nothing that is an event."""
    _expect(town, 400, _post("azure", "", town.dice.choice(NONSENSE), ""))


EVENTS = ((_deliver, 3.0), (_replay, 1.0), (_forge, 1.0), (_babble, 0.5))


def _post(service: str, event: str, body: bytes, delivery: str, secret: str = "") -> int:
    """Post a delivery as a service does; returns the answer's status."""
    if service == "github":
        signature = hmac.new((secret or SECRET).encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-github-event": event, "x-github-delivery": delivery, "x-hub-signature-256": f"sha256={signature}"}
    else:
        headers = {"authorization": f"Basic {b64encode((secret or LOGIN).encode()).decode()}"}
    browser = Client(headers={"host": "localhost"} | headers)
    return browser.post(f"/webhooks/{service}", body, content_type="application/json").status_code


def _expect(town: Town, wanted: int, status: int) -> None:
    if status != wanted:
        town.violate("webhooks", f"a delivery was answered {status} instead of {wanted}")


def _due() -> set[str]:
    return set(JobSchedule.objects.filter(next_run_at__lte=timezone.now()).values_list("job", flat=True))


def _run_hurried(town: Town) -> None:
    """Run what the last delivery hurried as a worker does, on half of the days."""
    row = Delivery.objects.order_by("-pk").first()
    for name in row.jobs if row and town.dice.random() < 0.3 else ():
        town.tell(f"{name} for a webhook: {work(name, 'schedule', timezone.now().isoformat())}")


def webhooks(town: Town) -> Iterator[str]:
    """Every delivery is kept once, and every refusal counted."""
    kept: list[Any] = list(Delivery.objects.values_list("service", "delivery_id"))
    wanted = {(told.partition(" ")[0], delivery) for delivery, told, _ in town.deliveries}
    if set(kept) - wanted or len(kept) != len(set(kept)):
        yield f"deliveries are kept that never came, or twice: {kept}"
    for service, number in town.refused.items():
        counted = sum(Refusals.objects.filter(service=service).values_list("number", flat=True))
        if counted != number:
            yield f"{counted} refusals of {service} are counted, of {number}"


RULES = (webhooks,)
