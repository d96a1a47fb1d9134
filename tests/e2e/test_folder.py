"""The daemon on a folder, as a person on a laptop runs it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from bucket import Bucket
from documents.recall import word_recall
from servers.daemon import Daemon, command, drop, folder_environment, running

from watcher.app import utc_now
from watcher.domain.claim import Outcome
from watcher.storage.folder import FolderStore

SAMPLES = Path(__file__).parents[2] / "samples"
LEASE = 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def bucket(folder: Path) -> Bucket:
    return Bucket(FolderStore(folder, None, 0, utc_now))


@pytest.fixture
def environment(folder: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "scratch").mkdir()
    return {
        **folder_environment(folder),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_WATCH__SCRATCH": str(tmp_path / "scratch"),
        "WATCHER_CLAIMS__LEASE_SECONDS": str(LEASE),
        "WATCHER_OCR__ENGINE": "fake",
    }


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def finished(bucket: Bucket, documents: int) -> bool:
    return len(bucket.manifests()) == documents and not bucket.keys("incoming/")


def test_the_samples_are_read_and_their_words_are_found(
    require_program, folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    require_program("tesseract", "tesseract-ocr tesseract-ocr-rus")
    names = ("english-scan.jpg", "table-two-pages.pdf", "russian-page.png")
    for name in names:
        drop(folder, name, sample(name))
    with running(tmp_path / "log", **{**environment, "WATCHER_OCR__ENGINE": "auto"}) as daemon:
        daemon.wait_for(lambda: finished(bucket, 3))
        status, health = daemon.get("/health")
        assert (status, json.loads(health)["status"], json.loads(health)["s3_storage"]) == (200, "healthy", "not_configured")
        assert daemon.get("/ready")[0] == 200
        # A document is counted after its source is gone.
        daemon.wait_for(lambda: 'watcher_documents_total{outcome="done"} 3.0' in daemon.get("/metrics")[1])
        assert daemon.end(signal.SIGINT) == 0
    assert bucket.check_finished() == 3 * 6 + 2
    for name in names:
        (result,) = [found for found in bucket.manifests() if f"/{name}/" in found]
        truth = (SAMPLES / name).with_suffix(".txt").read_text(encoding="utf-8")
        assert word_recall(truth, bucket.markdown(result)) > 0.9, name
    assert bucket.check_closed() == 3
    assert list((tmp_path / "scratch").iterdir()) == []


def test_health_answers_while_the_engine_still_loads(environment: dict[str, str], tmp_path: Path) -> None:
    with running(tmp_path / "log", **environment, WATCHER_OCR__FAKE_PAGE_SECONDS="5") as daemon:  # it is tried out with a page
        first = json.loads(daemon.get("/health")[1])
        assert not daemon.events("engine_ready")
        assert first["paddleocr"] == "initializing"
        daemon.wait_for_event("engine_ready")
        assert json.loads(daemon.get("/health")[1])["paddleocr"] == "ready"


def killed_in_the_middle(log: Path, environment: dict[str, str], bucket: Bucket) -> None:
    """Starts a slow daemon and kills it once the first of two pages stands, five seconds before the second."""
    with running(log, **environment, WATCHER_OCR__FAKE_PAGE_SECONDS="5", WATCHER_OCR__BATCH_PAGES="1") as daemon:
        daemon.wait_for(lambda: any(key.endswith("pages/0001.json") for key in bucket.keys("processed/")))
        daemon.end(signal.SIGKILL)
    assert not bucket.manifests()


def test_a_document_whose_reader_was_killed_is_finished_once_and_nothing_is_left_over(
    folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    drop(folder, "table.pdf", sample("table-two-pages.pdf"))
    killed_in_the_middle(tmp_path / "first", environment, bucket)
    (first_page,) = [key for key in bucket.keys("processed/") if key.endswith("pages/0001.json")]
    before = bucket.text(first_page)
    again = command("run", "--drain", **environment)
    assert again.returncode == 0, again.stderr
    assert len(bucket.manifests()) == 1
    assert bucket.text(first_page) == before
    bucket.check_finished()
    assert [entry.outcome for entry in bucket.last_entries().values()] == [Outcome.DONE]
    assert bucket.keys("incoming/") == bucket.keys("failed/") == []
    assert list((tmp_path / "scratch").iterdir()) == []
    assert list((folder / ".tmp").iterdir()) == []


def test_other_content_under_the_same_name_is_read_beside_the_first_and_the_same_content_is_not_read_again(
    folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(tmp_path / "log", **environment) as daemon:
        for count, name in enumerate(("russian-page.png", "english-scan.jpg"), start=1):
            drop(folder, "page", sample(name))
            daemon.wait_for(lambda count=count: finished(bucket, count))
        newer = json.loads(bucket.text("processed/page/latest.json"))["version"]
        (manifest,) = [manifest for manifest in bucket.manifests().values() if manifest.version == newer]
        assert manifest.source.size == len(sample("english-scan.jpg"))
        assert f"{newer}/preview.html" in bucket.text("processed/page/index.html")

        pages = len(daemon.events("document_opened"))
        drop(folder, "page", sample("english-scan.jpg"))
        daemon.wait_for(lambda: any(event["outcome"] == "already_done" for event in daemon.events("document_ended")))
        assert bucket.keys("incoming/") == []
        assert len(daemon.events("document_opened")) == pages
        assert daemon.end() == 0
    assert bucket.check_closed() == 2


def test_a_document_is_handed_back_on_sigterm_and_another_goes_on_from_its_pages(
    folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    drop(folder, "table.pdf", sample("table-two-pages.pdf"))
    slow = {**environment, "WATCHER_OCR__BATCH_PAGES": "1", "WATCHER_CLAIMS__LEASE_SECONDS": "600", "WATCHER_WATCH__GRACE_SECONDS": "0"}
    with running(tmp_path / "first", **slow, WATCHER_OCR__FAKE_PAGE_SECONDS="3") as daemon:
        daemon.wait_for(lambda: any(key.endswith("pages/0001.json") for key in bucket.keys("processed/")))
        assert daemon.end(signal.SIGTERM) == 0
        assert [event["outcome"] for event in daemon.events("document_ended")] == ["given_back"]
    assert command("run", "--drain", **slow).returncode == 0
    (manifest,) = bucket.manifests().values()
    assert manifest.attempt == 1
    bucket.check_finished()


def test_a_second_signal_ends_at_once_and_nothing_is_lost(
    folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path
) -> None:
    drop(folder, "table.pdf", sample("table-two-pages.pdf"))
    with running(tmp_path / "log", **environment, WATCHER_OCR__FAKE_PAGE_SECONDS="5") as daemon:
        daemon.wait_for_event("document_opened")
        daemon.send(signal.SIGTERM)
        daemon.wait_for_event("stopping")
        assert daemon.end(signal.SIGTERM, seconds=10) == 128 + signal.SIGTERM
    assert bucket.keys("incoming/") == ["incoming/table.pdf"]
    assert command("run", "--drain", **environment).returncode == 0
    assert bucket.check_finished() > 0


def test_drain_tells_by_its_exit_code_that_some_failed(folder: Path, bucket: Bucket, environment: dict[str, str]) -> None:
    drop(folder, "good.png", sample("russian-page.png"))
    drop(folder, "empty.pdf", b"")
    drop(folder, "archive.pdf", b"PK\x03\x04" + bytes(100))
    run = command("run", "--drain", **environment)
    assert run.returncode == 3, run.stderr
    assert {key: error.code for key, error in bucket.errors().items()} == {
        "incoming/empty.pdf": "empty_file",
        "incoming/archive.pdf": "unsupported_type",
    }
    assert bucket.check_closed() == 3
    assert command("run", "--drain", **environment).returncode == 0


def test_drain_does_not_overlook_a_file_that_has_not_settled(folder: Path, bucket: Bucket, environment: dict[str, str]) -> None:
    drop(folder, "page.png", sample("russian-page.png"))
    run = command("run", "--drain", **{**environment, "WATCHER_STORAGE__SETTLE_SECONDS": "6"})
    assert run.returncode == 0, run.stderr
    assert finished(bucket, 1)


def test_a_file_that_cannot_be_a_document_is_named_in_the_log(folder: Path, environment: dict[str, str], tmp_path: Path) -> None:
    (folder / "incoming").mkdir(parents=True)
    (folder / "incoming" / "link.pdf").symlink_to(tmp_path / "elsewhere.pdf")
    run = command("run", "--drain", **environment)
    assert run.returncode == 0, run.stderr
    assert '"event": "file_passed_over"' in run.stderr
    assert "link.pdf" in run.stderr


def test_put_waits_and_tells_where_results_lie(folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in" / "Договоры").mkdir(parents=True)
    (tmp_path / "in" / "Договоры" / "страница №1.png").write_bytes(sample("russian-page.png"))
    (tmp_path / "in" / "broken.png").write_bytes(sample("russian-page.png")[:2000])
    with running(tmp_path / "log", **environment):
        put = command("put", "--wait", tmp_path / "in", **environment)
    assert put.returncode == 3, put.stderr
    (result,), (failure,) = bucket.manifests(), bucket.errors()
    lines = put.stderr.splitlines()
    told = lines.index("incoming/in/Договоры/страница №1.png: finished")
    assert lines[told + 1 : told + 3] == [f"    preview   {folder}/{result}preview.html", f"    Markdown  {folder}/{result}document.md"]
    assert Path(lines[told + 1].removeprefix("    preview   ")).is_file()
    told = next(number for number, line in enumerate(lines) if line.startswith(f"{failure}: corrupt_image: The image is damaged"))
    assert Path(lines[told + 1].removeprefix("    more in   ")).is_file()


def test_status_shows_each_state(folder: Path, environment: dict[str, str], tmp_path: Path) -> None:
    drop(folder, "table.pdf", sample("table-two-pages.pdf"))
    slow = {**environment, "WATCHER_OCR__FAKE_PAGE_SECONDS": "5", "COLUMNS": "160"}
    with running(tmp_path / "log", **slow, WATCHER_WATCH__REPLICA="reader-1", WATCHER_WATCH__DOCUMENTS="1") as daemon:
        daemon.wait_for_event("document_opened")
        drop(folder, "next.png", sample("russian-page.png"))
        shown = daemon.wait_for(lambda: (text := command("status", **slow).stdout) and "0 of 2" in text and text)
    assert "reader-1" in shown
    assert "incoming/table.pdf" in shown
    counts = {
        state: re.search(rf"^{state} +([0-9,]+)", shown, re.MULTILINE)[1]
        for state in ("pending", "in progress", "waiting", "failed", "finished")
    }
    assert counts == {"pending": "1", "in progress": "1", "waiting": "0", "failed": "0", "finished": "0"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"WATCHER_WATCH__POLL_SECONDS": "soon"}, ["watch.poll_seconds", "soon"]),
        (
            {"WATCHER_OCR__ENGINE": "tesseract", "WATCHER_OCR__TESSDATA": "/nowhere"},
            ["Tesseract has no language data for rus, eng", "/nowhere"],
        ),
        ({"WATCHER_HTTP__PORT": "99999"}, ["http.port", "99999"]),
    ],
)
def test_what_is_wrong_is_one_line_without_a_traceback(environment: dict[str, str], changes: dict[str, str], words: list[str]) -> None:
    run = command("run", **{**environment, **changes})
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert all(word in run.stderr for word in words), run.stderr


def test_a_port_that_is_taken_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    with running(tmp_path / "log", **environment) as daemon:
        other = command("run", **environment, WATCHER_HTTP__PORT=str(daemon.port))
    assert other.returncode == 1
    assert "WATCHER_HTTP__PORT" in other.stderr
    assert "Traceback" not in other.stderr


def test_results_are_copied_to_the_output_folder(folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path) -> None:
    drop(folder, "table.pdf", sample("table-two-pages.pdf"))
    run = command("run", "--drain", **environment, WATCHER_OUTPUT__FOLDER=str(tmp_path / "output"))
    assert run.returncode == 0, run.stderr
    (result,) = bucket.manifests()
    copies = {
        path.relative_to(tmp_path / "output").as_posix(): path.read_bytes() for path in (tmp_path / "output").rglob("*") if path.is_file()
    }
    assert copies == {key: bucket.store.get(key)[1] for key in bucket.keys(result)}


def test_two_replicas_read_each_document_once(folder: Path, bucket: Bucket, environment: dict[str, str], tmp_path: Path) -> None:
    slow = {**environment, "WATCHER_OCR__FAKE_PAGE_SECONDS": "0.5", "WATCHER_WATCH__DOCUMENTS": "2"}
    with running(tmp_path / "a", **slow, WATCHER_WATCH__REPLICA="a") as a, running(tmp_path / "b", **slow, WATCHER_WATCH__REPLICA="b") as b:
        for replica in (a, b):
            replica.wait_for_event("engine_ready")
        for number in range(12):
            drop(folder, f"{number}.png", sample("russian-page.png") + bytes([number]))
        a.wait_for(lambda: finished(bucket, 12))
        assert a.end() == b.end() == 0
    ended = [*done(a), *done(b)]
    assert len(ended) == len(set(ended)) == 12
    assert {manifest.replica for manifest in bucket.manifests().values()} == {"a", "b"}
    assert bucket.check_closed() == 12
    bucket.check_finished()


def done(daemon: Daemon) -> list[str]:
    return [event["document"] for event in daemon.events("document_ended") if event["outcome"] == "done"]
