"""The mirror job and its cache: what is damaged is made anew, and what was left behind is cleared."""

import os
import stat
from pathlib import Path

import pytest

from flinkci_dashboard.clients.git import cache as git
from flinkci_dashboard.clients.git.folder import remove_cache
from flinkci_dashboard.clients.git.process import Command
from flinkci_dashboard.sandbox import MIRROR
from tests.mirrors import SELECTED, cache, row, states, sync

pytestmark = pytest.mark.django_db


def test_a_source_head_that_vanishes_between_look_and_fetch_costs_no_check_of_the_cache(mirrored, monkeypatch):
    mirrored.commit("master")
    fetch = git.Cache.fetch

    def too_late(self, url, wanted, shown):
        fetch(self, url, {"master": "1" * 40}, shown)

    monkeypatch.setattr(git.Cache, "fetch", too_late)
    commands = []

    def listed(arguments, **options):
        commands.extend(arguments)
        return Command(arguments, **options)

    monkeypatch.setattr(git, "Command", listed)
    assert sync().outcome == "failed"
    assert "not our ref" in row().detail
    assert "fetch" in commands and "fsck" not in commands
    monkeypatch.setattr(git.Cache, "fetch", fetch)
    assert sync().counts == {"branches_pushed": 1}


def test_a_missing_cache_is_made_anew(mirrored):
    remove_cache(cache())
    mirrored.commit("master")
    assert sync().counts == {"branches_pushed": 1}
    assert cache().is_dir()


def _packs(folder: Path) -> list[Path]:
    found = sorted(folder.glob("objects/pack/pack-*.pack"))
    assert found
    for path in found:
        path.chmod(0o644)
    return found


def _bad_head(folder: Path) -> None:
    (folder / "HEAD").write_text("nonsense")


def _bad_config(folder: Path) -> None:
    (folder / "config").write_text("[core\n")


def _no_packs(folder: Path) -> None:
    for path in _packs(folder):
        path.unlink()


def _cut_pack(folder: Path) -> None:
    for path in _packs(folder):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scrambled_pack(folder: Path) -> None:
    for path in _packs(folder):
        body = bytearray(path.read_bytes())
        body[20:-20] = bytes(len(body) - 40)
        path.write_bytes(bytes(body))


def _bad_ref(folder: Path) -> None:
    (folder / "refs" / "source" / "master").write_text("1" * 40 + "\n")


def _no_folder_but_a_file(folder: Path) -> None:
    remove_cache(folder)
    folder.write_text("what?")


@pytest.mark.parametrize(
    "harm",
    [_bad_head, _bad_config, _no_packs, _cut_pack, _scrambled_pack, _bad_ref, _no_folder_but_a_file],
)
def test_a_damaged_cache_heals_within_the_pass(mirrored, harm):
    harm(cache())
    head = mirrored.commit("master")
    mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    run = sync()
    assert run.error.startswith(f"{MIRROR}: release-2.1: ") and run.error.count("\n") == 0  # nothing else is amiss
    assert mirrored.heads(MIRROR)["master"] == head
    assert states() == dict.fromkeys(SELECTED, "in_sync") | {"release-2.1": "diverged"}
    mirrored.commit("master")
    assert sync().counts == {"branches_pushed": 1}


def test_stale_locks_and_half_packs_are_cleared(mirrored):
    stale = [
        cache() / name
        for name in ("HEAD.lock", "packed-refs.lock", "refs/source/master.lock", "objects/pack/tmp_pack_x")
    ]
    for path in stale:
        path.touch()
    mirrored.commit("master")
    run = sync()
    assert (run.outcome, run.counts) == ("ok", {"leftovers_cleared": 4, "branches_pushed": 1})
    assert not [path for path in stale if path.exists()]


def test_a_full_disk_ends_in_a_clear_state_and_heals_when_there_is_space(mirrored, monkeypatch, tmp_path):
    shim = tmp_path / "bin" / "git"  # stands before the real git and answers as it does on a full disk
    shim.parent.mkdir()
    path = os.environ["PATH"]
    shim.write_text(
        '#!/bin/sh\nfull="fatal: write error: No space left on device"\n'
        'half="${1#--git-dir=}/objects/pack/tmp_pack_half"\n'
        'case " $* " in *" fetch "*) echo half >"$half"; echo "$full" >&2; exit 128; esac\n'
        f'PATH="{path}" exec git "$@"\n'
    )
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{shim.parent}:{path}")
    head = mirrored.commit("master")
    assert sync().outcome == "failed"
    assert row().state == "behind"
    assert "No space left" in row().detail
    assert "MB free" in row().detail
    assert list(cache().glob("objects/pack/tmp_*")) == []
    monkeypatch.setenv("PATH", path)
    assert sync().outcome == "ok"
    assert mirrored.heads(MIRROR)["master"] == head
    assert row().detail == ""


def test_many_small_fetches_do_not_pile_up_packs(mirrored, monkeypatch):
    monkeypatch.setattr(git, "MAX_PACKS", 3)
    for _ in range(6):
        mirrored.commit("master")
        assert sync().outcome == "ok"
    assert len(_packs(cache())) <= 4
