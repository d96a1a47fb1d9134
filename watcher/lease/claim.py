"""A claim that this replica holds: it renews itself, fences itself, and ends by one more entry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from watcher.domain.claim import Beat, Entry, Fault, Outcome, Phase, Purpose
from watcher.domain.clock import Clock
from watcher.domain.manifest import Source
from watcher.domain.waits import Wait
from watcher.lease.appending import Append
from watcher.lease.log import ClaimLog
from watcher.lease.names import EntryName
from watcher.storage.port import StoreError

HELD_SHARE = 2 / 3
"""The part of a lease, counted from the sending of the request that got it, during which its holder may write."""


class FencedError(Exception):
    """The claim is lost, or may be: its holder must not write any more."""


@dataclass(frozen=True)
class Identity:
    """Who appends entries: the replica's name, its lease in seconds, its clock and its source of nonces."""

    replica: str
    lease_seconds: float
    clock: Clock
    nonce: Callable[[], str]

    def entry(
        self,
        phase: Phase,
        source: Source,
        attempts: int,
        *,
        generation: int = 1,
        purpose: Purpose = Purpose.READ,
        took_over: bool = False,
        pages_done: int = 0,
        handovers: int = 0,
        postponed: int = 0,
        delay_seconds: float = 0.0,
        reason: str = "",
        outcome: Outcome | None = None,
        error: Fault | None = None,
    ) -> Entry:
        now = self.clock.now()
        return Entry(
            phase=phase,
            nonce=self.nonce(),
            owner=self.replica,
            source=source,
            at=now,
            attempts=attempts,
            generation=generation,
            purpose=purpose,
            lease_seconds=self.lease_seconds,
            took_over=took_over,
            pages_done=pages_done,
            handovers=handovers,
            postponed=postponed,
            delay_seconds=delay_seconds,
            not_before=now + timedelta(seconds=delay_seconds) if phase is Phase.WAITING else None,
            reason=reason,
            outcome=outcome,
            error=error,
        )


def claim(log: ClaimLog, number: int, entry: Entry, identity: Identity, known: frozenset[EntryName] | None) -> Claim | Append:
    """Appends a held entry, `known` as in `Appender.append`. A `Claim` only where it was won and its deadline still lies ahead."""
    deadline = identity.clock.monotonic() + HELD_SHARE * identity.lease_seconds
    result = log.append(number, entry, known)
    if result is not Append.WON:
        return result
    if identity.clock.monotonic() >= deadline:
        return Append.UNKNOWN
    return Claim(log, number, entry, identity, deadline)


