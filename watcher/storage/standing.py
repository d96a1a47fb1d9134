"""What stands under a key right now."""

from __future__ import annotations

from watcher.storage.port import NotFoundError, Store


def stands(store: Store, key: str, etag: str) -> bool:
    """Whether the version `etag` stands under the key: a listing that showed it may be older than its removal or replacement."""
    try:
        return store.head(key).etag == etag
    except NotFoundError:
        return False
