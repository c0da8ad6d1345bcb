"""What is wrong with workflows: one that ran before, and may not run any more."""

from datetime import datetime, timedelta

from django.urls import reverse

from agents.models import Build, Workflow
from agents.models.builds import Provider
from flinkci_dashboard.alerts.findings import Finding, Severity
from flinkci_dashboard.models import Area

RAN = timedelta(days=90)  # a workflow that has not run for so long is missed by nobody
State = Workflow.State


def switched_off(now: datetime) -> list[Finding]:
    """Return the workflows that somebody, or GitHub for want of activity, has switched off."""
    rows = Workflow.objects.filter(state__in=(State.DISABLED_MANUALLY, State.DISABLED_INACTIVITY))
    return [of_workflow(row) for row in rows if _ran(row, now)]


def _ran(workflow: Workflow, now: datetime) -> bool:
    builds = Build.objects.filter(provider=Provider.ACTIONS, queued_at__gt=now - RAN)
    return builds.filter(definition_id=workflow.external_id).exists()


def of_workflow(workflow: Workflow) -> Finding:
    """Return that nothing runs by a workflow."""
    off = f"was {workflow.get_state_display()} {{time}} ago: nothing runs"
    return Finding(
        "workflow_off",
        f"{workflow.repository} {workflow.name}",
        Severity.WARN,
        f"the workflow {workflow.name} of {workflow.repository} {off}",
        workflow.changed_at,
        url=reverse("builds"),
        area=Area.BUILDS,
        ends_when="it is switched on again",
        under=("worker", "job:poll_actions"),
    )
