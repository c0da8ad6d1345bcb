"""The sandbox's git declines what GitHub declines, and lags as it does."""

import pytest

from flinkci_dashboard.sandbox import PULLS, SOURCE

MASTER = "refs/heads/master:refs/heads"


@pytest.mark.parametrize(
    ("code", "reason", "word"),
    [
        ("GH013", "remote: - GITHUB PUSH PROTECTION", "push declined due to repository rule violations"),
        ("GH001", "GH001: Large files detected.", "pre-receive hook declined"),
    ],
)
def test_one_bad_commit_declines_the_whole_push(sandbox, clone, code, reason, word):
    sandbox.rules(PULLS).decline("conf/key.txt", code)
    number = sandbox.pulls.open(files={"conf/key.txt": "secret"})
    clone.fetch(f"refs/pull/{number}/head:refs/heads/bad")
    answer = clone.push_all(PULLS, f"{MASTER}/ci_1_a", "refs/heads/bad:refs/heads/ci_2_b")
    assert (answer.returncode, answer.stdout.count(f"[remote rejected] ({word})")) == (1, 2)
    assert reason in answer.stderr
    assert "conf/key.txt" in answer.stderr
    assert sandbox.heads(PULLS) == {}
    assert clone.push_all(PULLS, f"{MASTER}/ci_1_a").returncode == 0
    sandbox.rules(PULLS).lift()
    assert clone.push_all(PULLS, "refs/heads/bad:refs/heads/ci_2_b").returncode == 0


def test_a_ruleset_forbids_to_delete_a_branch(sandbox, clone):
    sandbox.mirror_all(PULLS)
    sandbox.create_branch("kept", repo=PULLS)
    sandbox.create_branch("old", repo=PULLS)
    sandbox.rules(PULLS).forbid_deletion("kept")
    answer = clone.push_all(PULLS, ":refs/heads/kept", ":refs/heads/old")
    assert answer.stdout.count("[remote rejected] (push declined due to repository rule violations)") == 2
    assert "remote: - Cannot delete this branch" in answer.stderr
    assert clone.push_all(PULLS, ":refs/heads/old").returncode == 0
    assert "kept" in sandbox.heads(PULLS)


def test_a_pull_requests_ref_lags_behind_the_api_and_its_commit_is_there_already(sandbox, clone):
    number = sandbox.pulls.open()
    before = sandbox.pulls.by_number[number].head
    sandbox.pulls.refs_lag = True
    after = sandbox.pulls.push(number)
    assert sandbox.repositories.refs(SOURCE, f"refs/pull/{number}/")["head"] == before
    assert after not in clone.git("ls-remote", f"{sandbox.github_git_url}/{SOURCE}.git").stdout
    assert clone.fetch(f"{after}:refs/heads/new").returncode == 0
    sandbox.pulls.refs_catch_up()
    assert sandbox.repositories.refs(SOURCE, f"refs/pull/{number}/")["head"] == after


def test_a_pull_requests_ref_can_be_missing(sandbox, clone):
    number = sandbox.pulls.open()
    sandbox.pulls.lose_ref(number)
    answer = clone.fetch(f"refs/pull/{number}/head:refs/heads/new")
    assert answer.returncode == 128
    assert "couldn't find remote ref" in answer.stderr
    sandbox.pulls.refs_catch_up()
    assert clone.fetch(f"refs/pull/{number}/head:refs/heads/new").returncode == 0


def test_a_head_goes_back_to_what_it_was(sandbox, clone):
    number = sandbox.pulls.open()
    first = sandbox.pulls.by_number[number].head
    sandbox.pulls.push(number)
    sandbox.pulls.set_head(number, first)
    assert sandbox.pulls.by_number[number].head == first
    assert sandbox.repositories.refs(SOURCE, f"refs/pull/{number}/")["head"] == first


def test_a_push_is_refused_once_as_if_the_token_were_wrong(sandbox, clone):
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
    sandbox.fault(service="git", path="service=git-receive-pack", status=401, headers=headers)
    refused = clone.push_all(PULLS, f"{MASTER}/ci_1_a")
    assert refused.returncode == 128
    assert "could not read Username" in refused.stderr
    assert clone.push_all(PULLS, f"{MASTER}/ci_1_a").returncode == 0


def test_a_push_may_arrive_although_its_answer_is_lost(sandbox, clone):
    sandbox.fault(service="git", method="POST", path="receive-pack", acted=True, reset=True)
    assert clone.push_all(PULLS, f"{MASTER}/ci_1_a").returncode != 0
    assert "ci_1_a" in sandbox.heads(PULLS)


def test_a_renamed_repository_is_found_by_its_former_name(sandbox, clone):
    sandbox.rename(PULLS, "flink-ci/renamed")
    assert clone.push_all(PULLS, f"{MASTER}/ci_1_a").returncode == 0
    assert "ci_1_a" in sandbox.heads("flink-ci/renamed")


def test_a_commit_message_may_hold_half_a_pair(sandbox, clone):
    sha = sandbox.commit(message="half a pair \ud83d")
    assert clone.fetch("refs/heads/master:refs/heads/new").returncode == 0
    assert sandbox.heads()["master"] == sha
