"""Folders on the local disk that belong to one process, and what dead processes left of theirs.

Whose folder is in use is told by a lock that ends with its process, however that ends: process numbers do not tell replicas of
several containers apart, where each is number 1.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".in-use"
_SCRATCH = "watcher-scratch-"


def make_scratch(parent: str) -> Path:
    """A folder of this process's own below `parent` (empty: the system's temporary folder); what dead processes left there is removed."""
    root = Path(parent or tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    remove_abandoned(root, _SCRATCH)
    folder, _held_until_the_process_ends = _make_locked(root, _SCRATCH)
    return folder


@contextmanager
def own_folder(root: Path, prefix: str) -> Iterator[Path]:
    """A folder whose name begins with `prefix`, that is in use within the block and removed after it."""
    folder, lock = _make_locked(root, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_abandoned(root: Path, prefix: str) -> None:
    """Removes folders that were made here under such names and that no process uses any more. Others' folders, which have no lock, stay."""
    for left in root.glob(f"{prefix}*"):
        lock = _try_lock(left / _LOCK, os.O_RDWR)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _make_locked(root: Path, prefix: str) -> tuple[Path, int]:
    """The folder and the descriptor that holds its lock. Between the two, another process may take it for abandoned: then it makes another."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
        lock = _try_lock(folder / _LOCK, os.O_RDWR | os.O_CREAT)
        if lock is not None:
            if os.fstat(lock).st_nlink:
                return folder, lock
            os.close(lock)


def _try_lock(path: Path, flags: int) -> int | None:
    """A descriptor, or None where another process holds the lock or the file cannot be opened."""
    try:
        lock = os.open(path, flags, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
