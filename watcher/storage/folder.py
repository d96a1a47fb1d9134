"""A folder of the local disk as a store: keys are paths below it, every object appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from watcher.storage.etags import CHUNK_BYTES, EtagCache, signature
from watcher.storage.filesystem import link, sync_directory, worded
from watcher.storage.port import (
    MAX_GET_BYTES,
    AlreadyExistsError,
    NotFoundError,
    ObjectInfo,
    ObjectVersion,
    OutcomeUnknownError,
    RefusedError,
    TooLargeError,
    UnavailableError,
    UnstorableKeyError,
)
from watcher.storage.reasons import Reason
from watcher.storage.scratch import Scratch
from watcher.storage.settling import Settling
from watcher.storage.walk import PassedOver, check_key, check_prefix, crosses_link, walk

PLACE_TRIES = 100  # each is lost only to a delete that removed the emptied folder in between
LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a datetime can hold

_NOT_THERE = (FileNotFoundError, NotADirectoryError)


def _tell_nobody(key: str, reason: str) -> None:
    pass


class FolderStore:
    """Objects are files below `root`; files under `settle_prefix`, where people drop them, are listed once they stand still.

    Creates are hard links and puts are renames of files that were written and synced in `root/.tmp`, so a crash leaves no half-written
    object. Below `settle_prefix` emptied folders stay (a scanner may be writing to them); elsewhere `delete` removes them up to the
    top-level one. Symbolic links are not followed. Keys that end in `/`, or with a part over 255 bytes, raise `UnstorableKeyError`.
    `passed_over` is told once of each file that cannot be listed, and why. Listings of `unhashed` prefixes have empty ETags, and read no file:
    for those that count what stands there. Errors in reading a body's file or in writing a download's target
    are the caller's and stay `OSError`.
    """

    def __init__(
        self,
        root: Path,
        settle_prefix: str | None,
        settle_seconds: float,
        wall_clock: Callable[[], datetime],
        passed_over: PassedOver = _tell_nobody,
        unhashed: tuple[str, ...] = (),
    ) -> None:
        self._unhashed = unhashed
        self._settle_prefix = settle_prefix
        self._settling = Settling(settle_seconds, wall_clock)
        self._etags = EtagCache(wall_clock)
        self._tell = passed_over
        self._told: set[tuple[str, str]] = set()
        with worded(root):
            root.mkdir(parents=True, exist_ok=True)
            self._root = root.resolve()
            self._scratch = Scratch(self._root)
            self._scratch.remove_stale(wall_clock())

    @property
    def location(self) -> str:
        return str(self._root)

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """ETags are the MD5 of the content, so a file's first listing in this process reads it."""
        check_prefix(prefix)
        return self._list(prefix, after)

    def _list(self, prefix: str, after: str) -> Iterator[ObjectInfo]:
        keys = walk(self._root, prefix, after, self._pass_over)
        while True:
            with worded(self._root):
                key = next(keys, None)
                info = None if key is None else self._listed(key)
            if key is None:
                return
            if info is not None:
                yield info

    def head(self, key: str) -> ObjectInfo:
        with self._opened(key) as descriptor, worded(self._root):
            etag, state = self._etags.of(self._path(key), descriptor)
        return _info(key, state.st_size, etag, state)

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        with self._opened(key) as descriptor:
            if os.fstat(descriptor).st_size > MAX_GET_BYTES:
                raise TooLargeError(f"{key!r} has more bytes than anything that we wrote")
            body = b"".join(self._chunks(descriptor))
            return _info(key, len(body), _md5(body), os.fstat(descriptor)), body

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        digest, size = hashlib.md5(usedforsecurity=False), 0
        with self._opened(key) as descriptor, target.open("wb") as out:
            for chunk in self._chunks(descriptor):
                size += len(chunk)
                if size > max_bytes:
                    raise TooLargeError(f"{key!r} has more than the limit of {max_bytes:,} bytes")
                digest.update(chunk)
                out.write(chunk)
            return _info(key, size, digest.hexdigest(), os.fstat(descriptor))

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        """Raises `RefusedError` on a filesystem without hard links: nothing else creates a whole file atomically."""
        path = self._path(key)
        with self._scratch.staged(body) as (staged, etag):
            with worded(self._root):
                self._place(path, lambda: link(staged, path))
            try:
                sync_directory(path.parent)
            except OSError as error:
                raise OutcomeUnknownError(f"{key!r} may not outlast a power failure: {error.strerror}", Reason.FOLDER_FAILING) from None
        return etag

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        path = self._path(key)
        with self._scratch.staged(body) as (staged, etag), worded(self._root):
            self._place(path, lambda: os.replace(staged, path))  # noqa: PTH105 - beside os.link
            sync_directory(path.parent)
        return etag

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        path = self._path(target)
        try:
            with self._opened(source), self._scratch.staged(self._path(source)) as (staged, found), worded(self._root):
                if found != etag:
                    raise NotFoundError(f"another version stands under {source!r}")
                self._place(path, lambda: os.replace(staged, path))  # noqa: PTH105 - beside os.link
                sync_directory(path.parent)
        except FileNotFoundError:
            raise NotFoundError(f"no such file: {source!r}") from None
        return found

    def delete(self, key: str) -> None:
        path = self._path(key)
        with worded(self._root):
            if crosses_link(self._root, path.parent) or path.is_dir():
                return
            with suppress(*_NOT_THERE):
                path.unlink()
        self._settling.forget(key)
        if not self._is_watched(key):
            self._remove_emptied(path.parent)

    def delete_matching(self, key: str, etag: str) -> None:
        """Looks at the file at the last moment: whoever replaces it in the microseconds between look and removal loses."""
        path = self._path(key)
        try:
            with self._opened(key) as descriptor, worded(self._root):
                found, state = self._etags.of(path, descriptor)
                if found != etag or signature(path.lstat()) != signature(state):
                    raise AlreadyExistsError(f"another body stands at {key!r}")
        except NotFoundError:
            return
        self.delete(key)

    def is_versioned(self) -> bool:
        return False

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        check_key(key)
        return ()

    def delete_version(self, key: str, version_id: str) -> None:
        """A folder keeps no versions, so no version can stand there."""
        check_key(key)

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key

    def _is_watched(self, key: str) -> bool:
        return self._settle_prefix is not None and key.startswith(self._settle_prefix)

    def _pass_over(self, key: str, reason: str) -> None:
        if (key, reason) not in self._told:
            self._told.add((key, reason))
            self._tell(key, reason)

    def _listed(self, key: str) -> ObjectInfo | None:
        path = self._root / key
        try:
            state = path.lstat()
            if self._is_watched(key) and not self._settling.is_settled(key, state):
                return None
            if key.startswith(self._unhashed):
                return _info(key, state.st_size, "", state)
            etag = self._etags.known(path, state)
            if etag is None:
                with self._opened(key) as descriptor:
                    etag, state = self._etags.of(path, descriptor)
                    if self._is_watched(key) and signature(os.fstat(descriptor)) != signature(state):
                        return None
        except (*_NOT_THERE, NotFoundError):
            return None
        except (PermissionError, RefusedError):
            self._pass_over(key, "no permission to read this file")
            return None
        return _info(key, state.st_size, etag, state)

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        path = self._path(key)
        with worded(self._root):
            if crosses_link(self._root, path.parent):
                raise NotFoundError(f"no such file: {key!r} (symbolic links are not followed)")
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a named pipe would block
            except _NOT_THERE:
                raise NotFoundError(f"no such file: {key!r}") from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotFoundError(f"not a file: {key!r}")
            yield descriptor
        finally:
            os.close(descriptor)

    def _chunks(self, descriptor: int) -> Iterator[bytes]:
        while True:
            with worded(self._root):
                chunk = os.read(descriptor, CHUNK_BYTES)
            if not chunk:
                return
            yield chunk

    def _place(self, path: Path, into_place: Callable[[], None]) -> None:
        if crosses_link(self._root, path.parent):
            raise RefusedError(
                f"{str(path.parent)!r} is reached through a symbolic link: mount the folder there, or move the whole root",
                Reason.FOLDER_MISPLACED,
            )
        for _ in range(PLACE_TRIES):
            try:
                into_place()
            except FileNotFoundError:
                self._make_parents(path)
            except (NotADirectoryError, IsADirectoryError):
                raise UnstorableKeyError(
                    f"{str(path)!r} cannot be a file: a file and a folder of one name cannot both stand there"
                ) from None
            else:
                return
        raise UnavailableError(f"{str(path.parent)!r} is removed as often as it is made", Reason.FOLDER_FAILING)

    def _make_parents(self, path: Path) -> None:
        folder = self._root
        for part in path.relative_to(self._root).parts[:-1]:
            parent, folder = folder, folder / part
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            except FileNotFoundError:
                return  # a racing delete removed the parent: the caller comes again
            sync_directory(parent)

    def _remove_emptied(self, folder: Path) -> None:
        while folder != self._root and folder.parent != self._root:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # a racing delete was faster; its parent may still be ours to remove
            except OSError:
                return
            folder = folder.parent


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _info(key: str, size: int, etag: str, state: os.stat_result) -> ObjectInfo:
    seconds = min(max(state.st_mtime, 0), LAST_SECOND)
    return ObjectInfo(key, size, etag, datetime.fromtimestamp(seconds, timezone.utc))
