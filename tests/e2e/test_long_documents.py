"""Documents of many pages: their number costs no memory, and a damaged page costs no other."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from bucket import Bucket
from documents.pdf import PdfPage, pdf
from servers.daemon import command, folder_environment, running

from watcher.app import utc_now
from watcher.domain.page import PageStatus
from watcher.storage.folder import FolderStore

FEW, MANY = 20, int(os.environ.get("LONG_PAGES", "300"))
"""`LONG_PAGES=2000` reads as many as the longest documents that people have."""
MIB = 2**20
A4 = PdfPage(content=b"0 g 60 700 400 20 re f 60 650 300 12 re f", width=595, height=842)


def environment(folder: Path, scratch: Path) -> dict[str, str]:
    return {
        **folder_environment(folder),
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_WATCH__SCRATCH": str(scratch),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_RENDER__DPI": "50",
    }


def drop(folder: Path, name: str, body: bytes) -> None:
    (folder / "incoming").mkdir(parents=True, exist_ok=True)
    (folder / "incoming" / name).write_bytes(body)


def most_held(process: psutil.Process) -> int:
    """The most resident memory that a process had so far, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def peaks_of_reading(pages: int, tmp_path: Path) -> list[int]:
    """The daemon's peak, then those of its children, largest first, after a document of so many pages."""
    place = tmp_path / str(pages)
    place.mkdir()
    bucket = Bucket(FolderStore(place / "data", None, 0, utc_now))
    drop(place / "data", "long.pdf", pdf([A4] * pages))
    with running(place / "log", **environment(place / "data", place / "scratch")) as daemon:
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"), seconds=60 + pages)
        (manifest,) = bucket.manifests().values()
        assert len(manifest.pages) == pages
        process = psutil.Process(daemon.process.pid)
        peaks = [most_held(process), *sorted(map(most_held, process.children(recursive=True)), reverse=True)]
        assert len(peaks) > 2, "the parser and the engine run in children"
        daemon.end()
    return peaks


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: peaks of memory are told by Linux only")
@pytest.mark.timeout(300 + 3 * MANY)
def test_memory_does_not_grow_with_the_number_of_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, many = peaks_of_reading(FEW, tmp_path), peaks_of_reading(MANY, tmp_path)
    with capsys.disabled():
        told = [f"{pages} pages: " + " + ".join(f"{peak / MIB:.0f}" for peak in peaks) for pages, peaks in ((FEW, few), (MANY, many))]
        print(f"\npeaks of daemon and children in MiB, {'; '.join(told)}; ratio {sum(many) / sum(few):.2f}")
    assert many[0] < 1.25 * few[0] + 32 * MIB
    assert sum(many) < 1.25 * sum(few) + 64 * MIB


def read(tmp_path: Path, pages: int, broken: Sequence[int]) -> tuple[int, Bucket]:
    folder = tmp_path / "data"
    drop(folder, "mixed.pdf", pdf([A4] * pages, broken_pages=broken))
    run = command("run", "--drain", **environment(folder, tmp_path / "scratch"))
    return run.returncode, Bucket(FolderStore(folder, None, 0, utc_now))


def test_one_damaged_page_in_twenty_is_marked_and_the_others_are_read(tmp_path: Path) -> None:
    status, bucket = read(tmp_path, 20, [7])
    assert status == 0
    ((folder, manifest),) = bucket.manifests().items()
    assert [entry.page for entry in manifest.pages if entry.status is PageStatus.FAILED] == [7]
    assert Counter(entry.status for entry in manifest.pages)[PageStatus.FAILED] == 1
    assert "> **Page 7 could not be read.** the page is damaged and cannot be loaded" in bucket.markdown(folder)
    bucket.check_finished()


def test_of_a_document_with_too_many_damaged_pages_the_others_are_kept(tmp_path: Path) -> None:
    status, bucket = read(tmp_path, 10, [1, 5])
    assert status == 3
    (report,) = bucket.error_reports()
    assert (report.code, report.page, report.pages_kept) == ("page_unreadable", 1, 8)
    assert report.message.startswith("2 of 10 pages cannot be read, the first is page 1.")
    assert report.pages_folder is not None
    kept = [key for key in bucket.keys(report.pages_folder) if key.endswith(".json")]
    assert [key.rsplit("/", 1)[1] for key in kept] == [f"{page:04d}.json" for page in (2, 3, 4, 6, 7, 8, 9, 10)]
