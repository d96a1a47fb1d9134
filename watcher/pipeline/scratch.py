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


def _empty(folder: Path) -> None:
    """The lock goes last: a child that outlived its parent for a moment may still write here, and without it nobody would ever clear that up."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != _LOCK:
            entry.unlink(missing_ok=True)
    if [entry.name for entry in folder.iterdir()] == [_LOCK]:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(root: Path, prefix: str) -> None:
    """Removes folders that were made here under such names and that no process uses any more. Others' folders, which have no lock, stay."""
    for left in root.glob(f"{prefix}*"):
        try:
            lock = _lock(left, os.O_RDWR)
        except OSError:  # in use, not ours, or gone by now
            continue
        _empty(left)
        os.close(lock)


def _make_locked(root: Path, prefix: str) -> tuple[Path, int]:
    """The folder and the descriptor that holds its lock. Raises `OSError`.

    Between the two, another process may take the folder for abandoned and remove it: then another one is made.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
        try:
            lock = _lock(folder, os.O_RDWR | os.O_CREAT)
        except (BlockingIOError, FileNotFoundError):
            continue
        if os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)


def _lock(folder: Path, flags: int) -> int:
    """The descriptor that holds the folder's lock. Raises `BlockingIOError` where another holds it, else `OSError`."""
    lock = os.open(folder / _LOCK, flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
