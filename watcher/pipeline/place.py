"""Where a document in progress counts: among those that are read, later perhaps among those that are only written."""

from __future__ import annotations

from threading import Semaphore


class Place:
    """Taken from `reading` by whoever makes it."""

    def __init__(self, reading: Semaphore, finishing: Semaphore) -> None:
        self._held = reading
        self._finishing = finishing

    def read_through(self) -> None:
        """The engine has nothing more to do for the document: the next may be read, unless too many are being written."""
        if self._held is not self._finishing and self._finishing.acquire(blocking=False):
            self._held.release()
            self._held = self._finishing

    def leave(self) -> None:
        self._held.release()
