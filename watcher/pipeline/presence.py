"""How a replica shows that it is there: an object that it rewrites on an interval, and deletes at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from structlog.typing import FilteringBoundLogger

from watcher.domain.document import Layout
from watcher.domain.presence import REPLICAS, Presence, is_presence, presence_name
from watcher.storage.port import Store, StoreError

DEAD_AFTER = timedelta(days=1)
"""Long enough for people to see which replica fell silent, and when."""
_JSON = "application/json"


class Beacon:
    """Work goes on whatever becomes of it: a failure is told once in the log, and once that it is over.

    `describe` gives what is told; its name, nonce and interval stay the same. `store` is one whose failures count for nothing else.
    `sweep` is called from one thread at a time, `tell` from any.
    """

    def __init__(
        self, store: Store, layout: Layout, describe: Callable[[], Presence], now: Callable[[], datetime], log: FilteringBoundLogger
    ) -> None:
        self._store = store
        self._claims = layout.claims
        first = describe()
        self.key = layout.claims + presence_name(first.replica, first.nonce)
        self.every_seconds = first.every_seconds
        self._describe = describe
        self._now = now
        self._log = log
        self._lock = threading.Lock()
        self._told = False
        self._failing = False
        self._ended = False

    def tell(self) -> None:
        """One PUT."""
        with self._lock:
            if self._ended:
                return
            self._told = True  # also where the answer is lost
            try:
                self._store.put(self.key, self._describe().model_dump_json().encode(), _JSON)
            except StoreError as error:
                if not self._failing:
                    self._log.warning("presence_not_told", key=self.key, reason=str(error))
                self._failing = True
                return
            if self._failing:
                self._log.info("presence_told_again", key=self.key)
            self._failing = False

    def sweep(self) -> None:
        """Removes what replicas left that fell silent long ago: one LIST, and a DELETE for each."""
        try:
            for info in self._store.list(self._claims + REPLICAS):
                dead = info.key != self.key and self._now() - info.modified >= DEAD_AFTER
                if dead and is_presence(info.key.removeprefix(self._claims)):
                    self._store.delete(info.key)
        except StoreError as error:
            self._log.debug("presence_not_swept", reason=str(error))

    def end(self, seconds: float) -> None:
        """Deletes it, if the store answers within so many seconds; it is shown as silent otherwise, and removed by another's sweep."""
        thread = threading.Thread(target=self._end, name="farewell", daemon=True)
        thread.start()
        thread.join(seconds)

    def _end(self) -> None:
        with self._lock:  # a request that is on its way would bring it back
            self._ended = True
            if self._told:
                with suppress(StoreError):
                    self._store.delete(self.key)
