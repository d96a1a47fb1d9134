"""Documents that a person has read again, or takes back: the commands and the daemon together, on a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucket import Bucket
from servers.daemon import command, folder_environment, running

from watcher.app import utc_now
from watcher.domain.claim import Outcome
from watcher.storage.folder import FolderStore

SAMPLES = Path(__file__).parents[2] / "samples"
NAME = "Договоры/страница №1.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "incoming" / "Договоры").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def bucket(folder: Path) -> Bucket:
    return Bucket(FolderStore(folder, None, 0, utc_now))


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    return {
        **folder_environment(folder),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_CLAIMS__LEASE_SECONDS": "3",
        "WATCHER_OCR__ENGINE": "fake",
    }


def drop(folder: Path, name: str, sample: str = "russian-page.png") -> None:
    (folder / "incoming" / name).write_bytes((SAMPLES / sample).read_bytes())


def test_what_failed_is_tried_again_once_its_cause_is_mended(folder: Path, bucket: Bucket, environment: dict[str, str]) -> None:
    drop(folder, NAME)
    (folder / "incoming" / "empty.pdf").touch()
    assert command("run", "--drain", **environment, WATCHER_LIMITS__FILE_BYTES="10").returncode == 3
    assert {error.code for error in bucket.error_reports()} == {"file_too_large", "empty_file"}

    assert command("retry", **environment).returncode == 2
    assert command("retry", "--all", NAME, **environment).returncode == 2
    nobody = command("retry", "nobody.pdf", **environment)
    assert (nobody.returncode, "nobody.pdf: no document of that name lies in failed/" in nobody.stdout) == (1, True)

    told = command("retry", "--code", "file_too_large", **environment)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [f"incoming/{NAME}: restored, it will be read again", "restored: 1, not restored: 0"]
    assert bucket.keys("incoming/") == [f"incoming/{NAME}"]
    assert command("run", "--drain", **environment).returncode == 0
    assert [manifest.attempt for manifest in bucket.manifests().values()] == [1]
    assert {error.code for error in bucket.error_reports()} == {"empty_file"}

    drop(folder, "empty.pdf")
    left = command("retry", "--all", **environment)
    assert (left.returncode, left.stdout.splitlines()[-1]) == (3, "restored: 0, not restored: 1")


def test_what_was_finished_is_read_anew_beside_its_former_results(folder: Path, bucket: Bucket, environment: dict[str, str]) -> None:
    drop(folder, NAME)
    assert command("run", "--drain", **environment).returncode == 0
    (first,) = bucket.manifests()
    before = {key: bucket.store.head(key).etag for key in bucket.keys(first)}

    told = command("redo", NAME, "nobody.pdf", **environment)
    assert told.returncode == 1
    again, unknown = told.stdout.splitlines()
    assert again == f"{NAME}: will be read anew, into {first.removesuffix('/')}-2/"
    assert unknown.startswith("nobody.pdf: no finished result stands under processed/nobody.pdf/")

    assert command("run", "--drain", **environment).returncode == 0
    assert {key: bucket.store.head(key).etag for key in bucket.keys(first)} == before
    assert sorted(manifest.generation for manifest in bucket.manifests().values()) == [1, 2]
    assert f"{first.rpartition('/')[0].rpartition('/')[2]}-2/preview.html" in bucket.text(f"processed/{NAME}/index.html")
    bucket.check_finished()
    assert bucket.check_closed() == 1
    assert bucket.keys("incoming/") == bucket.keys("failed/") == []


def test_a_document_that_is_taken_back_while_it_waits_is_let_go(folder: Path, bucket: Bucket, environment: dict[str, str]) -> None:
    drop(folder, NAME)
    broken = {**environment, "WATCHER_OCR__PAGE_SECONDS": "0.1", "WATCHER_OCR__FAKE_PAGE_SECONDS": "0"}
    (folder / "incoming" / "broken.png").write_bytes((SAMPLES / "russian-page.png").read_bytes()[:2000])
    assert command("run", "--drain", **broken).returncode == 3
    assert command("retry", "broken.png", **environment).returncode == 0
    (folder / "incoming" / "broken.png").unlink()
    assert command("run", "--drain", **environment).returncode == 0
    assert bucket.check_closed() == 2


def test_a_document_that_is_taken_back_while_it_is_read_is_let_go_soon(
    folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    drop(folder, "table.pdf", "table-two-pages.pdf")
    slow = {**environment, "WATCHER_OCR__BATCH_PAGES": "1", "WATCHER_OCR__FAKE_PAGE_SECONDS": "10"}
    with running(tmp_path / "log", **slow) as daemon:
        daemon.wait_for(lambda: any(key.endswith("pages/0001.json") for key in bucket.keys("processed/")))
        (folder / "incoming" / "table.pdf").unlink()
        ended = daemon.wait_for_event("document_ended")
        assert ended["outcome"] == "gone"
        assert daemon.end() == 0
    assert [entry.outcome for entry in bucket.last_entries().values()] == [Outcome.GONE]
    assert bucket.manifests() == {}
    assert not any(key.endswith("pages/0002.json") for key in bucket.keys("processed/"))
    assert bucket.keys("failed/") == []
