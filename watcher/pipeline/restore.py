"""How an original comes back into the inbox, where a person asks for its document to be read again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from watcher.domain.document import MAX_KEY_BYTES, Layout, is_hashed, is_ours, version_of
from watcher.results.names import content_type
from watcher.storage.digest import sha256_of
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, Store, UnstorableKeyError

_MAX_BYTES = 2**50
OTHER_STANDS = "another file stands in the inbox under its name: wait until that one is read, or move it away"


@dataclass(frozen=True)
class Answer:
    """What became of the wish to have a document read again. `place`: what was asked for; `words` say what happened, or what to do."""

    place: str
    done: bool
    words: str


class NotRestoredError(Exception):
    """The original cannot be put back. The text tells a person why, and what to do."""


@dataclass(frozen=True)
class Original:
    """The bytes of a document as they stand outside of the inbox, under `at`; `key` is where it was dropped."""

    at: str
    key: str
    sha256: str


def standing_etag(store: Store, key: str) -> str | None:
    """What stands in the inbox under the key."""
    try:
        return store.head(key).etag
    except NotFoundError:
        return None


def require_key(layout: Layout, key: str, path: str, told_by: str) -> None:
    """Anybody may write into the bucket: a record that names another document than the one it stands with is not followed.

    Raises `NotRestoredError`.
    """
    if not key.startswith(layout.incoming) or len(key.encode(errors="replace")) > MAX_KEY_BYTES or layout.path(key) != path:
        raise NotRestoredError(f"its {told_by} names another document or inbox: copy the original back into the inbox by hand")


def put_back(store: Store, original: Original) -> str:
    """Copies the original into the inbox, never over something that stands there. Returns the version that it has there.

    Raises `NotRestoredError`, and `StoreError` where the store does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="watcher-") as folder:
        body = Path(folder) / "original"
        try:
            store.download(original.at, body, _MAX_BYTES)
        except NotFoundError:
            raise NotRestoredError("its original does not stand beside it any more: drop the document again") from None
        if original.sha256 and sha256_of(body) != original.sha256:
            raise NotRestoredError("its original was changed or damaged since it was read: drop the document again")
        try:
            etag = store.create(original.key, body, content_type(original.key))
        except UnstorableKeyError as error:
            raise NotRestoredError(f"the store cannot hold its name: {error}") from None
        except (AlreadyExistsError, OutcomeUnknownError):
            etag = _read_back(store, original.key, body)
        return version_of(etag, body.stat().st_size)


def _read_back(store: Store, key: str, body: Path) -> str:
    """Whether it was our create that arrived, or another's file that was there first, is told by its content."""
    copy = body.with_name("copy")
    try:
        info = store.download(key, copy, _MAX_BYTES)
    except NotFoundError:
        raise NotRestoredError("the store gave no usable answer: try again") from None
    if sha256_of(copy) != sha256_of(body):
        raise NotRestoredError(OTHER_STANDS)
    return info.etag


def path_of(layout: Layout, prefix: str, place: str) -> str:
    """A document's path under our prefixes, of any way to name it: its key, its name below the inbox, or something that stands below `prefix`.

    So is `~` with a SHA-256: a file of the inbox that bears such a name is named with the inbox's prefix.
    """
    if is_hashed(place):
        return place
    if not place.startswith(prefix):
        return layout.path(layout.incoming + place.removeprefix(layout.incoming))
    parts = place.removeprefix(prefix).rstrip("/").split("/")
    ends = (number for number, part in enumerate(parts) if number and is_ours(part))
    return "/".join(parts[: next(ends, len(parts))])
