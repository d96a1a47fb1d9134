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
Tell = Callable[[Claim, int], None]
"""Told when a renewal gets no answer (`claim.unrenewed` says why), not again with the next ones; and when one gets an answer, after how many failures."""


def _tell_nobody(claim: Claim, failures: int) -> None:
    pass


def keeping(tell: Tell) -> Keep:
    """Renews every third of the lease, sooner after a failure, from a thread of its own, until the block ends."""

    @contextmanager
    def keep(claim: Claim) -> Iterator[Claim]:
        ended = threading.Event()
        thread = threading.Thread(target=renew_until, args=(claim, ended.wait, tell), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield claim
        finally:
            ended.set()
            thread.join()

    return keep


def renew_until(claim: Claim, ended: Callable[[float], bool], tell: Tell = _tell_nobody) -> None:
    """Renews until `ended`, which waits so many seconds at most, says True, or the claim is fenced."""
    lease = claim.identity.lease_seconds
    pause = lease * RENEW_SHARE
    failures = 0
    while not ended(pause) and not claim.fenced:
        pause = lease * (RENEW_SHARE if claim.renew() else RETRY_SHARE)
        before, failures = failures, failures + 1 if claim.unrenewed else 0
        if failures == 1 or before > failures:
            tell(claim, before)
