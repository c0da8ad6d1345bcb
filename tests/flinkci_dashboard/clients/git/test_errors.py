"""What git says when something is wrong: told apart, with the repository's name, and without a secret."""

import pytest

from flinkci_dashboard.clients.errors import NotAuthorizedError, RefusedError, UnavailableError
from flinkci_dashboard.clients.git.errors import (
    CacheCorrupt,
    DiskFull,
    RemoteMissing,
    classify,
)

URL = "https://github.com/flink-ci/flink-mirror.git"


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", NotAuthorizedError),
        ("fatal: unable to access 'x': The requested URL returned error: 403", NotAuthorizedError),
        ("remote: Invalid username or token.\nfatal: Authentication failed for 'x'", NotAuthorizedError),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", RemoteMissing),
        ("fatal: unable to access 'x': The requested URL returned error: 301", RemoteMissing),
        ("fatal: unable to access 'x': Could not resolve host: github.com", UnavailableError),
        (
            "fatal: unable to access 'x': Failed to connect to h port 443 after 2 ms: Couldn't connect",
            UnavailableError,
        ),
        ("fatal: unable to access 'x': The requested URL returned error: 502", UnavailableError),
        ("error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: early EOF", UnavailableError),
        ("fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF", UnavailableError),
        ("fatal: remote error: upload-pack: not our ref 1111", RefusedError),
        ("fatal: write error: No space left on device", DiskFull),
        ("error: file write error: Disk quota exceeded\nfatal: early EOF", DiskFull),
        ("remote: fatal: write error: No space left on device\nfatal: early EOF", UnavailableError),
        ("fatal: bad object refs/source/master", CacheCorrupt),
        ("error: bad packed object CRC for 1111\nfatal: the remote end hung up unexpectedly", CacheCorrupt),
        ("remote: fatal: bad object 1111\nfatal: early EOF", UnavailableError),
        ("something new", RefusedError),
        ("", RefusedError),
    ],
)
def test_errors_are_told_apart(stderr, expected, tmp_path):
    assert type(classify(stderr, URL, authenticated=True, folder=tmp_path)) is expected


def test_messages_name_the_repository_stay_the_same_and_hold_no_secret(monkeypatch):
    secret = "ghp_" + "s" * 36
    monkeypatch.setenv("GITHUB_TOKEN", secret)
    texts = {
        str(classify(f"fatal: {secret}: Failed to connect to h port 1 after {n} ms: refused", URL, authenticated=True))
        for n in (1, 23)
    }
    assert len(texts) == 1
    assert URL in texts.pop()
    assert secret not in "".join(texts)
