"""Which folders of other processes are removed, and which stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from watcher.pipeline import scratch
from watcher.pipeline.scratch import make_scratch, own_folder, remove_abandoned

HOLD = "import sys; from watcher.pipeline.scratch import make_scratch; print(make_scratch(sys.argv[1]), flush=True); sys.stdin.read()"


@contextmanager
def another_process(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that uses a folder of its own below `root`."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_the_folder_of_a_process_that_lives_stays_whatever_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with another_process(tmp_path) as (process, theirs):
        (theirs / "document").write_text("being read")
        monkeypatch.setattr(os, "getpid", lambda: process.pid)  # as in two containers, where each daemon is process 1
        ours = make_scratch(str(tmp_path))
        assert {path.name for path in tmp_path.iterdir()} == {ours.name, theirs.name}
        assert (theirs / "document").exists()


def test_the_folder_of_a_process_that_was_killed_is_removed(tmp_path: Path) -> None:
    with another_process(tmp_path) as (process, theirs):
        (theirs / "document").mkdir()
        process.send_signal(signal.SIGKILL)
        process.wait()
        ours = make_scratch(str(tmp_path))
    assert list(tmp_path.iterdir()) == [ours]


@pytest.mark.parametrize("name", ["watcher-scratch-12abc-x", "watcher-scratch-1-of-somebody", "watcher-scratch-"])
def test_what_was_not_made_here_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "watcher-scratch-9-a-file").touch()
    make_scratch(str(tmp_path))
    assert (tmp_path / name).is_dir()
    assert (tmp_path / "watcher-scratch-9-a-file").exists()


def test_a_folder_that_was_taken_for_abandoned_while_it_was_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = scratch.tempfile.mkdtemp, []

    def mkdtemp(prefix: str, dir: Path) -> str:
        made.append(real(prefix=prefix, dir=dir))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(scratch.tempfile, "mkdtemp", mkdtemp)
    assert make_scratch(str(tmp_path)) == Path(made[1])
    assert list(tmp_path.iterdir()) == [Path(made[1])]


def test_a_folder_is_in_use_within_its_block_and_gone_after_it(tmp_path: Path) -> None:
    with own_folder(tmp_path, "partial-") as folder:
        remove_abandoned(tmp_path, "partial-")
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_child_that_outlived_its_parent_still_wrote_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with another_process(tmp_path) as (process, folder):
        process.kill()
        process.wait()
    (folder / "document-1").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(scratch.shutil, "rmtree", lambda path, ignore_errors: None)  # as where files appear while it removes
        remove_abandoned(tmp_path, "watcher-scratch-")
    assert (folder / "document-1").exists()
    remove_abandoned(tmp_path, "watcher-scratch-")
    assert not folder.exists()
