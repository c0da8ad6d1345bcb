"""The world: its state, and the verbs that move it."""

import secrets
import shutil
import string
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.actions.engine import Actions
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.gate import AzureService
from flinkci_dashboard.sandbox.calls import Answer, Call, Request
from flinkci_dashboard.sandbox.clock import Clock
from flinkci_dashboard.sandbox.faults import Fault
from flinkci_dashboard.sandbox.git.http import GitService
from flinkci_dashboard.sandbox.git.repositories import AUTHOR, Repositories
from flinkci_dashboard.sandbox.git.rules import Rules
from flinkci_dashboard.sandbox.github.gate import GitHubService
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.http import Server
from flinkci_dashboard.sandbox.jira.api import JiraService
from flinkci_dashboard.sandbox.jira.tickets import Jira
from flinkci_dashboard.sandbox.mail import MailServer
from flinkci_dashboard.sandbox.sink import Sink

SOURCE = "apache/flink"
MIRROR = "flink-ci/flink-mirror"
PULLS = "flink-ci/flink"
BREAKS, RED = ("master", "test_ci.connect"), 3  # what a verb breaks that life leaves alone; builds that tell it
REPOSITORIES = (SOURCE, MIRROR, PULLS, "flink-ci/git-repo-sync", "flink-ci/ci-bot", "flink-ci/pr-labeler")


