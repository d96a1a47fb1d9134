"""How this replica is doing, as the threads that know tell it: what /health, the logs and the exit code are made of."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pulse:
    """A moment's picture. Ages in seconds; `idle_age` since any document in progress gained something, 0 where none is."""

    ended: dict[str, int]
    in_progress: int
    in_inbox: int
    loop_age: float
    scan_age: float | None
    idle_age: float


class Vitals:
    """Thread-safe; `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ended: Counter[str] = Counter()
        self._progress: dict[str, float] = {}
        self._in_inbox = 0
        self._looped_at = monotonic()
        self._scanned_at: float | None = None

    def looped(self) -> None:
        """The watch loop is alive, if only waiting for capacity."""
        with self._lock:
            self._looped_at = self._monotonic()

    def scanned(self, listed_at: float, in_inbox: int) -> None:
        """The inbox was listed at that monotonic time; so many documents of it, as far as it is known, are left to do."""
        with self._lock:
            self._scanned_at, self._looped_at = listed_at, self._monotonic()
            self._in_inbox = in_inbox

    def progressed(self, log: str) -> None:
        """The document of this claim log was claimed or gained something."""
        with self._lock:
            self._progress[log] = self._monotonic()

    def ended(self, log: str, outcome: str) -> None:
        with self._lock:
            self._progress.pop(log, None)
            self._ended[outcome] += 1

    @property
    def pulse(self) -> Pulse:
        with self._lock:
            now = self._monotonic()
            return Pulse(
                ended=dict(self._ended),
                in_progress=len(self._progress),
                in_inbox=self._in_inbox,
                loop_age=now - self._looped_at,
                scan_age=None if self._scanned_at is None else now - self._scanned_at,
                idle_age=min((now - at for at in self._progress.values()), default=0.0),
            )
