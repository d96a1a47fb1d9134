"""A store whose answers are told to its `StoreCondition`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from watcher.storage.condition import Doing, Kind, StoreCondition
from watcher.storage.port import ObjectInfo, ObjectVersion, OutcomeUnknownError, RefusedError, Store, StoreError, UnavailableError
from watcher.storage.reasons import REASONS, Reach, Reason

Answer = TypeVar("Answer")
_QUICK_BYTES = 1 << 16


@dataclass(frozen=True)
class WatchedStore:
    """`inner`, watched. `prefixes` are those of the layout; documents can be read without writing below those that are `dispensable`."""

    inner: Store
    condition: StoreCondition
    prefixes: tuple[str, ...]
    dispensable: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        return self.inner.location

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        found = self.inner.list(prefix, after)
        while (info := self._quick(Doing.LISTING, prefix, lambda: next(found, None))) is not None:
            yield info

    def head(self, key: str) -> ObjectInfo:
        return self._quick(Doing.READING, key, lambda: self.inner.head(key))

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        return self._quick(Doing.READING, key, lambda: self.inner.get(key))

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        return self._watched(Doing.READING, key, lambda: self.inner.download(key, target, max_bytes))

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._writing(body)(Doing.WRITING, key, lambda: self.inner.create(key, body, content_type))

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._writing(body)(Doing.WRITING, key, lambda: self.inner.put(key, body, content_type))

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        return self._watched(Doing.WRITING, target, lambda: self.inner.copy(source, etag, target, content_type))

    def delete(self, key: str) -> None:
        self._quick(Doing.DELETING, key, lambda: self.inner.delete(key))

    def delete_matching(self, key: str, etag: str) -> None:
        self._quick(Doing.DELETING, key, lambda: self.inner.delete_matching(key, etag))

    def is_versioned(self) -> bool:
        return self._quick(Doing.READING, "", self.inner.is_versioned)

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        return self._quick(Doing.LISTING, key, lambda: self.inner.versions(key))

    def delete_version(self, key: str, version_id: str) -> None:
        self._quick(Doing.DELETING, key, lambda: self.inner.delete_version(key, version_id))

    def _writing(self, body: bytes | Path) -> Callable[[Doing, str, Callable[[], str]], str]:
        return self._quick if isinstance(body, bytes) and len(body) <= _QUICK_BYTES else self._watched

    def _quick(self, doing: Doing, key: str, ask: Callable[[], Answer]) -> Answer:
        """A request that moves few bytes: without an answer soon, something is wrong."""
        number = self.condition.sent()
        try:
            return self._watched(doing, key, ask)
        finally:
            self.condition.over(number)

    def _watched(self, doing: Doing, key: str, ask: Callable[[], Answer]) -> Answer:
        kind = self._kind(doing, key)
        try:
            answer = ask()
        except StoreError as error:
            reason = cause(error)
            if reason is None:
                self.condition.answered(kind)
            else:
                self.condition.failed(kind, reason)
            raise
        self.condition.answered(kind)
        return answer

    def _kind(self, doing: Doing, key: str) -> Kind:
        prefix = next((prefix for prefix in self.prefixes if key.startswith(prefix)), "")
        return Kind(doing, prefix, doing is not Doing.DELETING and prefix not in self.dispensable)


def cause(error: StoreError) -> Reason | None:
    """Why the store failed us; None where it did not, but answered that the object is not as it should be."""
    if not isinstance(error, (UnavailableError, RefusedError, OutcomeUnknownError)):
        return None
    reason = error.reason or Reason.STORE_FAILING
    return None if REASONS[reason].reach is Reach.OBJECT else reason
