"""Where a folder store writes its files before they are put in place whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from watcher.storage.filesystem import body_chunks, worded, write_all
from watcher.storage.walk import SCRATCH

STALE = timedelta(days=1)


class Scratch:
    """The hidden folder at the root, on the same filesystem as everything below it, so that its files can be linked and renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / SCRATCH

    @contextmanager
    def staged(self, body: bytes | Path) -> Iterator[tuple[Path, str]]:
        """A file with that content, safe on disk, and its ETag; the name is removed afterwards."""
        path = self._folder / uuid4().hex
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with worded(self._root):
                self._folder.mkdir(exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                for chunk in body_chunks(body):
                    digest.update(chunk)
                    with worded(self._root):
                        write_all(descriptor, chunk)
                with worded(self._root):
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            yield path, digest.hexdigest()
        finally:
            path.unlink(missing_ok=True)

    def remove_stale(self, now: datetime) -> None:
        """Removes what crashed processes left behind."""
        if not self._folder.is_dir():
            return
        for leftover in self._folder.iterdir():
            try:
                if leftover.lstat().st_mtime < (now - STALE).timestamp():
                    leftover.unlink()
            except (FileNotFoundError, PermissionError, IsADirectoryError):
                continue  # another process was faster, or owns it
