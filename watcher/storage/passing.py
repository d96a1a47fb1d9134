"""A store that hands every request on to another: those built on it say only what they do otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from watcher.storage.port import ObjectInfo, ObjectVersion, Store


class PassingStore:
    inner: Store

    @property
    def location(self) -> str:
        return self.inner.location

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        return self.inner.list(prefix, after)

    def head(self, key: str) -> ObjectInfo:
        return self.inner.head(key)

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        return self.inner.get(key)

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        return self.inner.download(key, target, max_bytes)

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self.inner.create(key, body, content_type)

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
