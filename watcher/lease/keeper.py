"""The heartbeat of a held claim."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from watcher.lease.claim import Claim

RENEW_SHARE = 1 / 3
RETRY_SHARE = 1 / 15

Keep = Callable[[Claim], AbstractContextManager[Claim]]
"""Renews a claim while a block runs."""


@contextmanager
def kept(claim: Claim) -> Iterator[Claim]:
    """Renews the claim every third of its lease, sooner after a failure, from a thread of its own, until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=renew_until, args=(claim, ended.wait), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield claim
    finally:
        ended.set()
        thread.join()


def renew_until(claim: Claim, ended: Callable[[float], bool]) -> None:
    """Renews until `ended`, which waits so many seconds at most, says True, or the claim is fenced."""
    lease = claim.identity.lease_seconds
    pause = lease * RENEW_SHARE
    while not ended(pause) and not claim.fenced:
        pause = lease * (RENEW_SHARE if claim.renew() else RETRY_SHARE)
