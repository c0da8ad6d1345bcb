"""The job map and the criteria that an installation starts from.

After Flink's `tools/azure-pipelines` and `.github/workflows` of November 2026. PURE
"""

from agents.migration.criteria import Kind
from agents.migration.names import Rule
from agents.migration.reasons import Gap

VARIANTS = (  # Azure's suffix, the caller in Actions, what it is called here
    ("ci", "Default (Java *)", ""),
    ("cron_jdk11", "Java 11", "Java 11: "),
    ("cron_jdk21", "Java 21", "Java 21: "),
    ("cron_adaptive_scheduler", "AdaptiveScheduler", "adaptive scheduler: "),
    ("cron_hadoop*", "Hadoop *", "Hadoop 3: "),
)
CRITERIA = (  # kind, threshold, days that it looks back on, jobs that are excepted
    (Kind.DAYS, 14.0, 30, ""),
    (Kind.PAIRS, 100.0, 14, ""),
    (Kind.AGREEMENT, 99.0, 14, ""),
    (Kind.BUDGET, 80.0, 14, ""),
    (Kind.PEAK, 20.0, 14, ""),
    (Kind.COUNTERPART, 0.0, 14, "cron_snapshot_deployment_*\n*cron_azure*"),
)


def _variant(azure: str, actions: str, prefix: str) -> list[Rule]:
    profile, python = frozenset({Gap.PROFILE}), frozenset({Gap.PROFILE, Gap.PYTHON})
    return [
        Rule(f"{prefix}compile", f"compile_{azure}", f"{actions} / Compile"),
        Rule(f"{prefix}licences", f"license_check_{azure}", f"{actions} / Test packaging/licensing"),
        Rule(f"{prefix}test python", f"test_{azure} python", f"{actions} / Test (module: python)", python),
        Rule(f"{prefix}test {{part}}", f"test_{azure} {{part}}", f"{actions} / Test (module: {{part}})", profile),
        Rule(
            f"{prefix}e2e {{part}}",
            f"e2e_{{part}}_{azure}",
            f"{actions} / E2E (group {{part}})",
            frozenset({Gap.SECRETS}),
        ),
    ]


RULES = (
    *(rule for variant in VARIANTS for rule in _variant(*variant)),
    Rule("licences", "license_check", "Pre-compile Checks / *"),
    Rule("docs 404", "docs_404_check", "Docs 404 check*"),
    Rule("docs 404", "docs_404_check", "* / Docs 404 check*"),
    Rule("wheels linux", "*wheels* Linux", "Build Python Wheels on linux*"),
    Rule("wheels macos", "*wheels* MacOS", "Build Python Wheels on macos*"),
)
