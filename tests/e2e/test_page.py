"""The page at / of a daemon that reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.daemon import folder_environment, running

SAMPLE = Path(__file__).parents[2] / "samples" / "table-two-pages.pdf"
NAME = "Иванов, увольнение.pdf"


@pytest.mark.parametrize("names", ["hide", "show"])
def test_it_shows_documents_in_progress_and_their_names_only_where_told(tmp_path: Path, names: str) -> None:
    inbox = tmp_path / "bucket" / "incoming"
    inbox.mkdir(parents=True)
    (inbox / NAME).write_bytes(SAMPLE.read_bytes())
    changes = {
        **folder_environment(tmp_path / "bucket"),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__FAKE_PAGE_SECONDS": "2",
        "WATCHER_OCR__BATCH_PAGES": "1",
        "WATCHER_STORAGE__SETTLE_SECONDS": "0",
        "WATCHER_HTTP__DOCUMENT_NAMES": names,
    }
    with running(tmp_path / "log", **changes) as daemon:
        daemon.wait_for(lambda: "pages read: 1 of 2" in daemon.get("/")[1])
        status, page = daemon.get("/?lang=ru")
        assert status == 200
        assert "Идёт чтение документов" in page
        for part in ("Иванов", "увольнение", "pdf", "incoming"):
            assert (part in page) is (names == "show")
        assert ("Документ 1" in page) is (names == "hide")
        daemon.wait_for(lambda: "Nothing is being read." in daemon.get("/")[1])
        assert daemon.end() == 0
