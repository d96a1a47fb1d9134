"""The document from the store onto scratch disk, pinned to the version that was claimed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watcher.domain.clock import Clock
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.storage.digest import sha256_of
from watcher.storage.port import Store, TooLargeError


class SourceChangedError(Exception):
    """Another version stands under the key than the one that was claimed."""


@dataclass(frozen=True)
class Fetched:
    """The bytes of the version that was claimed, their SHA-256 in hex, and how long they took."""

    path: Path
    sha256: str
    seconds: float


def fetch(store: Store, key: str, etag: str, target: Path, max_bytes: int, clock: Clock) -> Fetched:
    """Downloads the version `etag` of `key` into the file `target`; nothing stands there after an error.

    Raises `SourceChangedError`; `NotFoundError` where it is gone; `DocumentError` with `FILE_TOO_LARGE`; else what the store raises.
    """
    started = clock.monotonic()
    try:
        received = store.download(key, target, max_bytes)
        _require_version(received.etag, etag)
    except TooLargeError:
        target.unlink(missing_ok=True)
        standing = store.head(key)
        _require_version(standing.etag, etag)
        if standing.size <= max_bytes:
            raise SourceChangedError("the source was replaced while it was fetched, and put back since") from None
        raise DocumentError(ErrorCode.FILE_TOO_LARGE, found=standing.size, limit=max_bytes, setting="limits.file_bytes") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Fetched(target, sha256_of(target), clock.monotonic() - started)


def _require_version(found: str, claimed: str) -> None:
    if found != claimed:
        raise SourceChangedError("the source was replaced since it was claimed")
