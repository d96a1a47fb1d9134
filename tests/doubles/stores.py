"""A store that answers wrongly when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from watcher.storage.memory import MemoryStore
from watcher.storage.port import ObjectInfo, ObjectVersion

Hook = Callable[[str, str], None]
"""Called with a verb and a key; what it raises is the answer."""


class HookedStore:
    """Passes everything on to `inner`, and calls `before` and `after` around each request: a fault `after` means that it was applied all the same."""

    def __init__(self, inner: MemoryStore) -> None:
        self.inner = inner
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.requests: list[tuple[str, str]] = []

    @property
    def location(self) -> str:
        return self.inner.location

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        yield from self._asked("list", prefix, lambda: list(self.inner.list(prefix, after)))

    def head(self, key: str) -> ObjectInfo:
        return self._asked("head", key, lambda: self.inner.head(key))

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        return self._asked("get", key, lambda: self.inner.get(key))

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        return self._asked("download", key, lambda: self.inner.download(key, target, max_bytes))

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._asked("create", key, lambda: self.inner.create(key, body, content_type))

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._asked("put", key, lambda: self.inner.put(key, body, content_type))

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        return self._asked("copy", target, lambda: self.inner.copy(source, etag, target, content_type))

    def delete(self, key: str) -> None:
        self._asked("delete", key, lambda: self.inner.delete(key))

    def delete_matching(self, key: str, etag: str) -> None:
        self._asked("delete_matching", key, lambda: self.inner.delete_matching(key, etag))

    def is_versioned(self) -> bool:
        return self.inner.is_versioned()

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        return self.inner.versions(key)

    def delete_version(self, key: str, version_id: str) -> None:
        self._asked("delete_version", key, lambda: self.inner.delete_version(key, version_id))

    def _asked(self, verb, key, request):
        self.requests.append((verb, key))
        for hook in self.before:
            hook(verb, key)
        answer = request()
        for hook in self.after:
            hook(verb, key)
        return answer


def once(verb: str, part: str, error: Exception) -> Hook:
    """Raises `error` at the first request of that verb whose key contains `part`."""
    pending = [error]

    def hook(asked: str, key: str) -> None:
        if pending and asked == verb and part in key:
            raise pending.pop()

    return hook
