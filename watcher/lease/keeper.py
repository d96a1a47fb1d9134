"""The heartbeat of a held claim."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from watcher.lease.claim import Claim

RENEW_SHARE = 1 / 3
RETRY_SHARE = 1 / 15


@contextmanager
def kept(claim: Claim) -> Iterator[Claim]:
    """Renews the claim every third of its lease, sooner after a failure, from a thread of its own, until the block ends."""
    ended = threading.Event()
    lease = claim.identity.lease_seconds

    def beat() -> None:
        pause = lease * RENEW_SHARE
        while not ended.wait(pause) and not claim.fenced:
            pause = lease * (RENEW_SHARE if claim.renew() else RETRY_SHARE)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield claim
    finally:
        ended.set()
        thread.join()
