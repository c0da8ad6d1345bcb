"""How a failed job or test is run again by hand: module, JDK, profile, Python, and the seed of its configuration.

Flink draws random configuration from the commit's id, so that one commit has the same on both CI services. Which JDK
and profile a job has is read from its name, as CI has it; where that does not say, the branch's default is told. What
Maven is told is what `build-apache-repo.yml` and the workflows of each branch have in their PROFILE. PURE
"""

import re
from dataclasses import dataclass

from agents.failures.match import in_pytest_form

MODULE = re.compile(r"\btest_\w+[ .](\w+)$|\bTest \(module: (\w+)\)")
COMPILE = re.compile(r"\bcompile_|(?:^| / )Compile$")
END_TO_END = re.compile(r"\be2e_(\d)_|\bE2E \(group (\d)\)")
JDK = re.compile(r"jdk ?(\d{1,2})\b|\bJava (\d{1,2})\b|_jdk(\d{1,2})", re.I)
HADOOP = re.compile(r"hadoop ?(\d)\.?(\d)\.?(\d)(?!\d)", re.I)
ADAPTIVE = re.compile(r"adaptive.?scheduler", re.I)
JAVA_TEST = re.compile(r"(?P<owner>\w[\w.]*\.)?(?P<name>\w[\w$]*)(?:#(?P<method>[\w$]+))?")
PYTHON_TEST = re.compile(r"[\w./-]+\.py(?:::[\w:]+)?")
SHA = re.compile(r"[0-9a-f]{7,40}")
DEFAULT_JDKS = ((re.compile(r"master|release-2\."), "17"), (re.compile(r"release-1\."), "8"))
CALLED = {"3.1.3": "3.2.3"}  # jobs of this name have run with this Hadoop ever since
ACTIONS = "actions"
PYTHONS = ((re.compile(r"release-(?:1\.20|2\.0)$"), ("3.8", "3.11")), (re.compile(r""), ("3.9", "3.12")))


@dataclass(frozen=True)
class Setup:
    """What a job ran with, as far as its name and branch tell; "" where they do not."""

    module: str = ""
    group: str = ""  # of end-to-end tests
    compiles: bool = False
    jdk: str = ""
    profile: str = ""  # in words: "default", "Hadoop 3.4.3", "adaptive scheduler"
    options: tuple[str, ...] = ()  # of Maven
    python: str = ""

    @property
    def words(self) -> str:
        """Say it: "JDK 11, default"."""
        return ", ".join(filter(None, (f"JDK {self.jdk}" if self.jdk else "", self.profile)))


@dataclass(frozen=True)
class Card:
    """How to run one job, or one test of it, again."""

    title: str
    setup: Setup
    command: str


def setup_of(job: str, provider: str, base: str) -> Setup:
    """Return what a job of this name ran with. `base` is its branch, or the one that its pull request is against."""
    module, hadoop = _first(MODULE, job), HADOOP.search(job)
    jdk = _first(JDK, job) or next((version for branch, version in DEFAULT_JDKS if branch.match(base)), "")
    options = _of_jdk(jdk, base)
    profile = []
    if hadoop:
        version = ".".join(hadoop.groups())
        version = CALLED.get(version, version)
        profile.append(f"Hadoop {version}")
        options += [f"-Dflink.hadoop.version={version}", "-Phadoop3-tests,hive3"]
    if ADAPTIVE.search(job):
        profile.append("adaptive scheduler")
        options.append("-Penable-adaptive-scheduler")
    if provider == ACTIONS and not profile:
        options.append("-Dinclude_hadoop_aws")
    return Setup(
        module=module,
        group=_first(END_TO_END, job),
        compiles=COMPILE.search(job) is not None,
        jdk=jdk,
        profile=", ".join(profile) or "default",
        options=tuple(options),
        python=_python(job, provider, base) if module == "python" else "",
    )


def card(job: str, provider: str, base: str, repository: str, sha: str, test: str = "") -> Card | None:
    """Return how to run a job, or a test of it (by its key), again; None where nothing is known that runs it.

    `repository` is where the commit is fetched from, an address. What is not a plain name gets into no command.
    """
    setup = setup_of(job, provider, base)
    alone = command_of(setup, sha, test)
    run = alone or _job(setup, sha)
    if not run or not SHA.fullmatch(sha):
        return None
    fetch = f"git fetch {repository} {sha} && git checkout {sha}"
    return Card(test if alone else job, setup, f"{fetch}\n{run}")


def _of_jdk(jdk: str, base: str) -> list[str]:
    """Return what tells Maven the JDK; on older branches, that it is newer than those in between, too."""
    if not jdk or jdk == "8":
        return []
    older = [each for each in ("11", "17") if base.startswith("release-1.") and int(each) < int(jdk)]
    return [*(f"-Djdk{each}" for each in (*older, jdk)), f"-Pjava{jdk}-target"]


def _python(job: str, provider: str, base: str) -> str:
    """Return which Python ran: what a push to Azure starts has the newest, all else one that is drawn at random."""
    oldest, newest = next(versions for branch, versions in PYTHONS if branch.match(base))
    return f"one of {oldest} to {newest}, drawn at random" if provider == ACTIONS or "cron" in job else newest


def command_of(setup: Setup, sha: str, test: str) -> str:
    """Return what runs one test, by its key, in the code that is checked out; "" of what is not run alone."""
    if not SHA.fullmatch(sha):
        return ""
    if PYTHON_TEST.fullmatch(python := in_pytest_form(test)):
        return f"{_build(setup, sha)}\ncd flink-python && python -m pytest '{python}'"
    found = JAVA_TEST.fullmatch(test)
    if not found or not found["owner"]:
        return ""
    name = found["name"] + (f"#{found['method']}" if found["method"] else "")
    # Classes of one name are in many modules.
    file = f"*/{found['owner'].replace('.', '/')}{found['name'].split('$')[0]}.*"
    module = f"$(git ls-files '{file}' | sed 's|/src/.*||' | head -1)"
    options = [f"-Dtest='{name}'", "-Dsurefire.failIfNoSpecifiedTests=false", *setup.options, _seed(sha)]
    return f'./mvnw verify -Dfast -am -pl "{module}" {" ".join(options)}'


def _job(setup: Setup, sha: str) -> str:
    profile = " ".join([*setup.options, _seed(sha)])
    if setup.module:
        return (
            "mkdir -p /tmp/flink-logs\n"
            f'DEBUG_FILES_OUTPUT_DIR=/tmp/flink-logs PROFILE="{profile}" ./tools/ci/test_controller.sh {setup.module}'
        )
    if setup.group:
        run = (
            f'FLINK_DIR=$PWD/build-target PROFILE="{profile}" flink-end-to-end-tests/run-nightly-tests.sh {setup.group}'
        )
        return f"{_build(setup, sha)}\n{run}"
    return " ".join(["./mvnw clean test-compile -Dfast", *setup.options]) if setup.compiles else ""


def _build(setup: Setup, sha: str) -> str:
    """Return how Flink is built, so that build-target is there, which end-to-end and Python tests run."""
    return " ".join(["./mvnw install -DskipTests -Dfast -Pskip-webui-build", *setup.options, _seed(sha)])


def _seed(sha: str) -> str:
    return f"-Dtest.randomization.seed={sha}"


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next(filter(None, found.groups()), "") if found else ""
