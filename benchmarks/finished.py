"""A bucket in which a hundred thousand documents were processed, and an empty one: what a look into the empty inbox of each costs.

The real store, the daemon's dispatcher over it. Of each finished document stand the two entries of its claim log and its manifest, made here: the
rest of its results, and the reading of it, would change nothing in what is looked at. The sweep, which goes through all claim logs and is no part of
a poll, is counted beside it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

from benchmarks.bare_bench import LAYOUT, POLICY, bare_bench
from benchmarks.buckets import at_once, bucket_with
from benchmarks.pairs import measure_pairs
from benchmarks.row import Plan, Result, at_most
from watcher.app import STALE_WINDOW_POLLS
from watcher.domain.claim import Outcome, Phase
from watcher.domain.clock import Clock
from watcher.domain.document import Document
from watcher.domain.manifest import Source
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Identity
from watcher.metrics import Metrics
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.outage import Gate
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.vitals import Vitals
from watcher.storage.s3 import S3Config, S3Store

DOCUMENTS = 100_000
_POLLS = 200
_WRITERS = 8
_CLOCK = Clock(time.monotonic, lambda: datetime.now(timezone.utc))


@dataclass
class Watched:
    """A dispatcher on a bucket, and the requests that it sends, by operation."""

    config: S3Config
    requests: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        store = S3Store(self.config, lambda operation, status: self.requests.update([operation]))
        with ThreadPoolExecutor(1) as uploads:
            bench = bare_bench(store, _CLOCK, lambda: 0.0, uploads, Metrics(time.time))
        acquirer = Acquirer(store, Identity("bench", 60.0, _CLOCK, lambda: "nonce"), POLICY, keeps_source=False)
        inbox = Inbox(store, LAYOUT, (), time.monotonic, lambda: 0.0, STALE_WINDOW_POLLS * 5.0)
        gate = Gate(lambda: None, POLICY, time.monotonic, lambda: 0.0)
        self.dispatcher = Dispatcher(bench, acquirer, inbox, Sweep(store, LAYOUT), Vitals(time.monotonic), 4, gate)

    def seconds_of_a_poll(self, polls: int) -> float:
        began = time.perf_counter()
        for _ in range(polls):
            self.dispatcher.scan()
        return (time.perf_counter() - began) / polls

    def counted(self, polls: int) -> float:
        """Requests of a poll."""
        before = self.requests.total()
        self.seconds_of_a_poll(polls)
        return (self.requests.total() - before) / polls

    def sweep(self) -> float:
        """Requests of it."""
        before = self.requests.total()
        self.dispatcher.sweep()
        return float(self.requests.total() - before)


def measure(plan: Plan) -> Iterator[Result]:
    documents, polls = (20, 3) if plan.short else (DOCUMENTS, _POLLS)
    ceph = plan.ceph()
    with bucket_with(ceph, {}) as filled, bucket_with(ceph, {}) as empty:
        plan.tell(f"finished: makes {documents:,} finished documents")
        fill(filled, documents)
        ours, plain = Watched(filled), Watched(empty)
        ours.seconds_of_a_poll(1)
        plain.seconds_of_a_poll(1)  # connections stand
        name = f"finished: a poll of the empty inbox beside {documents:,} finished documents"
        pairs = measure_pairs(plan, name, partial(ours.seconds_of_a_poll, polls), partial(plain.seconds_of_a_poll, polls))
        requests: dict[str, tuple[float, ...]] = {"ours, requests": (ours.counted(polls),), "plain, requests": (plain.counted(polls),)}
        sweeps = tuple(ours.sweep() for _ in range(2))
    yield pairs.result(f"{name}, seconds", "an empty bucket", "s", at_most(1.05), requests)
    yield Result(
        name="finished: requests of such a poll",
        against="an empty bucket",
        figures=(requests["ours, requests"][0] / requests["plain, requests"][0],),
        goal=at_most(1),
        measured=requests,
    )
    yield Result(
        name=f"finished: requests of a sweep over {documents:,} claim logs",
        figures=sweeps[1:],
        unit="requests",
        measured={"the first of a process, requests": sweeps[:1]},
        notes=(
            "A sweep goes through the claim logs of claims.keep_days, every watch.sweep_seconds; the first of a process reads each closed log's end.",
        ),
    )


def fill(config: S3Config, documents: int) -> None:
    """Documents that were read and removed from the inbox, as their claim logs and manifests tell."""
    store = S3Store(config)
    identity = Identity("bench", 60.0, _CLOCK, lambda: "nonce")

    def finish(number: int) -> None:
        document = _document(number)
        source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
        log = LAYOUT.claim_log(document)
        held = identity.entry(Phase.HELD, source, 1).model_dump_json().encode()
        closed = identity.entry(Phase.CLOSED, source, 1, outcome=Outcome.DONE).model_dump_json().encode()
        for key, body in ((f"{log}000001", held), (f"{LAYOUT.result(document)}manifest.json", b"{}"), (f"{log}000002", closed)):
            store.put(key, body, "application/json")

    at_once(_WRITERS, [partial(finish, number) for number in range(documents)])


def _document(number: int) -> Document:
    return LAYOUT.document(f"{LAYOUT.incoming}{number:06}.pdf", f"{number:032x}", 100_000, datetime(2026, 1, 1, tzinfo=timezone.utc))
