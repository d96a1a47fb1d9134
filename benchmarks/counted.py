"""The requests that each thing a daemon does costs, counted: its own parts over an S3 server in this process, by S3 operation.

Documents are text whose pages are lines, since what a page holds changes no request; each has one block of text, so that no file of a figure or of
a structure is written: each of these is one more PutObject.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import structlog
from doubles.replica import InProcessReplica, drop, in_process_replica
from pydantic import BaseModel, ConfigDict
from servers.moto import run_moto

from benchmarks.bare_bench import LAYOUT
from benchmarks.finished import Watched
from watcher.app import utc_now
from watcher.domain.claim import Outcome
from watcher.domain.document import Document, Layout
from watcher.domain.manifest import Source
from watcher.domain.presence import Presence
from watcher.domain.verification import Progress
from watcher.lease.bids import Bids
from watcher.lease.claim import Claim
from watcher.lease.mode import AgreedAppender, Mode
from watcher.pipeline.attempt import End
from watcher.pipeline.bench import Retention
from watcher.pipeline.facts import find_out, marker_of
from watcher.pipeline.presence import Beacon
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.verify import Verifier
from watcher.storage.s3 import S3Config, S3Store

Requests = dict[str, float]
"""By S3 operation."""
RETENTIONS: tuple[Retention, ...] = ("archive", "keep", "delete")
FEW, MANY = 1, 10


class Counted(BaseModel):
    """`document` and `page` by retention: a document of n pages costs the one, and n times the other. `sweep`: besides its listing of the claims.
    `presence`: a sign of life. `log`: each closed claim log, the first time that a sweep sees it; `pruned`: each that is removed; `kept`: each old
    one whose original stands in the inbox, each time. `verified`: each finished result, besides the listing.
    """

    model_config = ConfigDict(frozen=True)

    start: Requests
    poll: Requests
    document: dict[Retention, Requests]
    page: dict[Retention, Requests]
    renewal: Requests
    sweep: Requests
    presence: Requests
    log: Requests
    pruned: Requests
    kept: Requests
    verified: Requests

    def of_document(self, retention: Retention, pages: int) -> Requests:
        return plus(self.document[retention], times(self.page[retention], pages))


def plus(first: Requests, second: Requests) -> Requests:
    return {name: first.get(name, 0) + second.get(name, 0) for name in sorted({*first, *second})}


def times(requests: Requests, factor: float) -> Requests:
    return {name: number * factor for name, number in requests.items()}


@dataclass
class Counting:
    """An S3 server in this process with a bucket on it, and the requests to that."""

    config: S3Config
    store: S3Store
    requests: Counter[str]
    scratch: Path

    def of(self, work: Callable[[], object]) -> Requests:
        before = Counter(self.requests)
        work()
        return {name: float(number) for name, number in sorted((self.requests - before).items())}

    @contextmanager
    def replica(self, name: str, retention: Retention = "archive") -> Iterator[InProcessReplica]:
        with in_process_replica(name, self.store, self.scratch / name) as replica:
            yield replica.with_rules(retention=retention)

    def read(self, pages: int, retention: Retention) -> Requests:
        """A document from its claim to its end."""

        def attempt() -> None:
            if (end := replica.attempt(document)) is not End.DONE:
                raise AssertionError(f"the document ended as {end.value}")

        with self.replica("reader", retention) as replica:
            document = drop(self.store, f"{retention}-{pages}.pdf", "\n".join("text" for _ in range(pages)))
            return self.of(attempt)


@contextmanager
def counting() -> Iterator[Counting]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    requests: Counter[str] = Counter()
    with run_moto(one_at_a_time=True) as server, tempfile.TemporaryDirectory() as scratch:
        config = server.new_bucket()
        store = S3Store(config, lambda operation, status: requests.update([operation]))
        try:
            yield Counting(config, store, requests, Path(scratch))
        finally:
            structlog.reset_defaults()


def count_requests() -> Counted:
    """Takes some seconds."""
    with counting() as counting_:
        return _count(counting_)


def _count(one: Counting) -> Counted:
    numbers = count(1)
    start = one.of(lambda: find_out(one.store, LAYOUT, lambda: f"n{next(numbers)}"))
    poll = Watched(one.config)
    poll.seconds_of_a_poll(1)
    before = Counter(poll.requests)
    poll.seconds_of_a_poll(1)
    polled = {name: float(number) for name, number in (poll.requests - before).items()}
    few = {retention: one.read(FEW, retention) for retention in RETENTIONS}
    many = {retention: one.read(MANY, retention) for retention in RETENTIONS}
    page = {name: _per(few[name], many[name], MANY - FEW) for name in RETENTIONS}
    appender = AgreedAppender(one.store, marker_of(LAYOUT), Mode.CONDITIONAL, Bids(lambda seconds: None), lambda why: None)
    beacon = Beacon(one.store, LAYOUT, _presence, utc_now, structlog.get_logger())
    log, pruned, kept = _swept(one)
    return Counted(
        start=start,
        poll=polled,
        document={name: plus(few[name], times(page[name], -FEW)) for name in RETENTIONS},
        page=page,
        renewal=_renewal(one),
        sweep=plus(one.of(appender.obey), one.of(beacon.sweep)),
        presence=one.of(beacon.tell),
        log=log,
        pruned=pruned,
        kept=kept,
        verified=_verified(one),
    )


def _presence() -> Presence:
    return Presence(
        replica="bench",
        nonce="1",
        version="1",
        engine="none",
        phase="ready",
        started_at=utc_now(),
        every_seconds=60,
        in_progress=0,
        finished=0,
        failed=0,
    )


def _per(first: Requests, second: Requests, more: int) -> Requests:
    return times(plus(second, times(first, -1)), 1 / more)


def _renewal(one: Counting) -> Requests:
    with one.replica("holder") as holder:
        claim: Claim = holder.acquire(drop(one.store, "held.pdf", "text"))
        return one.of(claim.renew)


def _swept(one: Counting) -> tuple[Requests, Requests, Requests]:
    """What a closed log costs a sweep that sees it first, one that leaves it for its original's sake, and one that removes it."""
    tomorrow = utc_now() + timedelta(days=1)
    layout = replace(LAYOUT, claims="swept-claims/", processed="swept-results/", failed="swept-failures/", incoming="swept-inbox/")
    documents = [_dropped(one, layout, f"{layout.incoming}{number}.pdf") for number in range(5)]
    listing = one.of(lambda: list(Sweep(one.store, layout).orphans()))
    for document in documents:
        _close(one, layout.claim_log(document), document)
    sweep = Sweep(one.store, layout, timedelta(0))
    first = one.of(lambda: list(sweep.orphans()))
    kept = one.of(lambda: sweep.prune(tomorrow))
    for document in documents:
        one.store.delete(document.key)
    pruned = one.of(lambda: sweep.prune(tomorrow))
    return _per(listing, first, len(documents)), times(pruned, 1 / len(documents)), times(kept, 1 / len(documents))


def _dropped(one: Counting, layout: Layout, key: str) -> Document:
    one.store.put(key, b"text", "application/pdf")
    info = one.store.head(key)
    return layout.document(info.key, info.etag, info.size, info.modified)


def _close(one: Counting, log: str, document: Document) -> None:
    source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
    with one.replica("closer") as closer:
        claim = closer.acquirer.acquire(log, source)
        if not isinstance(claim, Claim) or not claim.close(Outcome.DONE):
            raise AssertionError(f"{log} could not be closed")


def _verified(one: Counting) -> Requests:
    """Of each of the results that were read above."""
    layout = replace(LAYOUT, processed="no-results/")
    log = structlog.get_logger()
    listing = one.of(partial(_check, Verifier(one.store, layout, log)))
    results = sum(info.key.endswith("/manifest.json") for info in one.store.list(LAYOUT.processed))
    return _per(listing, one.of(partial(_check, Verifier(one.store, LAYOUT, log))), results)


def _check(verifier: Verifier) -> None:
    for _ in verifier.check(Progress()):
        pass
