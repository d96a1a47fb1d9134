"""Walks a folder's files in the order in which an object store would list them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.storage.port import MAX_KEY_BYTES, UnstorableKeyError

MAX_PART_BYTES = 255  # of a file's name on every common filesystem
SCRATCH = ".tmp"  # at the root: files not yet in place

PassedOver = Callable[[str, str], None]  # (key, reason)


@dataclass(frozen=True)
class _Child:
    order: bytes  # the key as UTF-8; a directory's ends in "/", which is how its keys compare with its neighbours'
    is_directory: bool

    @property
    def key(self) -> str:
        return self.order.decode()


def check_key(key: str) -> None:
    """Raises `UnstorableKeyError` for a key that cannot be a file's path below the root."""
    if not key:
        raise UnstorableKeyError("a key cannot be empty")
    _check_parts(key, key.split("/"))


def check_prefix(prefix: str) -> None:
    """Like `check_key`, for the beginning of a key."""
    parts = prefix.split("/")
    _check_parts(prefix, parts if parts[-1] else parts[:-1])


def crosses_link(root: Path, folder: Path) -> bool:
    """Whether a symbolic link stands on the way from `root` down to `folder`, which need not exist."""
    step = str(root)
    for part in folder.relative_to(root).parts:
        step = f"{step}/{part}"
        if os.path.islink(step):  # noqa: PTH114 - asked with every request, where pathlib costs several times as much
            return True
    return False


def walk(root: Path, prefix: str, after: str, passed_over: PassedOver) -> Iterator[str]:
    """Keys of the regular files below `root` that start with `prefix` and come after `after`, in the order of their UTF-8 bytes.

    Directories are read only when the walk comes to them. Symbolic links are not followed: one that leads outside would hand out files
    that nobody dropped here, and one that leads upward would never end. What cannot be a key is named to `passed_over`.
    """
    start = prefix[: prefix.rfind("/") + 1]
    first, least = prefix.encode(), after.encode()
    if crosses_link(root, root / start):
        passed_over(start, "a symbolic link")
        return
    pending = [_children(root, start, first, least, passed_over)]
    while pending:
        child = next(pending[-1], None)
        if child is None:
            pending.pop()
        elif child.is_directory:
            pending.append(_children(root, child.key, first, least, passed_over))
        else:
            yield child.key


def _children(root: Path, directory: str, prefix: bytes, after: bytes, passed_over: PassedOver) -> Iterator[_Child]:
    found: list[_Child] = []
    try:
        with os.scandir(root / directory) as entries:
            for entry in entries:
                child = _child(directory, entry, passed_over)
                if child is not None and _is_wanted(child, prefix, after):
                    found.append(child)
    except (FileNotFoundError, NotADirectoryError):
        pass  # removed, or replaced by a file, since it was seen
    except PermissionError:
        if not directory:
            raise
        passed_over(directory, "no permission to read this folder")
    return iter(sorted(found, key=lambda child: child.order))


def _child(directory: str, entry: os.DirEntry[str], passed_over: PassedOver) -> _Child | None:
    if not directory and entry.name == SCRATCH:
        return None
    is_directory = entry.is_dir(follow_symlinks=False)
    try:
        order = (directory + entry.name + ("/" if is_directory else "")).encode()
    except UnicodeEncodeError:
        passed_over(directory + os.fsencode(entry.name).decode(errors="replace"), "its name is not UTF-8")
        return None
    if len(order) > MAX_KEY_BYTES:
        passed_over(order.decode(), f"its path has more than {MAX_KEY_BYTES:,} bytes")
        return None
    if not is_directory and not entry.is_file(follow_symlinks=False):
        passed_over(order.decode(), "a symbolic link" if entry.is_symlink() else "not a regular file")
        return None
    return _Child(order, is_directory)


def _is_wanted(child: _Child, prefix: bytes, after: bytes) -> bool:
    if not child.order.startswith(prefix):
        return False
    return child.order > after or (child.is_directory and after.startswith(child.order))


def _check_parts(key: str, parts: list[str]) -> None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise UnstorableKeyError(f"not Unicode text: {key!r}") from None
    if size > MAX_KEY_BYTES:
        raise UnstorableKeyError(f"a key has at most {MAX_KEY_BYTES:,} bytes, this one has {size:,}")
    if parts and parts[0] == SCRATCH:
        raise UnstorableKeyError(f"`{SCRATCH}` is reserved for files that are not yet in place")
    for part in parts:
        if part in ("", ".", "..") or "\0" in part:
            raise UnstorableKeyError(f"a folder cannot hold {key!r}: {part!r} is no name of a file")
        if len(part.encode()) > MAX_PART_BYTES:
            raise UnstorableKeyError(f"a folder cannot hold a name of more than {MAX_PART_BYTES} bytes: {part!r}")
