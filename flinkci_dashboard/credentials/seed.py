"""The credentials that an installation starts from."""

from flinkci_dashboard.models import Credential

WIKI = "Continuous Integration page of the Flink wiki"
PMC_HOLDS = "The wiki page says: the credentials are held by the PMC. Name the holder when you know who it is."
Kind, Use = Credential.Kind, Credential.Use

CREDENTIALS = (
    {
        "name": "flinkbot on GitHub",
        "kind": Kind.GITHUB_CLASSIC,
        "account": "flinkbot",
        "uses": [Use.MIRROR, Use.CI_BOT, Use.LABELER],
        "serves": "github",
        "scopes_wanted": "repo workflow",  # without workflow, GitHub refuses commits that change workflow files
        "renew_url": "https://github.com/settings/tokens",
        "rotation_notes": PMC_HOLDS,
    },
    {
        "name": "Azure DevOps",
        "kind": Kind.AZURE_PAT,
        "uses": [Use.CI_BOT, Use.BUILDS],
        "serves": "azure",
        "scopes_wanted": "vso.build vso.agentpools vso.variablegroups_read",
        "renew_url": "https://dev.azure.com/apache-flink/_usersSettings/tokens",
        "rotation_notes": "Starts, cancels and reads builds. Issue it for the one organization, not for all.",
    },
    {
        "name": "Jira",
        "kind": Kind.JIRA,
        "uses": [Use.LABELER],
        "serves": "jira",
        "rotation_notes": "Tickets are public: without a token they are read as anybody.",
    },
)


def create_credentials() -> None:
    """List the credentials that the dashboard's own calls need, unless any is listed already."""
    if not Credential.objects.exists():
        for facts in CREDENTIALS:
            Credential.objects.create(**facts, notice=WIKI, notice_told="PMC")
