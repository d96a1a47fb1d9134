"""A scratch disk that is full: documents wait, nothing is corrupted, and they are read once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from bucket import Bucket
from servers.daemon import folder_environment, running

from watcher.storage.folder import FolderStore

SAMPLES = Path(__file__).parents[2] / "samples"
MEBIBYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 24 MiB in memory, enough for one page of the samples at a time."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={24 * MEBIBYTE}", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "bucket" / "incoming").mkdir(parents=True)
    return tmp_path / "bucket"


def bucket_of(root: Path) -> Bucket:
    return Bucket(FolderStore(root, None, 0, lambda: datetime.now(timezone.utc)))


def fill(disk: Path, leave: int) -> Path:
    """A file that takes all room but `leave` bytes."""
    blocks = os.statvfs(disk)
    hog = disk / "hog"
    hog.write_bytes(b"\0" * max(0, blocks.f_bavail * blocks.f_frsize - leave))
    return hog


def environment(root: Path, disk: Path) -> dict[str, str]:
    return {
        **folder_environment(root),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_WATCH__SCRATCH": str(disk),
        "WATCHER_CLAIMS__BACKOFF_SECONDS": "1",
        "WATCHER_CLAIMS__BACKOFF_MAX_SECONDS": "1",
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
    }


@pytest.mark.parametrize("leave", [64 * 1024, MEBIBYTE], ids=["the document does not fit", "its pages do not fit"])
def test_a_document_waits_until_there_is_room_and_is_then_read_whole(root: Path, small_disk: Path, tmp_path: Path, leave: int) -> None:
    (root / "incoming" / "table.pdf").write_bytes((SAMPLES / "table-two-pages.pdf").read_bytes())
    hog = fill(small_disk, leave)
    with running(tmp_path / "log", **environment(root, small_disk)) as daemon:
        daemon.wait_for(lambda: [event for event in daemon.events("document_waits") if event["reason"] == "local_disk_failed"])
        assert daemon.get("/health")[0] == 200
        told = daemon.wait_for_event("local_disk_failed")
        assert told["setting"] == "watch.scratch"
        hog.unlink()
        daemon.wait_for(lambda: not list((root / "incoming").iterdir()))
        assert daemon.end() == 0
    bucket = bucket_of(root)
    assert bucket.errors() == {}
    bucket.check_finished()
    bucket.check_closed()
    (manifest,) = bucket.manifests().values()
    assert (manifest.attempt, list(small_disk.iterdir())) == (1, [])


def test_a_document_that_never_fits_ends_and_others_are_read(root: Path, small_disk: Path, tmp_path: Path) -> None:
    (root / "incoming" / "huge.pdf").write_bytes(b"%PDF-1.4" + b"\0" * 30 * MEBIBYTE)
    (root / "incoming" / "table.pdf").write_bytes((SAMPLES / "table-two-pages.pdf").read_bytes())
    with running(tmp_path / "log", "--drain", **environment(root, small_disk)) as daemon:
        assert daemon.process.wait(60) == 3
    bucket = bucket_of(root)
    report = bucket.errors()["incoming/huge.pdf"]
    assert (report.code, "watch.scratch" in report.message) == ("file_too_large", True)
    assert len(bucket.manifests()) == 1
    bucket.check_closed()


def test_what_a_killed_daemon_left_makes_room_again_at_the_next_start(root: Path, small_disk: Path, tmp_path: Path) -> None:
    slow = {**environment(root, small_disk), "WATCHER_OCR__FAKE_PAGE_SECONDS": "3"}
    (root / "incoming" / "table.pdf").write_bytes((SAMPLES / "table-two-pages.pdf").read_bytes())
    with running(tmp_path / "log", **slow) as daemon:
        daemon.wait_for(lambda: list(small_disk.rglob("drawn/*")))
        daemon.process.kill()
        daemon.process.wait()
    (left,) = small_disk.iterdir()
    fill(small_disk, 0)
    with running(tmp_path / "log2", **{**slow, "WATCHER_WATCH__POLL_SECONDS": "60"}) as daemon:
        daemon.wait_for_event("daemon_started")
        assert not left.exists()
