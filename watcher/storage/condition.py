"""How the store is, as the requests to it tell: what is wrong now, since when, and what that keeps us from doing.

A cause that concerns the whole store is over with any answer; one that concerns a kind of request (no rights to write results, no room) with
the next success of that kind, since a listing that works says nothing about writing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count

from watcher.storage.reasons import REASONS, Reach, Reason

PASSING_SECONDS = 150.0
"""A passing cause is forgotten sooner: longer than the pauses of those who wait for the store, so that it does not come and go."""
IN_A_ROW = 3
"""So many failures of a passing cause, one after the other, are no accident."""


class Doing(str, Enum):
    LISTING = "listing"
    READING = "reading"
    WRITING = "writing"
    DELETING = "deleting"


@dataclass(frozen=True)
class Kind:
    """Requests that stand and fall together: what they do, and below which prefix (empty: anywhere). Documents can be read without those not `needed`."""

    doing: Doing
    prefix: str
    needed: bool = True

    def __str__(self) -> str:
        return f"{self.doing.value} {'under ' + self.prefix if self.prefix else 'in the bucket'}"


@dataclass(frozen=True)
class Trouble:
    """What is wrong. `since` and `last` by the monotonic clock; `failures` since then; `kind` is None where nothing at all works."""

    reason: Reason
    kind: Kind | None
    since: float
    last: float
    failures: int

    @property
    def stops_reading(self) -> bool:
        return self.kind is None or self.kind.needed

    @property
    def cuts_off(self) -> bool:
        """Not even what is there can be seen."""
        return self.kind is None or self.kind.doing in (Doing.LISTING, Doing.READING)

    @property
    def text(self) -> str:
        """For people, the same as long as the cause is: no key, no address, no secret."""
        sentence = REASONS[self.reason].sentence
        return sentence if self.kind is None else f"{sentence} (while {self.kind})"


@dataclass(frozen=True)
class _Fault:
    reason: Reason
    since: float
    last: float
    failures: int
    in_a_row: int


class StoreCondition:
    """Fed by `WatchedStore` from any thread. Times in seconds.

    A request without an answer for `silent_seconds`, while no other got one either, counts as `no_answer` before the client's own time-outs.
    A cause of one kind of request that was not met again for `forget_seconds` is forgotten: the request may never be made again.
    """

    def __init__(self, monotonic: Callable[[], float], silent_seconds: float, forget_seconds: float) -> None:
        self._monotonic = monotonic
        self._silent_seconds = silent_seconds
        self._forget_seconds = forget_seconds
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: dict[int, float] = {}  # when each request without an answer was sent
        self._faults: dict[Kind, _Fault] = {}
        self._answered_at = monotonic()

    def sent(self) -> int:
        """A small request was sent, whose answer must not take long; the number is for `over`."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = self._monotonic()
            return number

    def over(self, number: int) -> None:
        with self._lock:
            self._waiting.pop(number, None)

    def answered(self, kind: Kind) -> None:
        """The store did as it was asked, or said that what was asked about is not as it should be."""
        with self._lock:
            self._answered_at = self._monotonic()
            self._faults.pop(kind, None)
            if self._faults:
                self._faults = {other: fault for other, fault in self._faults.items() if REASONS[fault.reason].reach is Reach.KIND}

    def failed(self, kind: Kind, reason: Reason) -> None:
        with self._lock:
            now = self._monotonic()
            if REASONS[reason].reach is Reach.KIND and not REASONS[reason].passing:
                self._answered_at = now  # a refusal is an answer
            known = self._faults.get(kind) or _Fault(reason, now, now, 0, 0)
            self._faults[kind] = replace(known, reason=reason, last=now, failures=known.failures + 1, in_a_row=known.in_a_row + 1)

    @property
    def trouble(self) -> Trouble | None:
        """The worst of what is wrong now: what concerns the whole store first, then what was met last."""
        with self._lock:
            now = self._monotonic()
            self._faults = {
                kind: fault for kind, fault in self._faults.items() if now - fault.last < self._remembered_seconds(fault.reason)
            }
            found = [_trouble(kind, fault) for kind, fault in self._faults.items() if self._is_certain(fault, now)]
            silent_since = min(self._waiting.values(), default=now)
        whole = [trouble for trouble in found if trouble.kind is None]
        if whole:
            latest = max(whole, key=lambda trouble: trouble.last)
            return replace(latest, since=min(one.since for one in whole), failures=sum(one.failures for one in whole))
        if now - max(silent_since, self._answered_at) >= self._silent_seconds:
            return Trouble(Reason.NO_ANSWER, None, silent_since, now, 0)
        return max(found, key=lambda trouble: (trouble.stops_reading, trouble.last), default=None)

    def _remembered_seconds(self, reason: Reason) -> float:
        return min(PASSING_SECONDS, self._forget_seconds) if REASONS[reason].passing else self._forget_seconds

    def _is_certain(self, fault: _Fault, now: float) -> bool:
        if not REASONS[fault.reason].passing or fault.in_a_row >= IN_A_ROW:
            return True
        return now - self._answered_at >= self._silent_seconds


def _trouble(kind: Kind, fault: _Fault) -> Trouble:
    whole = REASONS[fault.reason].reach is Reach.STORE
    return Trouble(fault.reason, None if whole else kind, fault.since, fault.last, fault.failures)