class Sandbox:
    """A small GitHub on loopback; use it as a context manager. `root`, its folder, is removed at the end."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.github_token = "ghp_" + _random(36)
        self.azure_token = _random(52, string.ascii_lowercase + "234567")
        self.azure_ended = False  # that token is taken no more
        self.jira_token = _random(44)
        self.token_expiry = ""  # as GitHub's header has it: "2027-01-31 12:00:00 UTC"
        self.scopes = frozenset({"repo"})
        self.writable = frozenset({MIRROR, PULLS})
        self.triages = frozenset({SOURCE})  # repositories where flinkbot may label
        self.creates_labels = True  # whether it may make new ones there, which takes more than triage
        self.repositories = Repositories(self.root / "git")
        for repo in REPOSITORIES:
            self.repositories.create(repo)
        self.clock = Clock()
        self.pulls = Pulls(SOURCE, self.repositories, self.clock)
        self.azure = Azure(self.clock, self.repositories.heads)
        self.jira = Jira(self.clock)
        self.actions = Actions(self.clock)
        self.github = GitHub(self.repositories, self.pulls, self.azure, self.actions)
        services: dict[str, Callable[[Call], Answer]] = {
            "git": GitService(self.repositories, self.account_of, self._pushed),
            "azure": AzureService(self.azure, lambda token: token == self.azure_token and not self.azure_ended),
            "jira": JiraService(self.jira, lambda token: token == self.jira_token),
            "github": GitHubService(self.github, self.account_of),
        }
        self.sink = Sink(self._verbs())
        self.mail: MailServer | None = None  # made by those who want it
        services |= {"sink": self.sink, "store": self.github.store}
        self.server = Server(port, services, self.clock.now)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.clear_faults()
        self.server.shutdown()
        self.server.server_close()
        if self.mail:
            self.mail.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # Where it is -----------------------------------------------------------------------------

    @property
    def github_api_url(self) -> str:
        """Return the base of GitHub's REST API."""
        return f"{self.server.address}/github"

    @property
    def github_git_url(self) -> str:
        """Return the base of the repositories."""
        return f"{self.server.address}/git"

    @property
    def azure_url(self) -> str:
        """Return the address of the Azure DevOps organization."""
        return f"{self.server.address}/azure/apache-flink"

    @property
    def jira_url(self) -> str:
        """Return Jira's base."""
        return f"{self.server.address}/jira"

    def environ(self) -> dict[str, str]:
        """Return the environment that points an installation at this world."""
        return {
            "GITHUB_API_URL": self.github_api_url,
            "GITHUB_GIT_URL": self.github_git_url,
            "AZURE_DEVOPS_URL": self.azure_url,
            "AZURE_PROJECT": "apache-flink",
            "JIRA_URL": self.jira_url,
            "GITHUB_TOKEN": self.github_token,
            "AZURE_TOKEN": self.azure_token,
            "JIRA_TOKEN": self.jira_token,
        }

    def alert_environ(self) -> dict[str, str]:
        """Return the environment that sends alerts and mail to this world's sink, whose page is at `/sink/`."""
        self.mail = self.mail or MailServer(self.sink.keep)
        hook = f"json://{urlsplit(self.server.address).netloc}/sink/hook"
        channels = f"{hook},mailto:builds@flink.example.org"
        return {"ALERT_URLS": channels, "ALERT_PRIVATE_ADDRESSES": "1", "EMAIL_URL": self.mail.address}

    def account_of(self, token: str) -> Account | None:
        """Return whose token it is; None for a token that GitHub does not know."""
        rights = (self.scopes, self.writable, self.triages, self.creates_labels, self.token_expiry)
        return Account("flinkbot", *rights) if token == self.github_token else None

    def _pushed(self, repo: str) -> None:
        """Let Azure see a push: it builds what was pushed to the repositories that it watches."""
        if repo in (MIRROR, PULLS):
            self.azure.pushed(repo, self.heads(repo))

    # What was asked, and what goes wrong -----------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """Return every request so far, oldest first."""
        with self.server.lock:
            return list(self.server.requests)

    def log_mark(self) -> int:
        """Return a mark for `since`."""
        return len(self.server.requests)

    def since(self, mark: int, service: str = "") -> list[Request]:
        """Return the requests after a mark, of one service or of all."""
        return [request for request in self.requests[mark:] if service in ("", request.service)]

    def fault(self, **facts: Any) -> Fault:
        """Let something go wrong; see `Fault` for what can."""
        fault = Fault(**facts)
        with self.server.lock:
            self.server.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        """End all faults, and let go what hangs."""
        self.server.clear_faults()

    def _verbs(self) -> dict[str, Callable[[], None]]:
        """Return what the sink's page can break, and how all of it is mended."""
        return {
            "refuse-pushes-to-the-mirror": partial(self.protect, MIRROR, "master"),
            "rewrite-the-mirror": self._rewrite_mirror,
            "let-tests-fail-on-master": self._fail_tests,
            "end-the-azure-token": partial(setattr, self, "azure_ended", True),
            "silence-azure": partial(self._silence, "azure"),
            "silence-jira": partial(self._silence, "jira"),
            "mend-everything": self._mend,
        }

    def _fail_tests(self) -> None:
        self.azure.broken.add(BREAKS)
        for _ in range(RED):
            self.azure.queue(MIRROR, "master", self.commit(), "individualCI")

    def _rewrite_mirror(self) -> None:
        self.force_push("master", repo=MIRROR)

    def _silence(self, service: str) -> None:
        self.fault(service=service, times=None, status=503)

    def _mend(self) -> None:
        self.clear_faults()
        self.azure_ended = False
        self.unprotect(MIRROR)
        if BREAKS in self.azure.broken:
            self.azure.queue(MIRROR, "master", self.commit(), "individualCI")
        self.azure.broken.clear()
        self.repositories.copy_objects(SOURCE, MIRROR)
        self.force_push("master", self.heads()["master"], repo=MIRROR)

    # Git -------------------------------------------------------------------------------------

    def heads(self, repo: str = SOURCE) -> dict[str, str]:
        """Return branch → SHA."""
        return self.repositories.heads(repo)

    def commit(
        self,
        branch: str = "master",
        message: str = "[hotfix] Change something",
        author: str = AUTHOR,
        files: Mapping[str, str] | None = None,
        repo: str = SOURCE,
        count: int = 1,
    ) -> str:
        """Add commits to a branch, which is made if needed; returns the new head."""
        return self.repositories.commit(repo, f"refs/heads/{branch}", message, author, files, count=count)

    def force_push(self, branch: str, sha: str = "", back: int = 1, repo: str = SOURCE) -> str:
        """Move a branch to `sha`, or `back` commits back and one new commit on; returns the new head."""
        ref = f"refs/heads/{branch}"
        if not sha:
            start = self.repositories.git(repo, "rev-parse", f"{ref}~{back}")
            return self.repositories.commit(repo, ref, f"[hotfix] Rewrite {branch}", parent=start)
        self.repositories.set_ref(repo, ref, sha)
        return sha

    def create_branch(self, name: str, start: str = "master", repo: str = SOURCE) -> str:
        """Cut a branch from another; returns its head."""
        sha = self.heads(repo)[start]
        self.repositories.set_ref(repo, f"refs/heads/{name}", sha)
        return sha

    def delete_branch(self, name: str, repo: str = SOURCE) -> None:
        """Delete a branch."""
        self.repositories.delete_ref(repo, f"refs/heads/{name}")

    def cut_release(self, version: str) -> str:
        """Cut release-X.Y from master; returns its head."""
        return self.create_branch(f"release-{version}")

    def tag(self, name: str, branch: str = "master") -> None:
        """Tag a branch's head."""
        self.repositories.set_ref(SOURCE, f"refs/tags/{name}", self.heads()[branch])

    def release(self, version: str) -> None:
        """Publish X.Y.Z: the tag release-X.Y.Z on release-X.Y."""
        self.tag(f"release-{version}", f"release-{version.rpartition('.')[0]}")

    def protect(self, repo: str, branch: str) -> None:
        """Let the repository refuse every push to a branch."""
        self.rules(repo).protect(branch)

    def unprotect(self, repo: str) -> None:
        """Take all pushes again."""
        self.rules(repo).lift()

    def rules(self, repo: str) -> Rules:
        """Return what a repository refuses: protected branches, secrets, large files, deletions."""
        return self.repositories.rules(repo)

    def rename(self, repo: str, name: str) -> None:
        """Give a repository another name; its former one leads there, by 301 for reading and 307 for writing."""
        self.repositories.rename(repo, name)
        self.pulls.repo = name if self.pulls.repo == repo else self.pulls.repo
        self.actions.rename(repo, name)
        self.writable |= {name} if repo in self.writable else set()
        self.triages |= {name} if repo in self.triages else set()

    def mirror_all(self, repo: str = MIRROR) -> None:
        """Bring every branch of the source into another repository, as if it had been mirrored."""
        self.repositories.copy_objects(SOURCE, repo)
        self.repositories.set_refs(repo, {f"refs/heads/{branch}": sha for branch, sha in self.heads().items()})


def _random(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
