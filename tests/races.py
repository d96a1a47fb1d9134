"""Races of real claims: many replicas reach for the same document at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from uuid import uuid4

from watcher.domain.claim import Skip
from watcher.domain.clock import Clock
from watcher.domain.manifest import Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Appender
from watcher.lease.claim import Claim, Identity
from watcher.storage.port import Store

RACERS = 16
LEASE = 60.0
POLLS = 5
START_TIMEOUT = 30.0
CLOCK = Clock(time.monotonic, lambda: datetime.now(timezone.utc))

Reach = Callable[[str, Source], list[Claim]]


@contextmanager
def racing_replicas(store: Store, appender: Appender) -> Iterator[Reach]:
    """Yields what lets all replicas reach for one log at the same moment, and returns the claims that they believe to hold."""
    acquirers = [
        Acquirer(
            store,
            Identity(f"r{number}", LEASE, CLOCK, lambda: uuid4().hex),
            RetryPolicy(3, 30, 3600),
            keeps_source=False,
            appender=appender,
        )
        for number in range(RACERS)
    ]
    with ThreadPoolExecutor(RACERS, "racer") as pool:

        def reach(log: str, source: Source) -> list[Claim]:
            start = threading.Barrier(RACERS)

            def acquire(acquirer: Acquirer) -> Claim | Skip:
                start.wait(START_TIMEOUT)
                return acquirer.acquire(log, source)

            return [claim for claim in pool.map(acquire, acquirers) if isinstance(claim, Claim)]

        yield reach


def winners(store: Store, appender: Appender, rounds: int) -> list[int]:
    """How many held each of `rounds` fresh documents. Where all of them gave way, which slow bidders may, they reach for it again, as the next poll would."""
    source = Source(key="incoming/a.pdf", etag="e", size=1, dropped_at=datetime.now(timezone.utc))
    with racing_replicas(store, appender) as reach:
        return [_reach_until_held(reach, f"claims/{uuid4().hex}.pdf/0123456789ab/", source) for _ in range(rounds)]


def _reach_until_held(reach: Reach, log: str, source: Source) -> int:
    return next((len(claims) for _ in range(POLLS) if (claims := reach(log, source))), 0)
