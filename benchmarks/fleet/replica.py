"""One replica of the fleet: the daemon's own dispatcher, inbox and claims in virtual time, over documents that take their time and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from simulation.actors import Actor, Process, Scheduler
from simulation.futures import ActorExecutor, InlineExecutor

from benchmarks.bare_bench import LAYOUT, POLICY, bare_bench
from benchmarks.fleet.bucket import Bucket
from benchmarks.fleet.load import Load
from watcher.app import STALE_WINDOW_POLLS
from watcher.domain.claim import Outcome, Skip
from watcher.domain.clock import Clock
from watcher.domain.document import Document
from watcher.domain.manifest import Source
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim, Identity
from watcher.lease.keeper import RENEW_SHARE
from watcher.metrics import Metrics
from watcher.pipeline.attempt import End
from watcher.pipeline.bench import Bench
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.outage import Gate
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.vitals import Vitals

Began = Callable[[Document], None]


class Slots:
    """The dispatcher's semaphore in virtual time."""

    def __init__(self, scheduler: Scheduler, number: int) -> None:
        self._scheduler = scheduler
        self._number = self._free = number
        self._waiting: list[Actor] = []

    @property
    def taken(self) -> int:
        return self._number - self._free

    def acquire(self, timeout: float) -> bool:
        if not self._free:
            self._scheduler.wait(self._waiting)
        self._free -= 1
        return True

    def release(self) -> None:
        self._free += 1
        self._scheduler.wake(self._waiting)


class _Watched(Acquirer):
    """Counts what it looked at before, and did not get."""

    vain_looks = 0

    def acquire(self, prefix: str, source: Source, *, look_first: bool = False) -> Claim | Skip:
        acquired = super().acquire(prefix, source, look_first=look_first)
        self.vain_looks += look_first and isinstance(acquired, Skip)
        return acquired


class FleetReplica:
    """`began` is told of each document that it came to hold."""

    def __init__(self, name: str, load: Load, scheduler: Scheduler, bucket: Bucket, clock: Clock, metrics: Metrics, began: Began) -> None:
        self._load = load
        self._scheduler = scheduler
        self._began = began
        random = Random(f"{load.seed} {name}")
        numbers = count(1)
        store: Any = bucket
        bench = bare_bench(store, clock, random.random, InlineExecutor(), metrics)
        identity = Identity(name, load.lease_seconds, clock, lambda: f"{name}-{next(numbers)}")
        acquirer = _Watched(store, identity, POLICY, keeps_source=False)
        inbox = Inbox(store, LAYOUT, (), clock.monotonic, random.random, STALE_WINDOW_POLLS * load.poll_seconds)
        gate = Gate(lambda: None, POLICY, clock.monotonic, random.random)
        sweep = Sweep(store, LAYOUT)
        self.dispatcher = Dispatcher(bench, acquirer, inbox, sweep, Vitals(clock.monotonic), load.slots, gate, run=self._attempt)
        process = Process(name)
        self.slots = Slots(scheduler, load.slots)
        self._acquirer = acquirer
        self.dispatcher._slots = self.slots  # type: ignore[assignment]
        self.dispatcher._threads = ActorExecutor(scheduler, process)  # type: ignore[assignment]
        self.process = process
        scheduler.spawn(process, self._scans, random.uniform(0, load.poll_seconds))

    @property
    def vain_looks(self) -> int:
        return self._acquirer.vain_looks

    def _scans(self) -> None:
        """As the scheduler of the daemon starts rounds: on its interval, and not while one goes on."""
        began, poll = self._scheduler.now, self._load.poll_seconds
        while True:
            self.dispatcher.scan()
            self._scheduler.sleep(poll - (self._scheduler.now - began) % poll)

    def _attempt(
        self, bench: Bench, claim: Claim, document: Document, progressed: Callable[[], None], read_through: Callable[[], None]
    ) -> End:
        """All that happens to a document between its claim and its end, as time: with the beats of its claim, its source's removal, its last entry."""
        self._began(document)
        left = self._load.document_seconds
        while left > (pause := self._load.lease_seconds * RENEW_SHARE):
            self._scheduler.sleep(pause)
            claim.renew()
            left -= pause
        self._scheduler.sleep(left)
        bench.remover.remove(document.key, document.etag, claim.check)
        claim.close(Outcome.DONE)
        return End.DONE
