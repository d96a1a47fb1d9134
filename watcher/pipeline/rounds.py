"""When the inbox is looked into besides the polls: after a wake-up, one look at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

WAKE_SECONDS = 0.2
"""From the start of one look to that of the next which a wake-up asks for: a flood of wake-ups costs five listings a second."""


class Rounds:
    """Runs `scan`, never twice at once. Each wake-up is followed by a look that begins after it; all that come before that one begins share it.

    `run` is called by the poll, `wake` from any thread. `once(run, seconds)` runs something in so many seconds on another thread, and does not wait.
    """

    def __init__(self, scan: Callable[[], None], once: Callable[[Callable[[], None], float], None], monotonic: Callable[[], float]) -> None:
        self._scan = scan
        self._once = once
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._running = False
        self._woken = False  # no look has begun since the last wake-up
        self._began = float("-inf")

    def wake(self) -> None:
        with self._lock:
            known, self._woken = self._woken, True
            if not known and not self._running:
                self._schedule()

    def run(self) -> None:
        with self._lock:
            if self._running:
                return
            self._running, self._woken, self._began = True, False, self._monotonic()
        try:
            self._scan()
        finally:
            with self._lock:
                self._running = False
                if self._woken:
                    self._schedule()

    def _schedule(self) -> None:
        self._once(self.run, max(0.0, self._began + WAKE_SECONDS - self._monotonic()))
