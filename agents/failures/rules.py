"""What lines of a failed job's log say of its cause: one table of rules, the deepest cause first.

The shapes are those of Flink's `tools/ci` scripts, Maven and its plugins, Docker, apt, curl, tox, and the agents of the
CI services. No pattern repeats what itself repeats, and what lies between two words is bounded. PURE
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a job failed."""

    TEST = "test"
    TIMEOUT = "timeout"
    COMPILE = "compile"
    STYLE = "style"
    DISK = "disk"
    MEMORY = "memory"
    NETWORK = "network"
    DOCKER = "docker"
    AGENT = "agent"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


CAUSES = {
    Cause.TEST: "tests failed",
    Cause.TIMEOUT: "timed out or hung",
    Cause.COMPILE: "does not compile",
    Cause.STYLE: "style or licence",
    Cause.DISK: "out of disk",
    Cause.MEMORY: "out of memory or killed",
    Cause.NETWORK: "network or download",
    Cause.DOCKER: "Docker",
    Cause.AGENT: "lost agent or no runner",
    Cause.CANCELLED: "canceled",
    Cause.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class Rule:
    """A shape of lines, and the cause that they tell. `of_test`: only a line that names a test that failed for good.

    `is_weak`: it explains a failure only where no other rule does.
    """

    cause: Cause
    pattern: re.Pattern[str]
    of_test: bool = False
    is_weak: bool = False


# How Surefire tells of one test. What it was failing with may be any words, and tells of no other cause.
OF_A_TEST = (r" <<< (?:FAILURE|ERROR)!", r"^\[ERROR\] {2,}(?:Run \d+: )?[A-Z]")


def _rule(cause: Cause, *shapes: str, of_test: bool = False) -> Rule:
    return Rule(cause, re.compile("|".join(shapes)), of_test)


def _weak(cause: Cause, *shapes: str) -> Rule:
    return Rule(cause, re.compile("|".join(shapes)), is_weak=True)


ENDED = r"(?:[Ee]xit code|[Ee]xited with code|\bEXIT CODE:|returned code|exit status)"

# Of two rules that match, the earlier one tells the job's cause: the later ones' lines are what followed from it.
RULES = (
    _rule(
        Cause.AGENT,
        r"We stopped hearing from agent ",
        r"^The agent did not connect within the alloted time",
        r"[Tt]he hosted runner (?:lost communication with the server|encountered an error)",
        r"^The self-hosted runner(?:: .{1,100})? lost communication with the server",
        r"^The agent: .{1,100} lost communication with the server",
        r"\b[Tt]he runner has received a shutdown signal",
        r"^No (?:agent|hosted parallelism)\b.{0,80}(?:could be found|has been purchased)",
        r"^No agents? (?:was |were )?found in pool ",
        r"^There are no (?:online )?agents in pool ",
        r"\bthere were no enabled runners online to process the request\b",
        r"^GitHub Actions has encountered an internal error when running your job",
        r"^The remote provider was unable to process the request",
        r"^The job was not acquired by Runner",
    ),
    _rule(
        Cause.DISK,
        r"(?:^|: |\] |\()(?:java\.io\.IOException: )?[Nn]o space left on device\b",
        r"\bENOSPC\b",
        r"^(?:\[ERROR\] )?.{0,200}There is not enough space on the disk",
        r"\b[Dd]isk quota exceeded\b",
    ),
    _rule(
        Cause.TIMEOUT,
        r"^Process produced no output for \d+ seconds\.",
        r"^=+ WARNING: Killing task =+",
        r"ran longer than the maximum time of \d+ minutes",
        r"^The job (?:running on runner .{1,100} )?has exceeded the maximum execution time of ",
        r"^The task has timed out",
        r"^The action '[^']{1,200}' has timed out after \d+ minutes",
        r"^\[ERROR\] (?:.{1,300} )?Process Exit Code: 143\b",
        r"^Test (?:has )?(?:exceeded|run over) the (?:time ?out|time limit)",
        r"^Test \(pid: \d+\) did not finish after \d+ seconds",
    ),
    _rule(
        Cause.MEMORY,
        r"^\[ERROR\] (?:.{1,300} )?Process Exit Code: 137\b",
        r"^\[ERROR\] (?:Java heap space|GC overhead limit exceeded)\b",
        r"^(?:# )?Native memory allocation \(\w{1,20}\) failed\b",
        r"^(?:# )?There is insufficient memory for the Java Runtime Environment",
        r"^(?:\[ERROR\] |Exception in thread \"[^\"]{1,100}\" )?java\.lang\.OutOfMemoryError\b",
        r"^OpenJDK 64-Bit Server VM warning: .{0,120}Cannot allocate memory",
        r"[Oo]ut of memory: Kill(?:ed)? process \d+",
        r"\boom-kill(?:er)?\b",
        r"^(?:[\w./-]{1,200}: line \d+: +\d+ )Killed\b",
        r"^(?:fork|bash: fork): (?:retry: )?(?:Cannot allocate memory|Resource temporarily unavailable)",
        r"\bdocker:? .{0,80}OOMKilled\b",
    ),
    _rule(
        Cause.DOCKER,
        r"^(?:docker: )?Error response from daemon: (?!No such container|[Cc]ontainer \S{1,100} is not running)",
        r"\btoomanyrequests: ",
        r"^(?:Head|Get) \"?https://registry-1\.docker\.io/",
        r"^Docker (?:pull|login|create|start|build) fail(?:ed)? with exit code \d+",
        r"^(?:docker: |(?:ERROR|Error): )?failed to (?:solve|pull|register layer)\b.{0,120}",
        r"^error pulling image configuration: ",
        r"^Cannot connect to the Docker daemon at ",
        r"^Error: (?:No such image|Exit code \d+ returned from process: file name '\S{0,100}docker')",
        r"^Unable to find image '[^']{1,200}' (?:remotely|in the registry)",
        r"\bFailed to pull image \"",
    ),
    _rule(
        Cause.NETWORK,
        r"^\[ERROR\] .{0,900}(?:Could not transfer (?:artifact|metadata)|Failed to (?:collect|read) .{1,300}transfer)",
        r"^\[ERROR\] .{0,900}(?:status code: (?:429|50\d)|Connection (?:timed out|reset)|Read timed out|Unknown host)",
        r"^fatal: unable to access '[^']{1,300}': ",
        r"^fatal: (?:the remote end hung up unexpectedly|early EOF)",
        r"^error: RPC failed; ",
        r"^\[ERROR\] .{0,900}(?:Could not download Node\.js|PKIX path building failed)",
        r"^Failed to (?:resolve action download info|download archive 'http)",
        r"^E: (?:Failed to fetch|Unable to fetch some archives)",
        r"^(?:pip|ERROR): .{0,300}(?:ReadTimeoutError|ConnectTimeoutError|NewConnectionError|Max retries exceeded)",
        r"^(?:ERROR: .{0,200}|pip\._vendor\.[\w.]{1,100}: )?HTTPSConnectionPool\(host=",
        r"^CondaHTTPError: HTTP ",
        r"\bReturn code is: (?:429|5\d\d)\b",
        r"^npm (?:ERR!|error) (?:network|code (?:ETIMEDOUT|ECONNRESET|ENOTFOUND|EAI_AGAIN))",
        r"^Failed to download (?:the )?\S{1,300}(?: after \d+ attempts)?\.?$",
    ),
    _rule(
        Cause.COMPILE,
        r"^\[ERROR\] COMPILATION ERROR",
        r"^\[ERROR\] Failed to execute goal \S{0,60}(?::maven-compiler|:scala-maven|:frontend-maven)-plugin:",
        r"^\[ERROR\] /\S{1,400}\.(?:java|scala):\[\d+,\d+\] (?:error: )?(?!\(\w+\) )",
        r"^\[ERROR\] (?:\[Error\] )?\S{1,400}\.scala:\d+:(?:\d+:)? (?!warning)",
        r"^\[error\] \S{1,400}\.(?:scala|java):\d+:",
        r"^\[ERROR\] .{0,300}Could not find artifact \S{1,200} in ",
        r"^\[ERROR\] The build could not read \d+ projects?",
        r"^\[(?:ERROR|FATAL)\] Non-(?:resolvable|parseable) ",
        r"^Error: error building site: ",
        r"^\[ERROR\] Failed to execute goal org\.apache\.maven\.plugins:maven-javadoc-plugin",
    ),
    _rule(
        Cause.STYLE,
        r"^License Check failed\. See previous output",
        r"^Suffix Check failed\.",
        r"\bDetected '[^']{1,200}' unshaded\b",
        r"^License header check failure detected",
        r"^\[ERROR\] \S{1,400}:\[\d+(?:,\d+)?\] \([a-z]{1,20}\) [A-Z]\w{2,60}: ",
        r"^\[ERROR\] .{0,200}(?:spotless-maven-plugin|maven-checkstyle-plugin|apache-rat-plugin|maven-enforcer-plugin)",
        r"^\[ERROR\] .{0,200}The following files had format violations",
        r"^\[ERROR\] Rule \d+: org\.apache\.maven\.(?:plugins\.)?enforcer\b",
        r"^(?:\[ERROR\] )?Too many files with unapproved license: \d+",
        r"^=*(?:flake8|mypy|ruff|sphinx) checks?\.{2,3} ?\[FAILED\]",
        r"^\[ERROR\] Failed to execute goal \S{1,60}:japicmp-maven-plugin:",
        r"^(?:\[ERROR\] )?Dependency convergence error for ",
        r"^[\w./-]{1,300}\.py:\d+:\d+: [EWFC]\d{3} ",
        r"^(?:\[ERROR\] )?.{0,200}(?:missing|incorrect) (?:licen[cs]e|NOTICE) (?:header|file|entry)",
        r"^(?:ERROR|\[ERROR\])\s.{0,100}LicenseChecker\b",
        r"\bFound a total of [1-9]\d* severe license issues",
    ),
    # What a step of Flink's scripts says at its end, whatever it ended by.
    _rule(
        Cause.COMPILE,
        r"^Compilation failure detected, skipping test execution\.",
        r"^Compiling Flink failed\.",
        r"^(?:ERROR: )?Error building the docs",
    ),
    _rule(Cause.TEST, *OF_A_TEST, r"^\[ERROR\] (?:[a-z]\w{0,60}\.){2,20}[A-Z][\w$]{0,200}$", of_test=True),
    _rule(
        Cause.TEST,
        r"^\[FAIL\] '.{1,300}?' failed after ",
        r"^(?:FAILED|ERROR) +[\w./-]{1,300}\.py\b",
        r"^=*(?:tox|pytest) checks?\.{2,3} ?\[FAILED\]",
        r"^\[ERROR\] (?:.{1,300} )?Process Exit Code: 239\b",
        r"The forked VM terminated without properly saying goodbye",
        r"^\[ERROR\] Crashed tests:",
        r"There (?:are test failures\.|was a test failure\b)",
        r"^\[ERROR\] Tests run: \d+, (?:Failures: [1-9]|Failures: \d+, Errors: [1-9])",
        r"^One or more tests have failed",
        r"^=+ .{0,80}\b\d+ failed\b.{0,80} in \d",
    ),
    # What explains a failure only where nothing above does.
    _weak(
        Cause.MEMORY,
        rf"{ENDED} '?137\b",
        r"^Killed$",
    ),
    _weak(
        Cause.NETWORK,
        r"^curl: \(22\) .{0,80}\b(?:429|5\d\d)\b",
        r"^curl: \((?:5|6|7|18|28|35|52|55|56|92)\) ",
        r"^wget: (?:unable to resolve|download timed out|server returned error)",
        r"Temporary failure (?:in name resolution|resolving )",
        r"^ERROR (?:429|50\d): ",
        r"^Connecting to \S{1,200} failed: ",
        r"^Could not resolve host: ",
    ),
    _weak(
        Cause.DOCKER,
        r"^(?:Error: |Error response from daemon: )No such container",
        r"^Error response from daemon: [Cc]ontainer \S{1,100} is not running",
    ),
    _weak(Cause.DISK, r"^Free disk space on \S+ is lower than \d+%"),
    _weak(Cause.TIMEOUT, r"^\[ERROR\] .{0,300}There was a timeout or other error in the fork"),
    _weak(Cause.TIMEOUT, rf"{ENDED} '?(?:143|124)\b"),
    _weak(
        Cause.CANCELLED,
        r"^(?:Error: )?The (?:operation|build|job|run) was cancell?ed\b",
        r"^The Operation will be canceled\.",
        r"^Canceling since a (?:higher|deployment)",
    ),
    # A script that is gone, as after a clean-up of the wrong folder: the shell ends with 127.
    _weak(
        Cause.UNKNOWN,
        r": (?:command not found|No such file or directory)$",
        r"^(?:/bin/)?sh: \d+: .{1,300}: not found$",
    ),
    # Wrappers say that something failed, and belong to whatever did; alone they are all there is to show.
    _weak(
        Cause.UNKNOWN,
        r"\bexited with (?:exit |EXIT )?(?:code|CODE):? '?[1-9]",
        r"^Process completed with exit code [1-9]",
        r"^\[ERROR\] Failed to execute goal ",
        r"^\[INFO\] BUILD FAILURE",
    ),
)
# Of the causes of several jobs, the first one here is the build's: first what its author is to look at.
OF_BUILD = (
    *(Cause.COMPILE, Cause.STYLE, Cause.TEST, Cause.TIMEOUT, Cause.MEMORY, Cause.DISK),
    *(Cause.NETWORK, Cause.DOCKER, Cause.AGENT, Cause.UNKNOWN, Cause.CANCELLED),
)
