"""Which way of appending the replicas of a bucket use, and how they come to agree on bids."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from enum import Enum

from watcher.domain.claim import Entry
from watcher.lease.appending import JSON, Append, Appender, Creates
from watcher.lease.bids import Bids
from watcher.lease.names import EntryName
from watcher.storage.port import NotFoundError, Store

MARKER = ".bids"
"""Below `claims/`: whoever finds that the store does not keep creates apart puts it there, and all replicas obey. Only a person removes it."""

REPLACED = "an entry that the store had said was created was replaced by another replica's"


class Mode(str, Enum):
    CONDITIONAL = "conditional"  # entries are created, the store keeps racing creates apart
    BIDS = "bids"
    SINGLE = "single"  # the store offers neither conditions nor consistent listings: for one replica alone


class AgreedAppender:
    """Appends in the mode that all replicas obey. A probe can only disprove conditions, so it may change to bids at any time, never back.

    `marker` is the key of `.bids`; `changed` is told why, once. Any thread may call it.
    """

    def __init__(self, store: Store, marker: str, mode: Mode, bids: Bids, changed: Callable[[str], None]) -> None:
        self._store = store
        self._marker = marker
        self._bids = bids
        self._changed = changed
        self._mode = mode
        self._lock = threading.Lock()

    @property
    def mode(self) -> Mode:
        return self._mode

    def append(self, store: Store, prefix: str, number: int, entry: Entry, known: frozenset[EntryName] | None) -> Append:
        return self._appender.append(store, prefix, number, entry, known)

    def overtaken(self, store: Store, prefix: str, number: int) -> bool:
        return self._appender.overtaken(store, prefix, number)

    def replaced(self, store: Store, prefix: str, number: int, entry: Entry) -> bool:
        """Where it is, the store does not keep creates apart: told to all."""
        found = self._appender.replaced(store, prefix, number, entry)
        if found:
            self._disproved(REPLACED)
        return found

    def obey(self) -> None:
        """Changes to bids where another replica asks for them."""
        if self._mode is Mode.CONDITIONAL and asks_for_bids(self._store, self._marker):
            self._change("another replica found that the store does not keep racing creates apart")

    @property
    def _appender(self) -> Appender:
        return self._bids if self._mode is Mode.BIDS else Creates()

    def _disproved(self, reason: str) -> None:
        if self._mode is Mode.CONDITIONAL:
            ask_for_bids(self._store, self._marker, reason)
            self._change(reason)

    def _change(self, reason: str) -> None:
        with self._lock:
            if self._mode is Mode.BIDS:
                return
            self._mode = Mode.BIDS
        self._changed(reason)


def asks_for_bids(store: Store, marker: str) -> bool:
    try:
        store.head(marker)
    except NotFoundError:
        return False
    return True


def ask_for_bids(store: Store, marker: str, reason: str) -> None:
    store.put(marker, json.dumps({"reason": reason}).encode(), JSON)
