"""Creates on a store that does not enforce `If-None-Match`, or refuses it: a look before each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watcher.storage.passing import PassingStore
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, Store, UnavailableError


@dataclass(frozen=True)
class LookFirstStore(PassingStore):
    """`inner`, but `create` looks whether the key exists and then puts: enough in turn, not between two that race."""

    inner: Store

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
