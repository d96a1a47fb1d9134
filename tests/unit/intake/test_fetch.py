"""The document on scratch disk is the version that was claimed, or there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from watcher.domain.clock import Clock
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.fetch import SourceChangedError, fetch
from watcher.storage.folder import FolderStore
from watcher.storage.memory import MemoryStore
from watcher.storage.port import NotFoundError, UnavailableError

NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)
KEY = "incoming/отчёт.pdf"
BODY = b"0123456789" * 300_000  # more than one chunk


def ticking() -> Clock:
    """Each look at it is a second later."""
    seconds = iter(range(1000))
    return Clock(monotonic=lambda: float(next(seconds)), now=lambda: datetime(2024, 1, 1, tzinfo=timezone.utc))


def test_the_claimed_version_arrives_with_its_digest_and_time(tmp_path: Path) -> None:
    store = MemoryStore()
    etag = store.put(KEY, BODY, "application/pdf")
    fetched = fetch(store, KEY, etag, tmp_path / "fetched", len(BODY), ticking())
    assert fetched.path.read_bytes() == BODY
    assert (fetched.sha256, fetched.seconds) == (hashlib.sha256(BODY).hexdigest(), 1.0)


def test_a_replaced_source_is_told_apart_and_leaves_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    etag = store.put(KEY, BODY, "application/pdf")
    store.put(KEY, b"newer", "application/pdf")
    with pytest.raises(SourceChangedError):
        fetch(store, KEY, etag, tmp_path / "fetched", len(BODY), ticking())
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_gone_passes_through_as_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        fetch(MemoryStore(), KEY, "any", tmp_path / "fetched", 100, ticking())


def test_too_many_bytes_are_the_documents_fault(tmp_path: Path) -> None:
    store = MemoryStore()
    etag = store.put(KEY, BODY, "application/pdf")
    with pytest.raises(DocumentError) as caught:
        fetch(store, KEY, etag, tmp_path / "fetched", len(BODY) - 1, ticking())
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE
    assert caught.value.details == {"found": len(BODY), "limit": len(BODY) - 1, "setting": "limits.file_bytes"}
    assert list(tmp_path.iterdir()) == []


def test_too_many_bytes_of_a_newer_version_are_not_the_claimed_ones_fault(tmp_path: Path) -> None:
    store = MemoryStore()
    etag = store.put(KEY, b"small", "application/pdf")
    store.put(KEY, BODY, "application/pdf")
    with pytest.raises(SourceChangedError):
        fetch(store, KEY, etag, tmp_path / "fetched", 100, ticking())


def test_a_version_that_was_replaced_and_put_back_while_it_was_fetched_is_not_too_large(tmp_path: Path) -> None:
    class Replaced(MemoryStore):
        def download(self, key: str, target: Path, max_bytes: int) -> object:  # type: ignore[override]
            self.put(KEY, BODY, "application/pdf")
            try:
                return super().download(key, target, max_bytes)
            finally:
                self.put(KEY, b"small", "application/pdf")

    store = Replaced()
    etag = store.put(KEY, b"small", "application/pdf")
    with pytest.raises(SourceChangedError):
        fetch(store, KEY, etag, tmp_path / "fetched", len(b"small"), ticking())


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Breaking(MemoryStore):
        def download(self, key: str, target: Path, max_bytes: int) -> object:  # type: ignore[override]
            target.write_bytes(b"half")
            raise UnavailableError("connection reset")

    with pytest.raises(UnavailableError):
        fetch(Breaking(), KEY, "any", tmp_path / "fetched", 100, ticking())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["truncated", "grown", "rewritten"])
def test_a_file_that_somebody_writes_to_while_it_is_fetched_is_another_version(tmp_path: Path, change: str) -> None:
    path = tmp_path / "data" / KEY

    class Disturbed(FolderStore):
        def _chunks(self, descriptor: int) -> Iterator[bytes]:
            for number, chunk in enumerate(super()._chunks(descriptor)):
                yield chunk
                if number == 0:
                    path.write_bytes({"truncated": BODY[:10], "grown": BODY + b"more", "rewritten": BODY[::-1]}[change])

    store = FolderStore(tmp_path / "data", None, 0, lambda: NOW)
    etag = store.put(KEY, BODY, "application/pdf")
    disturbed = Disturbed(tmp_path / "data", None, 0, lambda: NOW)
    with pytest.raises(SourceChangedError):
        fetch(disturbed, KEY, etag, tmp_path / "fetched", len(BODY), ticking())
    assert not (tmp_path / "fetched").exists()
