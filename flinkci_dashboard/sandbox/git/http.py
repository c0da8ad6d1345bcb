"""Git over smart HTTP: a bridge to `git http-backend`, with GitHub's answers to those who may not."""

import base64
import binascii
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import CHUNK, Answer, Call
from flinkci_dashboard.sandbox.git.repositories import Repositories

SERVICES = ("git-upload-pack", "git-receive-pack")
PATIENCE = 2.0  # seconds that a client has to send the rest of what git answered already
CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"', "Content-Type": "text/plain"}


class GitService:
    """The repositories below one folder, as `<owner>/<name>.git`."""

    def __init__(
        self,
        repositories: Repositories,
        account_of: Callable[[str], Account | None],
        pushed: Callable[[str], None],
    ) -> None:
        self.repositories = repositories
        self.account_of = account_of
        self.pushed = pushed
        self._offer: Answer | None = None

    def __call__(self, call: Call) -> Answer:
        """Answer one request of a git client."""
        full_name, _, what = call.path.strip("/").partition(".git/")
        service = call.query.get("service", what if what in SERVICES else "")
        if service not in SERVICES or what not in ("info/refs", *SERVICES):
            return Answer(404, "Not Found", {"Content-Type": "text/plain"})
        if full_name in self.repositories.renamed and what == "info/refs":
            there = f"{call.address}/{self.repositories.renamed[full_name]}.git/{what}?service={service}"
            return Answer(301, "Moved Permanently", {"Location": there, "Content-Type": "text/plain"})
        account, refusal = self._authenticate(call)
        refusal = refusal or self._authorize(full_name, service, account)
        if refusal:
            return refusal
        if (what, service, call.headers.get("git-protocol")) == ("info/refs", "git-upload-pack", "version=2"):
            return self._offered(call, account)
        return self._backend(call, account)

    def _authenticate(self, call: Call) -> tuple[Account | None, Answer | None]:
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return None, None
        try:
            password = base64.b64decode(value).decode().partition(":")[2] if kind.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            password = ""
        account = self.account_of(password)
        denied = "Invalid username or token. Password authentication is not supported for Git operations."
        return account, None if account else Answer(401, denied, CHALLENGE)

    def _authorize(self, full_name: str, service: str, account: Account | None) -> Answer | None:
        if not self.repositories.path(full_name).is_dir():
            if account:
                return Answer(404, "Repository not found.", {"Content-Type": "text/plain"})
            return Answer(401, "Repository not found.", CHALLENGE)
        if service == "git-upload-pack":
            return None
        if account is None:
            return Answer(401, "No anonymous write access.", CHALLENGE)
        if full_name not in account.writable or not account.scopes & {"repo", "public_repo"}:
            denied = f"Permission to {full_name}.git denied to {account.login}."
            return Answer(403, denied, {"Content-Type": "text/plain"})
        return None

    def _offered(self, call: Call, account: Account | None) -> Answer:
        """Say what git can do: in its second protocol that names no ref, and is the same for all repositories."""
        if self._offer is None:
            answer = self._backend(call, account)
            body = b"".join(answer.stream or ())
            if answer.status != 200:
                return Answer(answer.status, body, answer.headers)
            self._offer = Answer(200, body, answer.headers)
        return Answer(200, self._offer.body, dict(self._offer.headers))

    def _backend(self, call: Call, account: Account | None) -> Answer:
        said = tempfile.TemporaryFile()  # noqa: SIM115 (the stream closes it)
        process = subprocess.Popen(
            ["git", "http-backend"],
            env=self._environment(call, account),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        feeder = threading.Thread(target=_feed, args=(process, call), daemon=True)
        feeder.start()
        headers = {}
        while line := process.stdout.readline().strip().decode():  # type: ignore[union-attr]
            name, _, value = line.partition(": ")
            headers[name] = value
        status = int(headers.pop("Status", "200").split()[0])
        return Answer(status, headers=headers, stream=self._stream(process, call, said, feeder))

    def _stream(
        self, process: subprocess.Popen, call: Call, said: IO[bytes], feeder: threading.Thread
    ) -> Iterator[bytes]:
        with said:
            yield from _drain(process, call, said)
        feeder.join(PATIENCE)  # the end of the body must not be taken for the next request
        if call.path.endswith("/git-receive-pack"):
            self.pushed(call.path.strip("/").partition(".git/")[0])

    def _environment(self, call: Call, account: Account | None) -> dict[str, str]:
        scopes = account.scopes if account else frozenset()
        return {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_PROJECT_ROOT": str(self.repositories.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": call.headers.get("git-protocol", ""),
            "PATH_INFO": call.path,
            "QUERY_STRING": "&".join(f"{name}={value}" for name, value in call.query.items()),
            "REQUEST_METHOD": call.method,
            "CONTENT_TYPE": call.headers.get("content-type", ""),
            "REMOTE_USER": account.login if account else "",
            "REMOTE_ADDR": "127.0.0.1",
            "SANDBOX_MAY_CHANGE_WORKFLOWS": "1" if "workflow" in scopes else "",
        }


def _feed(process: subprocess.Popen, call: Call) -> None:
    try:
        for part in call.read():
            process.stdin.write(part)  # type: ignore[union-attr]
        process.stdin.close()  # type: ignore[union-attr]
    except (OSError, ValueError):
        process.kill()  # either side went away in the middle


def _drain(process: subprocess.Popen, call: Call, said: IO[bytes]) -> Iterator[bytes]:
    """Yield what git says. That it says nothing at all is our fault: the connection then breaks, and stderr has why."""
    silent = True
    try:
        while part := process.stdout.read1(CHUNK):  # type: ignore[union-attr]
            silent = False
            yield part
        if silent and (status := process.wait()):
            said.seek(0)
            raise RuntimeError(f"{call.method} {call.path}: git http-backend ended with {status}: {said.read()!r}")
    finally:
        process.stdout.close()  # type: ignore[union-attr]
        process.kill()
        process.wait()