class Claim:
    """Held from the moment it was won until it is fenced, for good, or ended. Any thread may `check` it; one thread at a time renews it.

    `unrenewed` says why the last renewal got no answer, and is empty where it got one. `pages_done` and `pages_total` are what the next beat tells.
    """

    def __init__(self, log: ClaimLog, number: int, entry: Entry, identity: Identity, deadline: float) -> None:
        self.log = log
        self.number = number
        self.entry = entry
        self.identity = identity
        self.pages_done = 0
        self.pages_total = 0
        self._deadline = deadline
        self._looked_at = identity.clock.monotonic()
        self.unrenewed = ""
        self._sequence = 0
        self._fenced = threading.Event()
        self._why = "its lease ran out before it could be renewed"

    @property
    def seconds_left(self) -> float:
        """Until it is fenced, unless a renewal succeeds."""
        return max(0.0, self._deadline - self.identity.clock.monotonic())

    @property
    def fenced(self) -> bool:
        if self.identity.clock.monotonic() >= self._deadline:
            self._fenced.set()
        return self._fenced.is_set()

    def check(self) -> None:
        """Raises `FencedError` where nothing may be written any more: called before every write."""
        if self.fenced:
            raise FencedError(self._why)

    def once_a_lease(self) -> bool:
        """True at most once in the length of a lease: for looks that cost a request. To be asked from one thread at a time."""
        now = self.identity.clock.monotonic()
        if now - self._looked_at < self.identity.lease_seconds:
            return False
        self._looked_at = now
        return True

    def renew(self) -> bool:
        """Beats, makes sure that nobody took over or replaced its entry, and only if both answers came before the old deadline moves it. False where it did not move."""
        clock = self.identity.clock
        if self.fenced:
            return False
        sent = clock.monotonic()
        self._sequence += 1
        beat = Beat(
            nonce=self.entry.nonce, sequence=self._sequence, at=clock.now(), pages_done=self.pages_done, pages_total=self.pages_total
        )
        try:
            self.log.beat(self.number, beat)
            lost = self.log.lost(self.number, self.entry)
        except StoreError as error:
            self.unrenewed = str(error)
            return False
        self.unrenewed = ""
        if lost:
            self._why = "another replica took it over"
            self._fenced.set()
        if self.fenced:
            return False
        self._deadline = sent + HELD_SHARE * self.identity.lease_seconds
        return True

    def close(self, outcome: Outcome) -> bool:
        entry = self._following(Phase.CLOSED, outcome=outcome, error=self.entry.error if outcome is Outcome.FAILED else None)
        return self._end(entry)

    def wait(self, delay_seconds: float, error: Fault | None, *, charged: bool, reason: str = "") -> bool:
        """Gives the document back until `delay_seconds` have passed. Not `charged`: this attempt does not count. `reason`: a word for people."""
        return self._end(
            self._following(
                Phase.WAITING,
                attempts=self.entry.attempts if charged else self._attempts_before,
                purpose=self.entry.purpose,
                postponed=0 if charged else self.entry.postponed + 1,
                delay_seconds=delay_seconds,
                reason=reason,
                error=error or self.entry.error,
            )
        )

    def hand_back(self, *, gained: bool, free_handovers: int) -> bool:
        """Gives the document back, due at once: free of charge if a page was gained, or at most `free_handovers` times."""
        free = gained or self.entry.handovers < free_handovers
        return self._end(
            self._following(
                Phase.WAITING,
                attempts=self._attempts_before if free else self.entry.attempts,
                purpose=self.entry.purpose,
                handovers=0 if gained else self.entry.handovers + 1,
                reason=Wait.GIVEN_BACK.value,
                error=self.entry.error,
            )
        )

    def quarantine(self, error: Fault) -> Claim:
        """The claim under which a failed document is moved out of the inbox. Raises `FencedError` where it could not be had."""
        self.check()
        entry = self._following(Phase.HELD, purpose=Purpose.QUARANTINE, error=error)
        following = claim(self.log, self.number + 1, entry, self.identity, known=None)
        self._fenced.set()
        if not isinstance(following, Claim):
            raise FencedError(f"the next entry of its log was {following.value}")
        following.pages_done, following.pages_total = self.pages_done, self.pages_total
        return following

    @property
    def _attempts_before(self) -> int:
        """Attempts without this one: a claim to quarantine is none."""
        return self.entry.attempts - (self.entry.purpose is Purpose.READ)

    def _following(
        self,
        phase: Phase,
        *,
        attempts: int | None = None,
        purpose: Purpose = Purpose.READ,
        handovers: int | None = None,
        postponed: int = 0,
        delay_seconds: float = 0.0,
        reason: str = "",
        outcome: Outcome | None = None,
        error: Fault | None = None,
    ) -> Entry:
        return self.identity.entry(
            phase,
            self.entry.source,
            self.entry.attempts if attempts is None else attempts,
            generation=self.entry.generation,
            purpose=purpose,
            pages_done=max(self.entry.pages_done, self.pages_done),
            handovers=self.entry.handovers if handovers is None else handovers,
            postponed=postponed,
            delay_seconds=delay_seconds,
            reason=reason,
            outcome=outcome,
            error=error,
        )

    def _end(self, entry: Entry) -> bool:
        """True where the entry stands; False where another holds the log by now, or nobody can tell."""
        result = self.log.append(self.number + 1, entry)
        self._fenced.set()
        if result is Append.LOST:
            self.log.replaced(self.number, self.entry)  # documents that end before the first beat are told of, too
        return result is Append.WON
