"""The sandbox serves git as GitHub does: plain git drives it, and is refused where GitHub would refuse."""

import base64
import os

import pytest
import requests

from flinkci_dashboard.sandbox import MIRROR, PULLS, SOURCE
from tests.sandbox.clone import Clone

WORKFLOW = {".github/workflows/ci.yml": "on: push\n"}


def test_a_push_with_the_token_arrives_and_is_logged_without_it(sandbox, clone):
    mark = sandbox.log_mark()
    assert clone.push(MIRROR, "refs/heads/master", token=sandbox.github_token).returncode == 0
    assert sandbox.heads(MIRROR) == sandbox.heads()
    logged = sandbox.since(mark, "git")
    assert [(each.repo, each.git_service) for each in logged] == [(MIRROR, "info-refs"), (MIRROR, "receive-pack")]
    assert sandbox.github_token not in repr(logged)


@pytest.mark.parametrize(
    ("repo", "token", "words"),
    [
        (MIRROR, "", "could not read Username"),
        (MIRROR, "ghp_wrong", "could not read Username"),
        (SOURCE, "right", "error: 403"),
        ("flink-ci/nothing", "right", "not found"),
        ("flink-ci/nothing", "", "could not read Username"),
    ],
)
def test_a_push_is_refused_to_those_who_may_not(sandbox, clone, repo, token, words):
    answer = clone.push(repo, "refs/heads/master", token=sandbox.github_token if token == "right" else token)
    assert answer.returncode != 0
    assert words in answer.stderr


@pytest.mark.parametrize(
    ("repo", "service", "token", "status", "words"),
    [
        (SOURCE, "receive-pack", "", 401, "No anonymous write access."),
        (SOURCE, "upload-pack", "wrong", 401, "Invalid username or token"),
        (SOURCE, "receive-pack", "right", 403, "Permission to apache/flink.git denied to flinkbot."),
        ("flink-ci/nothing", "upload-pack", "", 401, "Repository not found."),
        ("flink-ci/nothing", "upload-pack", "right", 404, "Repository not found."),
    ],
)
def test_refusals_carry_githubs_words(sandbox, repo, service, token, status, words):
    token = {"right": sandbox.github_token}.get(token, token)
    url = f"{sandbox.github_git_url}/{repo}.git/info/refs?service=git-{service}"
    answer = requests.get(url, auth=("x", token) if token else None, timeout=5)
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (status, status == 401)
    assert words in answer.text


def test_a_token_without_the_repo_scope_may_not_push(sandbox, clone):
    sandbox.scopes = frozenset({"read:org"})
    assert "403" in clone.push(MIRROR, "refs/heads/master", token=sandbox.github_token).stderr


def test_a_workflow_that_no_other_branch_has_needs_the_workflow_scope(sandbox, tmp_path):
    sandbox.commit(files=WORKFLOW)
    clone = Clone(sandbox, tmp_path / "clone.git")
    refused = clone.push(PULLS, "refs/heads/master:refs/heads/ci_1_a", token=sandbox.github_token)
    assert (
        "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` "
        "without `workflow` scope" in refused.stdout
    )
    sandbox.mirror_all(PULLS)
    assert clone.push(PULLS, "refs/heads/master:refs/heads/ci_1_a", token=sandbox.github_token).returncode == 0
    sandbox.delete_branch("master", PULLS)
    sandbox.delete_branch("ci_1_a", PULLS)
    sandbox.scopes = frozenset({"repo", "workflow"})
    assert clone.push(PULLS, "refs/heads/master:refs/heads/ci_1_a", token=sandbox.github_token).returncode == 0


def test_one_refused_branch_leaves_the_others_alone(sandbox, clone):
    sandbox.protect(MIRROR, "release-2.0")
    specs = ("refs/heads/master:refs/heads/release-2.0", "refs/heads/master:refs/heads/master")
    answer = clone.push(MIRROR, *specs, token=sandbox.github_token)
    assert answer.returncode == 1
    assert "(protected branch hook declined)" in answer.stdout
    assert sandbox.heads(MIRROR).keys() == {"master"}


def test_pull_request_refs_can_be_read_and_not_written(sandbox, clone):
    number = sandbox.pulls.open()
    there = clone.git("ls-remote", f"{sandbox.github_git_url}/{SOURCE}.git", f"refs/pull/{number}/*").stdout
    assert f"refs/pull/{number}/head" in there
    assert f"refs/pull/{number}/merge" in there
    answer = clone.push(PULLS, "refs/heads/master:refs/pull/1/head", token=sandbox.github_token)
    assert "(deny updating a hidden ref)" in answer.stdout


def test_a_commit_is_fetched_by_its_sha(sandbox, clone):
    url = f"{sandbox.github_git_url}/{SOURCE}.git"
    number = sandbox.pulls.open()
    head = sandbox.pulls.by_number[number].head
    assert clone.git("fetch", "-q", url, f"{head}:refs/heads/one", folder=clone.folder).returncode == 0
    merged = sandbox.repositories.git(SOURCE, "rev-parse", f"refs/pull/{number}/merge^2")
    assert merged == head


def test_a_broken_transfer_is_an_error_for_git(sandbox, clone):
    sandbox.commit()
    sandbox.fault(service="git", path="git-upload-pack", method="POST", truncate=40, times=None)
    answer = clone.git("fetch", f"{sandbox.github_git_url}/{SOURCE}.git", "master", folder=clone.folder)
    assert answer.returncode != 0


def test_a_push_too_large_for_one_buffer_comes_in_chunks(sandbox, tmp_path):
    noise = {f"flink-dist/blob{n}": base64.b64encode(os.urandom(600_000)).decode() for n in range(4)}
    sandbox.commit(files=noise)
    clone = Clone(sandbox, tmp_path / "clone.git")
    assert clone.push(MIRROR, "refs/heads/master", token=sandbox.github_token).returncode == 0
    assert sandbox.heads(MIRROR) == sandbox.heads()


def test_a_fetch_with_many_haves_sends_them_zipped(sandbox, clone):
    for number in range(40):
        sandbox.create_branch(f"release-3.{number}")
        sandbox.commit(f"release-3.{number}")
    url = f"{sandbox.github_git_url}/{SOURCE}.git"
    assert clone.git("fetch", "-q", url, "refs/heads/*:refs/heads/*", folder=clone.folder).returncode == 0
    heads = clone.git("for-each-ref", "--format=%(objectname)", "refs/heads", folder=clone.folder).stdout.split()
    assert set(heads) == set(sandbox.heads().values())
