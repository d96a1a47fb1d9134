"""What follows when the store fails: how often it is asked meanwhile, and how often people are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from watcher.domain.retry import RetryPolicy
from watcher.storage.condition import Trouble
from watcher.storage.reasons import Reason

CALM_SECONDS = 5.0
"""The trouble must be over for so long before it is told: one good answer among bad ones is no recovery."""
LOOK_SECONDS = 1.0
FIRST_REMINDER_SECONDS, LAST_REMINDER_SECONDS = 60.0, 3600.0

Look = Callable[[], Trouble | None]


@contextmanager
def told(outage_log: OutageLog) -> Iterator[None]:
    """Looks every second within the block: whoever waits for a silent store cannot tell of it."""
    ended = threading.Event()

    def look_until_ended() -> None:
        while not ended.wait(LOOK_SECONDS):
            outage_log.look()

    thread = threading.Thread(target=look_until_ended, name="outage-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        outage_log.look()


class Gate:
    """Whether work on documents may begin: while the store is in trouble, after growing pauses only, and then one document at a time.

    `pauses` gives their length; only the thread that scans asks `opens`.
    """

    def __init__(self, look: Look, pauses: RetryPolicy, monotonic: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._look = look
        self._pauses = pauses
        self._monotonic = monotonic
        self._jitter = jitter
        self._times = 0
        self._next_at = 0.0

    @property
    def narrow(self) -> bool:
        """What prevents documents from being read is wrong just now: none may begin but the one that tries."""
        trouble = self._look()
        return trouble is not None and trouble.stops_reading

    def opens(self) -> bool:
        """Whether the store may be asked now. Each yes during a trouble makes the next pause longer."""
        if not self.narrow:
            self._times = 0
            return True
        now = self._monotonic()
        if self._times and now < self._next_at:
            return False
        self._times += 1
        self._next_at = now + self._pauses.delay(self._times, self._jitter())
        return True


@dataclass
class _Told:
    """When a cause is to be told again, and the pause that led there."""

    again_at: float
    pause: float


class OutageLog:
    """Writes what is wrong with the store once, then after growing pauses with how often it failed, and at the end that it is over. One thread calls `look`."""

    def __init__(self, look: Look, monotonic: Callable[[], float], log: FilteringBoundLogger, location: str) -> None:
        self._trouble = look
        self._monotonic = monotonic
        self._log = log
        self._location = location
        self._told: dict[Reason, _Told] = {}
        self._began: Trouble | None = None
        self._seen_at = 0.0

    def look(self) -> None:
        now, trouble = self._monotonic(), self._trouble()
        if trouble is not None:
            self._began = self._began or trouble
            self._seen_at = now
            if self._is_due(trouble.reason, now):
                self._tell(trouble, now)
        elif self._began is not None and now - self._seen_at >= CALM_SECONDS:
            self._log.info("store_recovered", store=self._location, after_seconds=self._seen_at - self._began.since)
            self._told, self._began = {}, None

    def _is_due(self, reason: Reason, now: float) -> bool:
        told = self._told.get(reason)
        if told is None:
            self._told[reason] = _Told(now + FIRST_REMINDER_SECONDS, FIRST_REMINDER_SECONDS)
            return True
        if now < told.again_at:
            return False
        pause = min(2 * told.pause, LAST_REMINDER_SECONDS)
        self._told[reason] = _Told(now + pause, pause)
        return True

    def _tell(self, trouble: Trouble, now: float) -> None:
        self._log.error(
            "store_unreachable" if trouble.cuts_off else "store_restricted",
            store=self._location,
            cause=trouble.reason.value,
            reason=trouble.text,
            failures=trouble.failures,
            for_seconds=now - trouble.since,
        )
