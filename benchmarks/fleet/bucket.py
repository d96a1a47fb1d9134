"""The bucket of a whole fleet, in memory: made for listings of an inbox of a million documents, and told of every request."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.bare_bench import LAYOUT
from benchmarks.fleet.load import Drop
from watcher.lease.names import EntryName
from watcher.storage.port import AlreadyExistsError, NotFoundError, ObjectInfo, ObjectVersion

PAGE = 1000
"""Objects in one answer to a LIST, at most."""
FIRST = str(EntryName(1))


class InboxShelf:
    """All documents that ever lie in the inbox, in the order of their keys, of which some lie there just now."""

    def __init__(self, drops: Sequence[Drop], start: datetime) -> None:
        ordered = sorted(drops, key=lambda drop: drop.name.encode())
        self._keys = [LAYOUT.incoming + drop.name for drop in ordered]
        self._infos = [_info(LAYOUT.incoming + drop.name, start + timedelta(seconds=drop.at)) for drop in ordered]
        self._lies = bytearray(len(ordered))
        self._in_block = [0] * (len(ordered) // PAGE + 1)
        self.standing = 0

    def lay(self, key: str) -> None:
        self._change(key, +1)

    def take(self, key: str) -> None:
        """As a store deletes: no error where it is gone."""
        if self._lies[self._at(key)]:
            self._change(key, -1)

    def find(self, key: str) -> ObjectInfo:
        at = self._at(key)
        if not self._lies[at]:
            raise NotFoundError(key)
        return self._infos[at]

    def page(self, after: str) -> tuple[list[ObjectInfo], bool]:
        """What a LIST answers, and whether there is more."""
        found: list[ObjectInfo] = []
        at = bisect_right(self._keys, after)
        while at < len(self._keys):
            if not self._in_block[at // PAGE]:
                at = (at // PAGE + 1) * PAGE
            elif (at := self._lies.find(1, at)) < 0:
                break
            elif len(found) == PAGE:
                return found, True
            else:
                found.append(self._infos[at])
                at += 1
        return found, False

    def _at(self, key: str) -> int:
        return bisect_left(self._keys, key)

    def _change(self, key: str, by: int) -> None:
        at = self._at(key)
        self._lies[at] += by
        self._in_block[at // PAGE] += by
        self.standing += by


@dataclass
class Bucket:
    """`wait` takes the virtual seconds of one request. `requests` by operation and first part of the key; `refused` creates of the first entry of a log."""

    inbox: InboxShelf
    now: Callable[[], datetime]
    wait: Callable[[float], None]
    request_seconds: float
    list_seconds: float
    requests: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    _claims: dict[str, dict[str, tuple[bytes, ObjectInfo]]] = field(default_factory=dict)  # by log, then by name within

    @property
    def location(self) -> str:
        return "simulation"

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        if prefix != LAYOUT.incoming:
            self._ask("LIST", prefix, self.list_seconds)
            yield from [info for _, (_, info) in sorted(self._claims.get(prefix, {}).items())]
            return
        more = True
        while more:
            self._ask("LIST", prefix, self.list_seconds)
            found, more = self.inbox.page(after)
            yield from found
            after = found[-1].key if found else after

    def head(self, key: str) -> ObjectInfo:
        self._ask("HEAD", key)
        return self.inbox.find(key) if key.startswith(LAYOUT.incoming) else self._find(key)[1]

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        self._ask("GET", key)
        body, info = self._find(key)
        return info, body

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        self._ask("PUT", key)
        log, _, name = key.rpartition("/")
        if name in self._claims.get(f"{log}/", {}):
            self.refused += name == FIRST
            raise AlreadyExistsError(key)
        return self._store(key, body)

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        self._ask("PUT", key)
        return self._store(key, body)

    def delete(self, key: str) -> None:
        self._ask("DELETE", key)
        self.inbox.take(key)

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        raise NotImplementedError("documents have no content here")

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        raise NotImplementedError("nothing is copied here")

    def delete_matching(self, key: str, etag: str) -> None:
        raise NotImplementedError("sources are looked at before they are removed here")

    def is_versioned(self) -> bool:
        return False

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        return ()

    def delete_version(self, key: str, version_id: str) -> None:
        raise NotImplementedError("the bucket keeps no versions here")

    def _ask(self, operation: str, key: str, seconds: float | None = None) -> None:
        self.wait(self.request_seconds if seconds is None else seconds)
        self.requests[f"{operation} {key.partition('/')[0]}/"] += 1

    def _find(self, key: str) -> tuple[bytes, ObjectInfo]:
        log, _, name = key.rpartition("/")
        try:
            return self._claims[f"{log}/"][name]
        except KeyError:
            raise NotFoundError(key) from None

    def _store(self, key: str, body: bytes | Path) -> str:
        assert isinstance(body, bytes)
        log, _, name = key.rpartition("/")
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self._claims.setdefault(f"{log}/", {})[name] = body, ObjectInfo(key, len(body), etag, self.now())
        return etag


def _info(key: str, modified: datetime) -> ObjectInfo:
    return ObjectInfo(key, 100_000, hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), modified)
