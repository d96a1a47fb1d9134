"""How a source leaves the inbox without taking a replacement with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from watcher.storage.port import AlreadyExistsError, NotFoundError, ObjectVersion, OutcomeUnknownError, Store


class RemovalMode(str, Enum):
    VERSIONED = "versioned"  # every version is kept: a replacement that was hit is uncovered again
    CONDITIONAL = "conditional"  # the store was probed to honour a condition on DELETE
    CHECKED = "checked"  # a look just before: a replacement that lands within that round trip is lost


@dataclass(frozen=True)
class SourceRemover:
    """`mode` is what the start-up probe found the store to be good for."""

    store: Store
    mode: RemovalMode

    def remove(self, key: str, etag: str, check: Callable[[], None]) -> None:
        """Removes the version `etag` of the source, and no other. `check` raises where the claim is lost; a source that is gone is fine.

        Raises `OutcomeUnknownError` where it got no answer and the source still stands.
        """
        if not self._stands(key, etag):
            return
        check()
        try:
            if self.mode is RemovalMode.CONDITIONAL:
                self.store.delete_matching(key, etag)
            else:
                self.store.delete(key)
        except AlreadyExistsError:
            return
        except OutcomeUnknownError:
            if self._stands(key, etag):
                raise
        if self.mode is RemovalMode.VERSIONED:
            marker = covering_marker(self.store.versions(key), etag)
            if marker is not None:
                self.store.delete_version(key, marker.version_id)

    def _stands(self, key: str, etag: str) -> bool:
        try:
            return self.store.head(key).etag == etag
        except NotFoundError:
            return False


def covering_marker(versions: tuple[ObjectVersion, ...], etag: str) -> ObjectVersion | None:
    """The newest delete marker, where the newest body below the topmost markers is not `etag`; `versions` newest first."""
    markers: list[ObjectVersion] = []
    for version in versions:
        if not version.is_delete_marker:
            return markers[0] if markers and version.etag != etag else None
        markers.append(version)
    return None
