"""Which renewals are told of."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from doubles.clocks import SetClock
from doubles.replica import LAYOUT, LEASE, drop, in_process_replica
from doubles.stores import HookedStore

from watcher.lease.claim import Claim
from watcher.lease.keeper import renew_until
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError


def test_a_renewal_without_an_answer_is_told_once_and_then_that_it_is_renewed_again(tmp_path: Path) -> None:
    store = HookedStore(MemoryStore())
    with in_process_replica("one", store, tmp_path) as replica:
        claim = replica.acquire(drop(store, "a.pdf", "one"))
    beats = count(1)
    told: list[tuple[str, int, bool]] = []

    def fail(verb: str, key: str) -> None:
        if key.endswith(".beat") and next(beats) in (2, 3, 4):
            raise UnavailableError("the store is away")

    def tell(claim: Claim, failures: int) -> None:
        told.append((claim.unrenewed, failures, 0 < claim.seconds_left < LEASE))

    def ended(seconds: float, time: SetClock = replica.time) -> bool:
        time.advance(seconds)
        return time.seconds > 2 * LEASE

    store.before.append(fail)
    renew_until(claim, ended, tell)
    assert told == [("the store is away", 0, True), ("", 3, True)]
    assert store.head(f"{LAYOUT.claim_log(drop(store, 'a.pdf', 'one'))}000001.beat")
