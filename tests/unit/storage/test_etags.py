from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from watcher.storage.etags import EtagCache


def a_minute_later() -> datetime:
    return datetime.now(timezone.utc) + timedelta(minutes=1)


def ask(cache: EtagCache, path: Path) -> str:
    with path.open("rb") as file:
        return cache.of(path, file.fileno())[0]


def test_the_oldest_entries_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = EtagCache(a_minute_later, max_entries=2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
        ask(cache, path)
    assert [cache.known(path, path.stat()) is not None for path in paths] == [False, True, True]


def test_a_file_that_was_just_changed_is_not_remembered(tmp_path: Path) -> None:
    cache = EtagCache(lambda: datetime.now(timezone.utc))
    path = tmp_path / "a"
    path.write_bytes(b"x")
    ask(cache, path)
    assert cache.known(path, path.stat()) is None


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(tmp_path: Path, monkeypatch) -> None:
    cache = EtagCache(a_minute_later)
    path = tmp_path / "a"
    path.write_bytes(b"x")
    real = os.read

    def read_while_it_grows(descriptor: int, size: int) -> bytes:
        chunk = real(descriptor, size)
        if not chunk:
            path.write_bytes(b"xyz")
        return chunk

    monkeypatch.setattr(os, "read", read_while_it_grows)
    ask(cache, path)
    assert cache.known(path, path.stat()) is None
