"""Creates on a store that does not enforce `If-None-Match`, or refuses it: a look before each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.storage.port import AlreadyExistsError, NotFoundError, ObjectInfo, ObjectVersion, OutcomeUnknownError, Store, UnavailableError


@dataclass(frozen=True)
class LookFirstStore:
    """`inner`, but `create` looks whether the key exists and then puts: enough in turn, not between two that race."""

    inner: Store

    @property
    def location(self) -> str:
        return self.inner.location

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        try:
            self.inner.head(key)
        except NotFoundError:
            pass
        else:
            raise AlreadyExistsError(f"exists already: {key!r}")
        try:
            return self.inner.put(key, body, content_type)
        except UnavailableError as error:
            raise OutcomeUnknownError(str(error), error.reason) from None

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        return self.inner.list(prefix, after)

    def head(self, key: str) -> ObjectInfo:
        return self.inner.head(key)

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        return self.inner.get(key)

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        return self.inner.download(key, target, max_bytes)

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self.inner.put(key, body, content_type)

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        return self.inner.copy(source, etag, target, content_type)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def delete_matching(self, key: str, etag: str) -> None:
        self.inner.delete_matching(key, etag)

    def is_versioned(self) -> bool:
        return self.inner.is_versioned()

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        return self.inner.versions(key)

    def delete_version(self, key: str, version_id: str) -> None:
        self.inner.delete_version(key, version_id)
