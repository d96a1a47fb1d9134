"""How this replica is doing, as the threads that know tell it: what /health, the logs and the exit code are made of."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A document in progress. `number`: the how-manieth that this process began; `size` in bytes; `pages_total` 0 while it is not known.

    `pages_done` counts those of earlier attempts too, `pages_gained` only what this one read in the `age` seconds since it began.
    """

    number: int
    key: str
    size: int
    pages_done: int
    pages_total: int
    pages_gained: int
    age: float


@dataclass(frozen=True)
class Pulse:
    """A moment's picture. Ages in seconds; `idle_age` since any document in progress gained something, 0 where none is.

    `works` in the order of their beginning; `pages`: read since the start of this process, which was `uptime` seconds ago.
    """

    ended: dict[str, int]
    in_progress: int
    works: tuple[Work, ...]
    pages: int
    uptime: float
    in_inbox: int
    loop_age: float
    scan_age: float | None
    idle_age: float


@dataclass
class _Begun:
    number: int
    key: str
    size: int
    pages: Callable[[], tuple[int, int]]
    began_at: float
    gained_at: float
    pages_gained: int = 0

    def work(self, now: float) -> Work:
        done, total = self.pages()
        return Work(self.number, self.key, self.size, done, total, self.pages_gained, now - self.began_at)


class Vitals:
    """Thread-safe; `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ended: Counter[str] = Counter()
        self._begun: dict[str, _Begun] = {}
        self._number = 0
        self._pages = 0
        self._in_inbox = 0
        self._started_at = self._looped_at = monotonic()
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

    def began(self, log: str, key: str, size: int, pages: Callable[[], tuple[int, int]]) -> None:
        """The document of this claim log was claimed. `pages` tells at any time how many are done and how many there are; it must not block."""
        with self._lock:
            now = self._monotonic()
            self._number += 1
            self._begun[log] = _Begun(self._number, key, size, pages, now, now)

    def page_read(self, log: str) -> None:
        """The document of this claim log gained a page."""
        with self._lock:
            self._pages += 1
            if begun := self._begun.get(log):
                begun.gained_at = self._monotonic()
                begun.pages_gained += 1

    def ended(self, log: str, outcome: str) -> None:
        with self._lock:
            self._begun.pop(log, None)
            self._ended[outcome] += 1

    @property
    def pulse(self) -> Pulse:
        with self._lock:
            now = self._monotonic()
            return Pulse(
                ended=dict(self._ended),
                in_progress=len(self._begun),
                works=tuple(begun.work(now) for begun in self._begun.values()),
                pages=self._pages,
                uptime=now - self._started_at,
                in_inbox=self._in_inbox,
                loop_age=now - self._looped_at,
                scan_age=None if self._scanned_at is None else now - self._scanned_at,
                idle_age=min((now - begun.gained_at for begun in self._begun.values()), default=0.0),
            )
