"""The rules of the house, proven: on the house itself, and each by a planted breach that it has to see."""

from enum import StrEnum
from functools import partial
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from agents.migration.agreement import Agreement
from agents.migration.criteria import Kind
from agents.models import builds as build_models
from agents.models import migration as migration_models
from flinkci_dashboard.alerts.episodes import Event
from flinkci_dashboard.alerts.findings import Severity
from flinkci_dashboard.clients import facts
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import alerts as alert_models
from labeler.labels import State as LabelsState
from labeler.models import LabelState
from sync.mirrors.values import BranchState
from sync.models import CommandComment, MirrorBranch
from sync.pulls.values import CommandState
from tests.architecture import imports, privacy, rows, sizes, words
from tests.architecture.tree import modules

ROOT = Path(__file__).parent.parent
PURE = (
    "agents/builds/grid.py",
    "agents/builds/log_tail.py",
    "agents/charts/arithmetic.py",
    "agents/charts/drawing.py",
    "agents/charts/pace.py",
    "agents/failures/reproduce.py",
    "agents/machines/hosts.py",
    "agents/machines/judge.py",
    "agents/builds/nightly.py",
    "flinkci_dashboard/alerts/episodes.py",
    "flinkci_dashboard/alerts/findings.py",
    "flinkci_dashboard/alerts/messages.py",
    "flinkci_dashboard/clients/errors.py",
    "flinkci_dashboard/clients/facts.py",
    "flinkci_dashboard/credentials/rules.py",
    "flinkci_dashboard/jobs/table.py",
    "flinkci_dashboard/names.py",
    "flinkci_dashboard/web/durations.py",
    "flinkci_dashboard/web/tones.py",
    "flinkci_dashboard/web/words.py",
    "labeler/labels.py",
    "sync/exposure/rules.py",
    "sync/infrastructure/places.py",
    "sync/merging/section.py",
    "sync/merging/stages.py",
    "sync/mirrors/plan.py",
    "sync/mirrors/values.py",
    "sync/pulls/acts.py",
    "sync/pulls/commands.py",
    "sync/pulls/plan.py",
    "sync/pulls/report.py",
    "sync/pulls/reporting.py",
    "sync/pulls/values.py",
    "sync/pulls/waiting.py",
)
LEDGER = "flinkci_dashboard/jobs/ledger.py"
ACTIONS = partial(rows.stray_writes, home=LEDGER, models=["flinkci_dashboard.models.Action"])
BUILDS = partial(
    rows.stray_writes,
    home="agents/builds/",
    models=["agents.models.Build", "agents.models.Job", "agents.models.Stage"],
)
RULES = {
    "pure modules are pure": imports.impure,
    "what decides is pure": partial(imports.not_pure, wanted=PURE),
    "no import goes up": imports.upward,
    "clients know models and each other": imports.unworldly,
    "only clients speak to the outside": imports.outspoken,
    "only the demo and the tests know the sandbox": imports.dreaming,
    "views ask nobody": imports.busy_views,
    "what is imported is there": imports.missing,
    "acts are written in the ledger alone": ACTIONS,
    "builds are written in their room alone": BUILDS,
    "code says azure in few places": words.azure_in_code,
    "templates say azure nowhere": words.azure_in_templates,
    "modules are short": sizes.long_modules,
    "functions are short": sizes.long_functions,
    "folders are not full": sizes.full_folders,
    "functions are simple": sizes.tangled_functions,
    "templates are narrow": sizes.wide_templates,
    "what is private stays so": privacy.private_imports,
    "tests touch nothing private": privacy.prying_tests,
    "tests import from no test": privacy.borrowing_tests,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps(rule):
    assert RULES[rule](ROOT) == []


PURE_DOC = '"""Decides. PURE"""\n'
PLANTED = [
    ("pure modules are pure", "sync/plan.py", f"{PURE_DOC}from sync import models\n", "imports sync.models"),
    ("pure modules are pure", "sync/plan.py", f"{PURE_DOC}from sync.rows import save\n", "imports sync.rows.save"),
    ("pure modules are pure", "sync/plan.py", f"{PURE_DOC}import subprocess\n", "imports subprocess"),
    ("pure modules are pure", "sync/plan.py", f"{PURE_DOC}from .rows import save\n", "imports sync.rows.save"),
    ("pure modules are pure", "sync/plan.py", f"{PURE_DOC}AT = datetime.now(UTC)\n", "calls now()"),
    ("what decides is pure", "sync/mirrors/plan.py", '"""Decides."""\n', "does not say PURE"),
    ("no import goes up", "agents/rows.py", "from sync.models import Mirror\n", "imports sync.models"),
    ("no import goes up", "sync/rows.py", "def f():\n    import labeler.labels\n", "imports labeler.labels"),
    ("no import goes up", "flinkci_dashboard/web/tiles.py", "import agents.tiles\n", "imports agents.tiles"),
    (
        "clients know models and each other",
        "flinkci_dashboard/clients/jira.py",
        "from flinkci_dashboard.jobs import run\n",
        "imports flinkci_dashboard.jobs.run",
    ),
    ("only clients speak to the outside", "sync/job.py", "import requests\n", "imports requests"),
    ("only clients speak to the outside", "sync/job.py", "from subprocess import run\n", "imports subprocess"),
    (
        "only clients speak to the outside",
        "sync/job.py",
        "from flinkci_dashboard.clients.azure import project\n",
        "imports flinkci_dashboard.clients.azure",
    ),
    (
        "only the demo and the tests know the sandbox",
        "sync/job.py",
        "from flinkci_dashboard.sandbox import Sandbox\n",
        "imports flinkci_dashboard.sandbox",
    ),
    (
        "only the demo and the tests know the sandbox",
        "flinkci_dashboard/sandbox/world.py",
        "from flinkci_dashboard.clients import facts\n",
        "imports flinkci_dashboard.clients",
    ),
    ("views ask nobody", "sync/mirrors/views.py", "from sync.mirrors import job\n", "imports sync.mirrors.job"),
    (
        "views ask nobody",
        "sync/pull_views.py",
        "from flinkci_dashboard.clients.github import pulls\n",
        "imports flinkci_dashboard.clients",
    ),
    (
        "what is imported is there",
        "sync/rows.py",
        "def f():\n    from sync.moved import away\n",
        "imports sync.moved.away, which is nowhere",
    ),
    ("code says azure in few places", "sync/rows.py", 'PROVIDER = "azure"\n', "line 1 says 'azure'"),
    ("code says azure in few places", "sync/rows.py", 'f"builds at Azure {n}"\n', "line 1 says 'builds at Azure '"),
    ("templates say azure nowhere", "templates/_build.html", "<p>Azure</p>\n", "line 1 says Azure"),
    ("modules are short", "sync/rows.py", "A = 1\n" * 301, "301 lines"),
    ("functions are short", "sync/rows.py", "def f():\n" + "    a = 1\n" * 40, "f has 41 lines"),
    (
        "functions are simple",
        "sync/rows.py",
        "class A:\n    def f(a):\n" + "        if a and a: pass\n" * 6,
        "f has a complexity of 13",
    ),
    ("templates are narrow", "templates/_build.html", "x" * 121, "line 1 has 121 columns"),
    ("what is private stays so", "sync/rows.py", "from sync.plan import _words\n", "takes sync.plan._words"),
    ("tests touch nothing private", "tests/test_a.py", "assert client._token\n", "touches _token"),
    ("tests touch nothing private", "tests/test_a.py", 'monkeypatch.setattr("sync.job._ask", 1)\n', "touches _ask"),
    ("tests import from no test", "tests/test_a.py", "from tests.sync.test_job import settle\n", "test_job.settle"),
]
ROWS = [
    ("Action.objects.create(key=key)", "from flinkci_dashboard.models import Action"),
    ("Action(key=key)", "from flinkci_dashboard.models.jobs import Action"),
    ("Action.objects.filter(key=key).update(state='done')", "from flinkci_dashboard.models import Action"),
    ("for each in Action.objects.all():\n        each.save()", "from flinkci_dashboard.models import Action"),
    ("first = Action.objects.first() or None\n    first.delete()", "from flinkci_dashboard.models import Action"),
    ("Build.objects.filter(pk=1).update(gone_at=now)", "from agents.models import Build"),
    ("changes: Changes[Job] = Changes()", "from agents.models import Job"),
    ("Row.objects.filter(pk=1).delete()", "from agents.models import Build as Row"),
    ("Stage.objects.bulk_create([])", "from agents.models import Job, Stage"),
]


def plant(root: Path, files: dict[str, str]) -> None:
    """Write a small tree: a pure module and rows that keep every rule, and what is planted."""
    house = {"sync/values.py": PURE_DOC, "sync/rows.py": '"""Rows."""\n', "templates/_row.html": "<p></p>\n"}
    for where, text in (house | files).items():
        path = root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(("rule", "where", "text", "words"), PLANTED)
def test_a_planted_breach_is_seen(tmp_path, rule, where, text, words):
    plant(tmp_path, {where: text})
    breaches = [breach for breach in RULES[rule](tmp_path) if breach.startswith(f"{where}: ") and words in breach]
    assert breaches


@pytest.mark.parametrize(("line", "import_"), ROWS)
def test_a_row_written_elsewhere_is_seen(tmp_path, line, import_):
    plant(tmp_path, {"sync/job.py": f"{import_}\n\n\ndef f(key, now):\n    {line}\n"})
    assert ACTIONS(tmp_path) + BUILDS(tmp_path)


def test_a_row_handed_in_and_changed_is_seen(tmp_path):
    text = "from flinkci_dashboard.models import Action\n\n\ndef f(act: Action):\n    act.save()\n"
    plant(tmp_path, {"sync/job.py": text})
    assert ACTIONS(tmp_path) == ["sync/job.py: line 5 writes a row of Action"]


def test_reading_rows_and_writing_them_at_home_is_no_breach(tmp_path):
    text = "from flinkci_dashboard.models import Action\n\n\ndef f():\n    Action.objects.{}\n"
    plant(tmp_path, {"sync/job.py": text.format("count()"), LEDGER: text.format("create()")})
    assert ACTIONS(tmp_path) == []


def test_a_full_folder_is_seen(tmp_path):
    plant(tmp_path, {f"sync/m{number}.py": "" for number in range(19)})
    assert RULES["folders are not full"](tmp_path) == ["sync: 21 modules"]


def test_a_small_sound_tree_keeps_every_rule(tmp_path):
    plant(
        tmp_path,
        {"sync/plan.py": f"{PURE_DOC}import re\n\nfrom sync.values import Policy\n"} | dict.fromkeys(PURE, PURE_DOC),
    )
    assert [breach for rule in RULES.values() for breach in rule(tmp_path)] == []


PAIRS = {
    facts.Status: build_models.Status,
    facts.Result: build_models.Result,
    facts.Reason: build_models.Build.Reason,
    BranchState: MirrorBranch.State,
    CommandState: CommandComment.State,
    Severity: alert_models.Severity,
    Event: alert_models.Telling.Event,
    Agreement: migration_models.Pair.Agreement,
    Kind: migration_models.Criterion.Kind,
}
# Enums that no row holds, and those that a field's choices are made of.
UNPAIRED = {
    "agents/builds/grid.py": {"Mark"},
    "agents/failures/rules.py": {"Cause"},  # whose words are the choices themselves
    "agents/failures/verdicts.py": {"Side"},
    "agents/migration/agreement.py": {"Verdict"},  # of which the choices are made
    "agents/migration/evidence.py": {"Fault"},
    "agents/migration/reasons.py": {"Gap", "Why"},
    "flinkci_dashboard/credentials/rules.py": {"Step"},
    "labeler/labels.py": {"State"},
    "sync/merging/stages.py": {"Standing"},
    "sync/pulls/values.py": {"BuildStatus", "Reaction", "Waiting"},
}


@pytest.mark.parametrize("enum", PAIRS, ids=str)
def test_choices_are_what_is_decided(enum: type[StrEnum]):
    assert {each.value for each in enum} == set(PAIRS[enum].values)


def test_every_state_of_labels_has_its_words():
    assert set(LabelsState) == {value for value, _ in LabelState._meta.get_field("state").choices}


def test_every_enum_is_paired_with_its_choices_or_known_to_have_none():
    paired = {(f"{enum.__module__.replace('.', '/')}.py", enum.__name__) for enum in PAIRS}
    unpaired = {(where, name) for where, names in UNPAIRED.items() for name in names}
    found = {
        (module.where, name)
        for module in modules(ROOT)
        if not module.where.startswith("flinkci_dashboard/sandbox/")
        for name in module.enums
    }
    assert found == paired | unpaired


@pytest.mark.parametrize("name", JOBS)
def test_every_job_resolves_and_has_a_command(name):
    import_string(JOBS[name].function)
    assert [each for each in modules(ROOT) if each.stem == name and "/commands/" in each.where]
