"""Calls to the filesystem that a folder store is made of, and the words for their errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watcher.storage.etags import CHUNK_BYTES
from watcher.storage.port import AlreadyExistsError, NotFoundError, RefusedError, StoreError, UnavailableError, UnstorableKeyError
from watcher.storage.reasons import REASONS, Reason

_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}


@contextmanager
def worded(root: Path) -> Iterator[None]:
    """Turns the system's errors into the port's, in words that name the folder."""
    try:
        yield
    except OSError as error:
        raise _store_error(error, root) from None


def _store_error(error: OSError, root: Path) -> StoreError:
    where, said = repr(str(error.filename or root)), error.strerror
    about = f"{where}, {said}; storage.folder is {root}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return RefusedError(f"{REASONS[Reason.FOLDER_DENIED].sentence} (user {os.getuid()}: {about})", Reason.FOLDER_DENIED)
    if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ):
        return UnstorableKeyError(f"a name that this filesystem cannot hold ({said}): {where}")
    if error.errno == errno.ELOOP:
        return NotFoundError(f"{where} is a symbolic link, which is not followed")
    if error.errno == errno.EROFS:
        return RefusedError(f"{REASONS[Reason.FOLDER_READ_ONLY].sentence} ({about})", Reason.FOLDER_READ_ONLY)
    if error.errno in (errno.EXDEV, errno.EEXIST, errno.ENOTDIR):
        return RefusedError(f"{REASONS[Reason.FOLDER_MISPLACED].sentence} ({about})", Reason.FOLDER_MISPLACED)
    reason = Reason.FOLDER_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else Reason.FOLDER_FAILING
    return UnavailableError(f"{REASONS[reason].sentence} ({about})", reason)


def link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if target.is_dir():
            raise IsADirectoryError from None
        raise AlreadyExistsError(f"exists already: {str(target)!r}") from None
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            raise RefusedError(
                f"no hard links at {str(target)!r} ({error.strerror}), and without them two processes cannot be kept apart: "
                "choose a folder on a local disk (ext4, xfs, btrfs, apfs)",
                Reason.FOLDER_MISPLACED,
            ) from None
        raise


def sync_directory(folder: Path) -> None:
    """Makes new names in a folder outlast a power failure."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # a racing delete took it, and all that stood there
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # the answer of filesystems that have no such call
            raise
    finally:
        os.close(descriptor)


def body_chunks(body: bytes | Path) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    with body.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk


def write_all(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]
