"""One process of the daemon in virtual time: the real dispatcher, claims and pipeline, over one process's view of the bucket."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from random import Random

from simulation.actors import Process
from simulation.futures import ActorExecutor, Heart, InlineExecutor, Slots
from simulation.history import EventLog
from simulation.plan import LEASE, POLL, SWEEP, Fate, Fault, Plan
from simulation.reading import MarkedParser, MarkedRecogniser
from simulation.store import Bucket, ProcessStore

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Creates
from watcher.lease.bids import Bids
from watcher.lease.claim import Identity
from watcher.metrics import Metrics
from watcher.pipeline.bench import Bench, Rules
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.outage import Gate
from watcher.pipeline.retain import SourceRemover
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.vitals import Vitals
from watcher.storage.memory import Conditions

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LAYOUT = Layout()
GRACE = 10.0
MAX_SKEW = 2e6
"""Wall clocks are wrong by up to half of this either way: 23 days between two of them, less than a closed log is kept."""


@dataclass
class Shared:
    """What the processes of one world share besides the bucket."""

    plan: Plan
    bucket: Bucket
    scratch: Path
    reads: Counter[str] = field(default_factory=Counter)
    metrics: Metrics = field(default_factory=lambda: Metrics(lambda: 0.0))


class SimulatedReplica:
    """`name` of the replica, `life` how often it was started. Ends by death, or after SIGTERM once everything was given back."""

    def __init__(self, shared: Shared, name: str, life: int) -> None:
        scheduler, history = shared.bucket.scheduler, shared.bucket.history
        self.process = Process(f"{name}.{life}")
        self._scheduler = scheduler
        self._wall_error = 0.0
        self._stopping = False
        random = Random(f"{shared.plan.seed} {self.process.name} jitter")
        booted = random.uniform(0, 1e6)
        clock = Clock(lambda: scheduler.now + booted, self._wall)
        self.heart = Heart(scheduler, self.process)
        self.recogniser = MarkedRecogniser(self.process, scheduler, history, shared.reads)
        self.give_back = threading.Event()
        store = ProcessStore(shared.bucket, self.process, Fate(shared.plan, self.process.name), self._befall, shared.plan.conditions)
        rules = Rules(
            retention=shared.plan.retention,
            policy=RetryPolicy(shared.plan.max_attempts, 20.0, 60.0),
            file_bytes=10_000,
            window_pages=2,
            render_pages=1,
            failed_pages_percent=0.0,
            free_handovers=shared.plan.free_handovers,
            options={},
            omit_labels=frozenset(),
        )
        bench = Bench(
            store=store,
            layout=LAYOUT,
            rules=rules,
            parser=MarkedParser(self.process),
            recogniser=self.recogniser,
            uploads=ActorExecutor(scheduler, self.process) if shared.plan.concurrent_uploads else InlineExecutor(),
            remover=SourceRemover(store, shared.plan.removal),
            keep=self.heart.keep,
            mirror=None,
            scratch=shared.scratch / self.process.name,
            clock=clock,
            jitter=random.random,
            log=EventLog(history, self.process.name),
            metrics=shared.metrics,
            give_back=self.give_back,
        )
        numbers = count(1)
        identity = Identity(name, LEASE, clock, lambda: f"{name}-{life}-{next(numbers)}")
        acquirer = Acquirer(
            store,
            identity,
            rules.policy,
            keeps_source=rules.retention == "keep",
            appender=Creates() if shared.plan.conditions is Conditions.ATOMIC else Bids(scheduler.sleep),
        )
        inbox = Inbox(store, LAYOUT, (), clock.monotonic, random.random, 6 * POLL)
        gate = Gate(lambda: None, rules.policy, clock.monotonic, lambda: 0.0)  # the store's faults are drawn for each request, none lasts
        self.dispatcher = Dispatcher(
            bench, acquirer, inbox, Sweep(store, LAYOUT), Vitals(clock.monotonic), shared.plan.documents, gate, finishing=1
        )
        self.dispatcher._threads = ActorExecutor(scheduler, self.process)
        self.dispatcher._slots = Slots(scheduler, shared.plan.documents)
        scheduler.spawn(self.process, self._scans, random.uniform(0, POLL))
        scheduler.spawn(self.process, self._sweeps, random.uniform(0, POLL))

    @property
    def ended(self) -> bool:
        return self.process.dead or not self.process.actors

    def _scans(self) -> None:
        while not self._stopping:
            self.dispatcher.scan()
            self._scheduler.sleep(POLL)

    def _sweeps(self) -> None:
        while not self._stopping:
            self.dispatcher.sweep()
            self._scheduler.sleep(SWEEP)

    def _end(self) -> None:
        """As the daemon hands over: nothing new, what fits in the grace period, the rest given back."""
        self._scheduler.sleep(GRACE)
        self.give_back.set()
        self.recogniser.closed = True

    def _befall(self, fault: Fault, size: float) -> None:
        if fault is Fault.SKEW:
            self._wall_error = (size - 0.5) * MAX_SKEW * 10 ** (-6 * (1 - size))
        elif fault is Fault.ENGINE:
            self.recogniser.unavailable = True
        elif not self._stopping:
            self._stopping = True
            self.dispatcher.stop()
            self._scheduler.spawn(self.process, self._end)

    def _wall(self) -> datetime:
        return START + timedelta(seconds=self._scheduler.now + self._wall_error)
