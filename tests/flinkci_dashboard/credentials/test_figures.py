"""What presses the most stands first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.alerts.findings import Limits
from flinkci_dashboard.credentials.alerts import RULES, findings
from flinkci_dashboard.credentials.figures import credential_lines
from flinkci_dashboard.models import Credential
from flinkci_dashboard.web.tones import tone

pytestmark = pytest.mark.django_db


def test_the_overview_names_what_presses_the_most_first(bootstrapped):
    Credential.objects.filter(serves="jira").update(expires_on=timezone.now().date() + timedelta(days=20), works=True)
    Credential.objects.filter(serves="github").update(problem="refused (401)", works=False)
    assert [line.credential.name for line in credential_lines(timezone.now()) if line.pressing] == [
        "flinkbot on GitHub",
        "Jira",
    ]


@pytest.mark.parametrize(
    ("works", "problem", "scope_problem", "told"),
    [
        (True, "", "", "good"),
        (True, "lacks workflow", "lacks workflow", "warn"),
        (True, "", "has gist beyond need", "warn"),
        (False, "refused (401)", "", "bad"),
        (None, "GitHub does not answer.", "", "warn"),  # the silence of a service is a finding of its own
        (None, "", "", "muted"),
    ],
)
def test_the_page_says_no_worse_and_no_better_than_the_findings(bootstrapped, works, problem, scope_problem, told):
    now = timezone.now()
    facts = {"works": works, "problem": problem, "scope_problem": scope_problem, "problem_since": now}
    Credential.objects.filter(serves="github").update(**facts)
    limits = Limits({rule.name: rule for rule in RULES})
    found = [each.severity.value for each in findings(now, limits) if "service:github" in each.tags]
    line = next(each for each in credential_lines(now) if each.credential.serves == "github")
    assert tone(line.state) == told
    assert found == [] or found == [told]
