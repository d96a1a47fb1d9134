"""A store in this process's memory: the shipped fake, with a clock and with stores' known weaknesses as settings."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from watcher.storage.port import (
    MAX_KEY_BYTES,
    AlreadyExistsError,
    NotFoundError,
    ObjectInfo,
    ObjectVersion,
    TooLargeError,
    UnstorableKeyError,
)

RACE_GAP_SECONDS = 0.01


class Conditions(str, Enum):
    """How a store takes `If-None-Match: *` on a PUT."""

    ATOMIC = "atomic"  # enforced, also between racing requests
    SEQUENTIAL = "sequential"  # enforced in turn, but racing requests may all win (OpenStack Swift 2.38)
    IGNORED = "ignored"  # answered with success, never enforced


@dataclass(frozen=True)
class _Version:
    version_id: str
    body: bytes
    etag: str
    modified: datetime
    is_delete_marker: bool


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class MemoryStore:
    """Holds every object in a dictionary under one lock. ETags are the MD5 of the body, as S3's are for single PUTs.

    With `versioned`, keys keep every version and `delete` lays a marker. Without `honours_delete_conditions`, `delete_matching` deletes
    whatever stands there, as Ceph 16.2 does.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = _utc_now,
        conditions: Conditions = Conditions.ATOMIC,
        versioned: bool = False,
        honours_delete_conditions: bool = False,
    ) -> None:
        self._clock = clock
        self._conditions = conditions
        self._versioned = versioned
        self._honours_delete_conditions = honours_delete_conditions
        self._lock = threading.Lock()
        self._stacks: dict[str, list[_Version]] = {}  # oldest first; never an empty list
        self._written = 0

    @property
    def location(self) -> str:
        return "memory"

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Keys are those of the moment of the call that fetches the first; objects that went since are left out."""
        with self._lock:
            keys = sorted((key for key in self._stacks if key.startswith(prefix)), key=str.encode)
        for key in keys:
            if key.encode() > after.encode():
                with self._lock:
                    version = self._current(key)
                if version is not None:
                    yield _info(key, version)

    def head(self, key: str) -> ObjectInfo:
        return self.get(key)[0]

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        with self._lock:
            version = self._current(key)
        if version is None:
            raise NotFoundError(f"no such object: {key!r}")
        return _info(key, version), version.body

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        info, body = self.get(key)
        if info.size > max_bytes:
            raise TooLargeError(f"{key!r} has {info.size} bytes, more than the limit of {max_bytes}")
        target.write_bytes(body)
        return info

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        content = _storable(key, body)
        if self._conditions is Conditions.SEQUENTIAL:
            with self._lock:
                self._refuse_existing(key)
            time.sleep(RACE_GAP_SECONDS)  # the gap in which a racing request passes the same check
        with self._lock:
            if self._conditions is Conditions.ATOMIC:
                self._refuse_existing(key)
            return self._store(key, content)

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        content = _storable(key, body)
        with self._lock:
            return self._store(key, content)

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        info, body = self.get(source)
        if info.etag != etag:
            raise NotFoundError(f"another version stands under {source!r}")
        return self.put(target, body, content_type)

    def delete(self, key: str) -> None:
        with self._lock:
            self._delete(key)

    def delete_matching(self, key: str, etag: str) -> None:
        with self._lock:
            version = self._current(key)
            if self._honours_delete_conditions and version is not None and version.etag != etag:
                raise AlreadyExistsError(f"another body stands at {key!r}")
            self._delete(key)

    def is_versioned(self) -> bool:
        return self._versioned

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        if not self._versioned:
            return ()
        with self._lock:
            stack = self._stacks.get(key, [])
            return tuple(ObjectVersion(version.version_id, version.etag, version.is_delete_marker) for version in reversed(stack))

    def delete_version(self, key: str, version_id: str) -> None:
        with self._lock:
            left = [version for version in self._stacks.get(key, []) if version.version_id != version_id]
            if left:
                self._stacks[key] = left
            else:
                self._stacks.pop(key, None)

    def _current(self, key: str) -> _Version | None:
        stack = self._stacks.get(key)
        return None if stack is None or stack[-1].is_delete_marker else stack[-1]

    def _refuse_existing(self, key: str) -> None:
        if self._current(key) is not None:
            raise AlreadyExistsError(f"exists already: {key!r}")

    def _store(self, key: str, content: bytes) -> str:
        version = self._new_version(content)
        self._push(key, version)
        return version.etag

    def _delete(self, key: str) -> None:
        if self._versioned:
            self._push(key, self._new_version(b"", is_delete_marker=True))
        else:
            self._stacks.pop(key, None)

    def _new_version(self, content: bytes, is_delete_marker: bool = False) -> _Version:
        self._written += 1
        etag = "" if is_delete_marker else hashlib.md5(content, usedforsecurity=False).hexdigest()
        return _Version(f"v{self._written:08d}", content, etag, self._clock(), is_delete_marker)

    def _push(self, key: str, version: _Version) -> None:
        self._stacks[key] = [*self._stacks.get(key, []), version] if self._versioned else [version]


def _info(key: str, version: _Version) -> ObjectInfo:
    return ObjectInfo(key, len(version.body), version.etag, version.modified)


def _storable(key: str, body: bytes | Path) -> bytes:
    if not key or len(key.encode()) > MAX_KEY_BYTES:
        raise UnstorableKeyError(f"a key has 1 to {MAX_KEY_BYTES:,} bytes, this one has {len(key.encode()):,}")
    return body.read_bytes() if isinstance(body, Path) else body
