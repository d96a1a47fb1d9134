"""The narrow port through which everything reaches the bucket, and the errors it may raise.

Keys are Unicode strings with `/` between parts, at most 1,024 bytes as UTF-8. ETags are opaque strings without quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from watcher.storage.reasons import Reason

MAX_KEY_BYTES = 1024
MAX_GET_BYTES = 256 << 20
"""Of an object that is read into memory: far beyond the largest manifest. Whoever may write to the bucket must not decide how much memory we take."""


@dataclass(frozen=True)
class ObjectInfo:
    """One object as the store tells it. `size` in bytes; `modified` by the store's clock, aware, never compared with ours."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class ObjectVersion:
    """One version of a key in a versioned bucket; `is_delete_marker` versions have an empty etag."""

    version_id: str
    etag: str
    is_delete_marker: bool


class StoreError(Exception):
    """A request failed. The text is safe to log: no secret, no signed address, no document content.

    `reason` is the cause where that is the store, its settings or the way to it.
    """

    def __init__(self, text: str = "", reason: Reason | None = None) -> None:
        super().__init__(text)
        self.reason = reason


class NotFoundError(StoreError):
    """The key does not exist."""


class AlreadyExistsError(StoreError):
    """A create was refused because the key exists, or because a racing create won (412 and 409 alike)."""


class OutcomeUnknownError(StoreError):
    """A create or delete got no usable answer: it may or may not have been applied, now or later. Read back to know."""


class UnavailableError(StoreError):
    """The store cannot be reached, throttles or fails (5xx, time-outs): the same call may succeed later."""


class RefusedError(StoreError):
    """The store refuses us: wrong key, secret, clock, rights, or no such bucket. The text names the setting to mend."""


class ConditionUnsupportedError(RefusedError):
    """The store answers that it has no conditional requests (501); nothing was stored or removed."""


class TooLargeError(StoreError):
    """A download passed its limit of bytes and was broken off."""


class UnstorableKeyError(StoreError):
    """The store cannot hold an object of that name (a folder with a part over 255 bytes, for instance)."""


class Store(Protocol):
    """Any method may raise `UnavailableError` or `RefusedError`. Every method may be called from any thread."""

    @property
    def location(self) -> str:
        """What a person calls this place, without secrets: `s3://bucket at https://...` or a folder's path."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix` and is greater than `after`, in the order of their UTF-8 bytes, fetched as consumed."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Raises `NotFoundError`."""
        ...

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        """The whole body of a small object. Raises `NotFoundError`; `TooLargeError` for one of more than `MAX_GET_BYTES`."""
        ...

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        """Streams the body into the file `target`; the info is that of the bytes received. Raises `NotFoundError`, `TooLargeError`."""
        ...

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        """Stores the object only if the key does not exist, in one request, never retried within. Returns the ETag.

        Raises `AlreadyExistsError` or `OutcomeUnknownError`; whether concurrent creates are really kept apart is for `probe` to find out.
        """
        ...

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        """Stores the object whether or not the key exists. Returns the ETag."""
        ...

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        """Stores what stands under `source` under `target` too, whether or not that exists, without moving its bytes through us. Returns the new ETag.

        Raises `NotFoundError` where `source` holds another version than `etag`, before or after: what stands under `target` then is of no use.
        """
        ...

    def delete(self, key: str) -> None:
        """Removes the key; in a versioned bucket, lays a delete marker over it. No error where it does not exist. Never retried within.

        Raises `OutcomeUnknownError`.
        """
        ...

    def delete_matching(self, key: str, etag: str) -> None:
        """Asks to remove the key only if its ETag is `etag`; only a store that was probed to honour the condition may be trusted with this.

        Raises `AlreadyExistsError` where the store says that another body stands there, `OutcomeUnknownError`.
        """
        ...

    def is_versioned(self) -> bool:
        """Whether the bucket keeps every version of a key."""
        ...

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        """The versions of exactly this key, newest first; empty where the bucket is not versioned."""
        ...

    def delete_version(self, key: str, version_id: str) -> None:
        """Removes one version (or delete marker) for good."""
        ...
