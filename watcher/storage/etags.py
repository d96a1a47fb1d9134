"""ETags of local files: the MD5 of their content, remembered while the file stays the same."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

CHUNK_BYTES = 1 << 20
# A file changed twice within one tick of its filesystem's clock may look unchanged (FAT: 2 s); git calls such a file racily clean.
RACY_SECONDS = 2.5

Signature = tuple[int, int, int, int]


def signature(stat: os.stat_result) -> Signature:
    """What changes when a file is replaced or written to: inode, size, and both times in ns (`cp -p` forges only the first of them)."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


class EtagCache:
    """Hashes each state of a file once per process; the oldest entries go when there are more than `max_entries`."""

    def __init__(self, wall_clock: Callable[[], datetime], max_entries: int = 100_000) -> None:
        self._wall_clock = wall_clock
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[Signature, str]] = {}

    def known(self, path: Path, stat: os.stat_result) -> str | None:
        with self._lock:
            entry = self._known.get(path)
        return entry[1] if entry is not None and entry[0] == signature(stat) else None

    def of(self, path: Path, descriptor: int) -> tuple[str, os.stat_result]:
        """The ETag of an open file and its state; the state is that before reading, so it matches only if nothing changed since."""
        before = os.fstat(descriptor)
        etag = self.known(path, before)
        if etag is None:
            started = self._wall_clock().timestamp()
            etag = _md5(descriptor)
            unchanged = signature(os.fstat(descriptor)) == signature(before)
            if unchanged and started - before.st_ctime > RACY_SECONDS:
                self._remember(path, signature(before), etag)
        return etag, before

    def _remember(self, path: Path, state: Signature, etag: str) -> None:
        with self._lock:
            self._known[path] = (state, etag)
            while len(self._known) > self._max_entries:
                del self._known[next(iter(self._known))]


def _md5(descriptor: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := os.read(descriptor, CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
