"""Scratch objects of the checks: named so that no daemon takes them for a document, and removed again whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from watcher.domain.doctor import SCRATCH_NAME
from watcher.storage.passing import PassingStore
from watcher.storage.port import NotFoundError, ObjectVersion, Store, StoreError, UnavailableError
from watcher.storage.probe import remove_scratch

ABANDONED = timedelta(hours=1)
"""Scratch that is older was left by a doctor that was killed."""


def scratch_prefix(prefix: str) -> str:
    return prefix + SCRATCH_NAME


def remove_abandoned(store: Store, prefix: str, fresh: str) -> None:
    """What killed doctors left below `prefix`, by the store's own clock: `fresh` is the key of an object that was put just now."""
    modified = {info.key: info.modified for info in store.list(scratch_prefix(prefix))}
    for key, since in modified.items():
        if modified.get(fresh, since) - since > ABANDONED:
            remove_scratch(store, key)


@dataclass
class ScratchStore(PassingStore):
    """`inner`, which remembers what was written through it until that is removed with all its versions. Any thread may call it."""

    inner: Store
    _left: dict[str, set[str] | None] = field(default_factory=dict)  # each key, and the versions that it still has once it was deleted
    _writing: int = 0
    _closed: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def clear(self, seconds: float) -> tuple[str, ...]:
        """Ends all writing, and removes what is left. Waits `seconds` at most for writes under way. Returns what could not be removed."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._writing, seconds)
            left = list(self._left)
        return tuple(key for key in left if not self._removed(key))

    def _removed(self, key: str) -> bool:
        """Asked of the store: the check that was interrupted may be removing it too."""
        try:
            remove_scratch(self.inner, key)
            if self.inner.versions(key):
                return False
            self.inner.head(key)
        except NotFoundError:
            return True
        except StoreError:
            return False
        return False

    def _write(self, key: str, request: Callable[[], str]) -> str:
        with self._changed:
            if self._closed:
                raise UnavailableError("the checks have ended")
            self._left[key] = None
            self._writing += 1
        try:
            return request()
        finally:
            with self._changed:
                self._writing -= 1
                self._changed.notify_all()

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._write(key, lambda: self.inner.create(key, body, content_type))

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._write(key, lambda: self.inner.put(key, body, content_type))

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        return self._write(target, lambda: self.inner.copy(source, etag, target, content_type))

    def delete(self, key: str) -> None:
        with suppress(NotFoundError):  # some stores say so
            self.inner.delete(key)
        with self._changed:
            self._left[key] = set()  # in a versioned bucket even a key that never was has a marker now

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        """Of a key that was deleted, none left means that it is forgotten."""
        found = self.inner.versions(key)
        with self._changed:
            if self._left.get(key) is not None:
                self._left[key] = {version.version_id for version in found}
                self._forget_if_gone(key)
        return found

    def delete_version(self, key: str, version_id: str) -> None:
        self.inner.delete_version(key, version_id)
        with self._changed:
            if remaining := self._left.get(key):
                remaining.discard(version_id)
                self._forget_if_gone(key)

    def _forget_if_gone(self, key: str) -> None:
        if self._left.get(key) == set():
            del self._left[key]
