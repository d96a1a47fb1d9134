"""A fleet from its start until its inbox is empty, and what was counted."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from simulation.actors import Scheduler

from benchmarks.bare_bench import LAYOUT
from benchmarks.fleet.bucket import Bucket, InboxShelf
from benchmarks.fleet.load import Drop, Load
from benchmarks.fleet.replica import FleetReplica
from watcher.domain.clock import Clock
from watcher.domain.document import Document
from watcher.metrics import Metrics

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_MOST_DRAIN_TIMES = 50
"""A fleet that takes so many times longer than the ideal is stuck."""


@dataclass(frozen=True)
class Outcome:
    """What came of a load. Virtual seconds, but `real_seconds`, that the simulation took.

    `refused`: creates of a first claim entry that found another's there: lost claim attempts. `vain_looks`: documents that a replica looked at before,
    and left alone. `waits`: from the drop, or from the start for what lay there, to the claim, of all documents, sorted. `read_twice`: documents that two replicas held. `requests` by operation and first part of the key.
    """

    load: Load
    drained_at: float
    refused: int
    vain_looks: int
    read_twice: int
    requests: Counter[str]
    waits: tuple[float, ...]
    real_seconds: float

    @property
    def lost_share(self) -> float:
        """Of all attempts to claim."""
        return self.refused / (self.load.documents + self.refused)

    @property
    def times_ideal(self) -> float:
        return self.drained_at / self.load.ideal_seconds

    @property
    def requests_per_document(self) -> float:
        """Those about finding, claiming and removing it; what reading and writing it takes comes on top."""
        return self.requests.total() / self.load.documents

    def wait(self, share: float) -> float:
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


class _World:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._scheduler = scheduler = Scheduler()
        self._drops = load.drops()
        clock = Clock(lambda: scheduler.now, lambda: START + timedelta(seconds=scheduler.now))
        shelf = InboxShelf(self._drops, START)
        self._bucket = Bucket(shelf, clock.now, scheduler.sleep, load.request_seconds, load.list_seconds)
        self._dropped_at = {LAYOUT.incoming + drop.name: max(drop.at, 0.0) for drop in self._drops}
        self._claimed: dict[str, float] = {}
        self._read_twice = 0
        self._next = 0
        metrics = Metrics(lambda: 0.0)
        self._replicas = [
            FleetReplica(f"r{number}", load, scheduler, self._bucket, clock, metrics, self._began) for number in range(load.replicas)
        ]

    def run(self) -> Outcome:
        began = time.perf_counter()
        self._drop()
        limit = self._load.dropped_over + _MOST_DRAIN_TIMES * self._load.ideal_seconds + 100 * self._load.poll_seconds
        try:
            self._scheduler.run(limit, self._drained)
        finally:
            self._scheduler.close([replica.process for replica in self._replicas])
        if not self._drained():
            raise AssertionError(f"{self._bucket.inbox.standing} documents stand in the inbox after {limit:,.0f} s")
        return Outcome(
            load=self._load,
            drained_at=self._scheduler.now,
            refused=self._bucket.refused,
            vain_looks=sum(replica.vain_looks for replica in self._replicas),
            read_twice=self._read_twice,
            requests=self._bucket.requests,
            waits=tuple(sorted(at - self._dropped_at[key] for key, at in self._claimed.items())),
            real_seconds=time.perf_counter() - began,
        )

    def _drained(self) -> bool:
        return not self._bucket.inbox.standing and self._next == len(self._drops)

    def _drop(self) -> None:
        """All that is due, and again when the next one is."""
        drops = self._drops
        while self._next < len(drops) and drops[self._next].at <= self._scheduler.now:
            self._lay(drops[self._next])
            self._next += 1
        if self._next < len(drops):
            self._scheduler.at(drops[self._next].at, self._drop)

    def _lay(self, drop: Drop) -> None:
        self._bucket.inbox.lay(LAYOUT.incoming + drop.name)

    def _began(self, document: Document) -> None:
        self._read_twice += document.key in self._claimed
        self._claimed.setdefault(document.key, self._scheduler.now)


def simulate(load: Load) -> Outcome:
    return _World(load).run()
