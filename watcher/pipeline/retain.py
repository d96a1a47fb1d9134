"""How a source leaves the inbox without taking a replacement with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from watcher.storage.port import AlreadyExistsError, OutcomeUnknownError, Store
from watcher.storage.standing import stands


class RemovalMode(str, Enum):
    VERSIONED = "versioned"  # every version has a name of its own: only those of this content are removed
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
        if self.mode is RemovalMode.VERSIONED and self._remove_versions(key, etag, check):
            return
        if self.mode is RemovalMode.CONDITIONAL or stands(self.store, key, etag):
            check()
            self._remove_current(key, etag)

    def _remove_versions(self, key: str, etag: str, check: Callable[[], None]) -> bool:
        """By their own names: a delete marker would cover a replacement that lands just before it, and nobody may live to uncover that.

        False where the bucket keeps no versions any more.
        """
        versions = self.store.versions(key)
        for version in versions:
            if version.etag == etag:
                check()
                self.store.delete_version(key, version.version_id)
        return bool(versions) or self.store.is_versioned()

    def _remove_current(self, key: str, etag: str) -> None:
        try:
            if self.mode is RemovalMode.CONDITIONAL:
                self.store.delete_matching(key, etag)
            else:
                self.store.delete(key)
        except (AlreadyExistsError, OutcomeUnknownError) as error:
            if stands(self.store, key, etag):
                raise OutcomeUnknownError(str(error)) from error
