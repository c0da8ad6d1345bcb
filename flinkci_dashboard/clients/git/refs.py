"""What a remote repository holds, without fetching any of it."""

from collections.abc import Sequence

from flinkci_dashboard.clients.git.errors import classify
from flinkci_dashboard.clients.git.process import Command, Limits, authentication

ASK = Limits(total=60, idle=30)


class LsRemote:
    """A running `ls-remote`; several can run side by side. `result` waits for the answer."""

    def __init__(self, url: str, prefixes: Sequence[str], *, authenticate: bool = False) -> None:
        config = authentication(url) if authenticate else {}
        self.authenticated = bool(config)
        kinds = {"refs/heads/": "--heads", "refs/tags/": "--tags"}
        self.prefixes = prefixes
        self.command = Command(
            ["ls-remote", "--refs", *(kinds[prefix] for prefix in prefixes), url],
            limits=ASK,
            repository=url,
            config=config,
        )

    def __enter__(self) -> "LsRemote":
        return self

    def __exit__(self, *error: object) -> None:
        self.command.end()

    def result(self) -> dict[str, str]:
        """Return {full ref: SHA}. Raises ServiceError."""
        ended = self.command.wait()
        if ended.status:
            raise classify(ended.stderr, self.command.repository, authenticated=self.authenticated)
        pairs = (line.split("\t", 1) for line in ended.stdout.splitlines() if "\t" in line)
        return {ref: sha for sha, ref in pairs if ref.startswith(tuple(self.prefixes))}


def ls_remote(
    url: str, prefixes: Sequence[str] = ("refs/heads/", "refs/tags/"), *, authenticate: bool = False
) -> dict[str, str]:
    """Return {full ref: SHA} of a repository's refs under `prefixes`; no others are listed. Raises ServiceError."""
    with LsRemote(url, prefixes, authenticate=authenticate) as asking:
        return asking.result()
