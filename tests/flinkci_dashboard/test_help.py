"""The help: every text and every state is there."""

import pytest

from flinkci_dashboard.help import TEXTS
from flinkci_dashboard.jobs.table import JOBS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


@pytest.mark.parametrize("name", TEXTS)
def test_each_text_opens_and_is_no_bare_markdown(member, name):
    page = member.get(f"/help/{name}/").content.decode()
    assert "<h1>" in page
    assert "| ---" not in page
    assert ".md" not in page.split('<article class="prose">')[1]


def test_every_job_is_explained(member):
    page = member.get("/help/jobs/").content.decode()
    assert [name for name in JOBS if f"<code>{name}</code>" not in page] == []


def test_every_state_says_what_it_means(member):
    answer = member.get("/help/")
    states = [state for kind in answer.context["kinds"] for state in kind.states]
    assert len(states) > 30
    assert all(state.meaning.endswith(".") for state in states)
    assert "diverged" in answer.content.decode()


def test_an_unknown_text_is_not_found(member):
    assert member.get("/help/nonsense/").status_code == 404
