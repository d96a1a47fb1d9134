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
_OTHERS_WERE_FIRST = ("held", "lost", "gone")


@dataclass(frozen=True)
class _Observation:
    """What stood at a log's end, and when, on our own monotonic clock, the answer that first showed it came."""

    tail: Tail
    entry: Entry
    answered_at: float


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

    def acquire(self, prefix: str, source: Source) -> Claim | Skip:
        """Tries to hold the log `prefix` of a version whose source was seen in the inbox, or whose log was seen open."""
        log = ClaimLog(self._store, prefix, self._appender)
        if self._observed(prefix) is None:
            first = claim(log, 1, self._identity.entry(Phase.HELD, source, attempts=1), self._identity, frozenset())
            if isinstance(first, Claim):
                return first
            if first is Append.UNKNOWN:
                return Skip("unknown")
            taken = self._take_over(log, source)
            return replace(taken, contended=taken.reason in _OTHERS_WERE_FIRST) if isinstance(taken, Skip) else taken
        return self._take_over(log, source)

    def forget(self, prefix: str) -> None:
        """Drops what was observed of a log that is closed or whose source is gone."""
        with self._lock:
            self._observations.pop(prefix, None)

    def _take_over(self, log: ClaimLog, source: Source) -> Claim | Skip:
        clock = self._identity.clock
        sent = clock.monotonic()
        tail = log.tail()
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
            self._remember(log.prefix, observation)
        decision = decide(
            observation.entry,
            sent - observation.answered_at,
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
