"""How a replica comes to hold a document version, and what it remembers of those that it could not get."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from watcher.domain.claim import Entry, Phase, Skip, Take, decide, spared
from watcher.domain.manifest import Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.appending import Append, Appender, Creates
from watcher.lease.claim import Claim, Identity, claim
from watcher.lease.log import ClaimLog, Tail, UnreadableEntryError
from watcher.storage.port import NotFoundError, Store
from watcher.storage.standing import stands

MOST_OBSERVATIONS = 10_000
"""Logs held by others or waiting that a replica watches at a time; more than that are watched in turn."""
LOOK_SHARE = 1 / 3
"""Of a lease: how long a log that another holds is not looked at again, since its holder beats no sooner."""
_OTHERS_WERE_FIRST = ("held", "lost", "gone")


@dataclass(frozen=True)
class _Observation:
    """What stood at a log's end, and when, on our own monotonic clock, the answer that first showed it came; a look before `look_at` is in vain."""

    tail: Tail
    entry: Entry
    answered_at: float
    look_at: float = 0.0


@dataclass(frozen=True)
class _Seen:
    """The end of a log, and when it was asked for."""

    sent: float
    tail: Tail | None


class Acquirer:
    """Acquires by appending, and by watching logs that others hold. Any thread may call it, each log from one thread at a time."""

    def __init__(
        self, store: Store, identity: Identity, policy: RetryPolicy, *, keeps_source: bool, appender: Appender | None = None
    ) -> None:
        self._store = store
        self._identity = identity
        self._policy = policy
        self._keeps_source = keeps_source
        self._appender = appender or Creates()
        self._observations: dict[str, _Observation] = {}
        self._lock = threading.Lock()

    def acquire(self, prefix: str, source: Source, *, look_first: bool = False) -> Claim | Skip:
        """Tries to hold the log `prefix` of a version whose source was seen in the inbox, or whose log was seen open.

        `look_first`: where others are probably at it, looking costs less than to be refused.
        """
        log = ClaimLog(self._store, prefix, self._appender)
        known = self._observed(prefix) is not None
        seen = self._look(log) if known or look_first else _Seen(0.0, None)
        if not known and seen.tail is None:
            first = claim(log, 1, self._identity.entry(Phase.HELD, source, attempts=1), self._identity, frozenset())
            if isinstance(first, Claim):
                return first
            if first is Append.UNKNOWN:
                return Skip("unknown")
            seen = self._look(log)
        taken = self._take_over(log, seen, source)
        return replace(taken, contended=not known and taken.reason in _OTHERS_WERE_FIRST) if isinstance(taken, Skip) else taken

    def rests(self, prefix: str) -> bool:
        """Whether another look at a log that others hold would be in vain: too soon after the last one for anything to follow from it."""
        observation = self._observed(prefix)
        return observation is not None and self._identity.clock.monotonic() < observation.look_at

    def forget(self, prefix: str) -> None:
        """Drops what was observed of a log that is closed or whose source is gone."""
        with self._lock:
            self._observations.pop(prefix, None)

    def _look(self, log: ClaimLog) -> _Seen:
        sent = self._identity.clock.monotonic()
        return _Seen(sent, log.tail())

    def _take_over(self, log: ClaimLog, seen: _Seen, source: Source) -> Claim | Skip:
        clock, tail = self._identity.clock, seen.tail
        if tail is None:
            self.forget(log.prefix)
            return Skip("emptied", gone=True)
        observation = self._observed(log.prefix)
        if observation is None or observation.tail != tail:
            try:
                entry = log.read(tail.entries)
            except NotFoundError:
                return Skip("emptied", gone=True)
            except UnreadableEntryError:
                return Skip("unreadable")
            observation = _Observation(tail, entry, clock.monotonic())
        self._remember(log.prefix, replace(observation, look_at=self._next_look(observation)))
        decision = decide(
            observation.entry,
            seen.sent - observation.answered_at,
            clock.now(),
            self._identity.lease_seconds,
            self._policy,
            self._keeps_source,
        )
        if isinstance(decision, Skip):
            if decision.settled:
                self.forget(log.prefix)
            return decision
        if observation.entry.phase is Phase.CLOSED and not stands(self._store, source.key, source.etag):
            self.forget(log.prefix)
            return Skip("gone", gone=True)
        self.forget(log.prefix)
        if decision.took_over and tail.beat_etag is not None:
            decision = spared(decision, observation.entry, log.read_beat(tail.number))
        return self._append(log, tail, source, decision)

    def _append(self, log: ClaimLog, tail: Tail, source: Source, take: Take) -> Claim | Skip:
        entry = self._identity.entry(
            Phase.HELD,
            source,
            take.attempts,
            generation=take.generation,
            purpose=take.purpose,
            took_over=take.took_over,
            pages_done=take.pages_done,
            handovers=take.handovers,
            postponed=take.postponed,
            error=take.error,
        )
        taken = claim(log, tail.number + 1, entry, self._identity, tail.entries)
        return taken if isinstance(taken, Claim) else Skip(taken.value)

    def _next_look(self, observation: _Observation) -> float:
        """Often enough to see each beat, and at the very moment in which something may follow from it."""
        entry, now, lease = observation.entry, self._identity.clock.monotonic(), self._identity.lease_seconds
        if entry.phase is Phase.WAITING:
            by_clock = (entry.not_before - self._identity.clock.now()).total_seconds() if entry.not_before else 0.0
            return min(now + by_clock, observation.answered_at + entry.delay_seconds, now + lease)
        due = observation.answered_at + max(lease, entry.lease_seconds)
        return min(now + lease * LOOK_SHARE, due) if now < due else now

    def _remember(self, prefix: str, observation: _Observation) -> None:
        """Of many, only the latest: those of documents that others have finished since are never asked for again."""
        with self._lock:
            self._observations.pop(prefix, None)
            self._observations[prefix] = observation
            while len(self._observations) > MOST_OBSERVATIONS:
                self._observations.pop(next(iter(self._observations)))

    def _observed(self, prefix: str) -> _Observation | None:
        with self._lock:
            return self._observations.get(prefix)
