"""Listings of a folder for those that only count what stands there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from watcher.app import utc_now
from watcher.storage.folder import FolderStore


def test_files_below_an_unhashed_prefix_are_listed_without_being_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path, None, 0, utc_now, unhashed=("processed/",))
    for key in ("incoming/a.pdf", "processed/a.pdf/0123456789ab/manifest.json"):
        store.put(key, b"body", "text/plain")
    opened: list[str] = []
    real = os.open

    def count(path: Path, *args: int, **kwargs: int) -> int:
        opened.append(Path(path).name)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", count)
    listed = [(info.key, info.size, bool(info.etag)) for info in store.list("")]
    assert listed == [("incoming/a.pdf", 4, True), ("processed/a.pdf/0123456789ab/manifest.json", 4, False)]
    assert opened == ["a.pdf"]
