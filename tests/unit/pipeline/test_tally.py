"""How finished documents are counted."""

from __future__ import annotations

import tracemalloc
from collections import deque
from collections.abc import Iterator
from datetime import timedelta

import pytest
from doubles.clocks import START

from watcher.domain.document import Layout
from watcher.domain.fleet import Ends
from watcher.pipeline.tally import OBJECTS_A_STEP, count_finished
from watcher.storage.memory import MemoryStore
from watcher.storage.port import ObjectInfo

LAYOUT = Layout()


class Clocked:
    def __init__(self) -> None:
        self.now = START
        self.store = MemoryStore(clock=lambda: self.now)

    def finish(self, folder: str, hours_ago: float = 0.0) -> None:
        self.now = START - timedelta(hours=hours_ago)
        for name in ("document.md", "manifest.json", "pages/0001.json"):
            self.store.put(f"processed/{folder}/{name}", b"{}", "")

    def count(self) -> Ends:
        (*_, ends) = count_finished(self.store, LAYOUT, START)
        return ends


@pytest.fixture
def clocked() -> Clocked:
    return Clocked()


def test_a_document_that_was_read_several_times_is_one_and_each_reading_an_end(clocked: Clocked) -> None:
    for folder in ("a.pdf/0123456789ab", "a.pdf/0123456789ab-2", "a.pdf/0123456789ab-10", "a.pdf/fedcba987654", "b.pdf/0123456789ab"):
        clocked.finish(folder)
    assert clocked.count() == Ends(documents=3, last_hour=5, last_day=5)


def test_the_last_hour_and_the_last_day_are_told_from_the_listing(clocked: Clocked) -> None:
    for hours in (0.5, 2, 20, 30):
        clocked.finish(f"{hours}.pdf/0123456789ab", hours)
    assert clocked.count() == Ends(documents=4, last_hour=1, last_day=3)


@pytest.mark.parametrize("key", ["processed/a.pdf/0123456789ab/document.md", "processed/manifest.json", "processed/a/b/manifest.json"])
def test_what_is_no_manifest_of_a_result_does_not_count(clocked: Clocked, key: str) -> None:
    clocked.store.put(key, b"{}", "")
    assert clocked.count().documents == 0


class Endless:
    """Lists very many finished documents without holding them."""

    def __init__(self, documents: int) -> None:
        self.documents = documents

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        for number in range(self.documents):
            for name in ("document.json", "document.md", "manifest.json", "pages/0001.jpg", "pages/0001.json", "preview.html"):
                yield ObjectInfo(f"{prefix}{number:08d}.pdf/0123456789ab/{name}", 1, "", START)


def test_of_very_many_finished_documents_nothing_is_kept() -> None:
    tracemalloc.start()
    try:
        counts = count_finished(Endless(20_000), LAYOUT, START)  # type: ignore[arg-type]
        numbered = deque(enumerate(counts, 1), maxlen=1)
        assert numbered == deque([(120_000 // OBJECTS_A_STEP + 1, Ends(documents=20_000, last_hour=20_000, last_day=20_000))])
        assert tracemalloc.get_traced_memory()[1] < 1 << 18
    finally:
        tracemalloc.stop()
