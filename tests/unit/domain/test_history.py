"""What a claim log tells of past attempts, end by end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from doubles.clocks import START, SetClock
from doubles.stores import HookedStore

from watcher.domain.claim import Fault, Outcome
from watcher.domain.history import history
from watcher.domain.manifest import PastAttempt, Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim, Identity
from watcher.lease.log import ClaimLog
from watcher.storage.memory import MemoryStore

LEASE = 60.0
LOG = "claims/a.pdf/0123456789ab/"
SOURCE = Source(key="incoming/a.pdf", etag="", size=1, dropped_at=START)
FLAKY = Fault(code="engine_error", message="The engine refuses page 2.", transient=True, page=2)
DAMAGED = Fault(code="corrupt_pdf", message="The PDF is damaged.", transient=False)

End = Callable[[Claim], object]


def falls_silent(claim: Claim) -> None:
    """Does nothing more."""


def fails_for_now(claim: Claim) -> object:
    return claim.wait(0, FLAKY, charged=True)


def has_no_store(claim: Claim) -> object:
    return claim.wait(0, None, charged=False)


def is_stopped(claim: Claim) -> object:
    return claim.hand_back(gained=False, free_handovers=0)


def is_stopped_with_a_page(claim: Claim) -> object:
    return claim.hand_back(gained=True, free_handovers=0)


def fails_for_good(claim: Claim) -> object:
    return claim.quarantine(DAMAGED)


def finishes(claim: Claim) -> object:
    return claim.close(Outcome.DONE)


def finds_nothing(claim: Claim) -> object:
    return claim.close(Outcome.GONE)


def told(*ends: End, max_attempts: int = 3) -> list[PastAttempt]:
    """The history of a log in which one holder after the other ended so, each watched for a lease where it fell silent."""
    store, time, numbers = HookedStore(MemoryStore()), SetClock(), count()
    source = SOURCE.model_copy(update={"etag": store.put(SOURCE.key, b"x", "")})
    for number, end in enumerate(ends):
        identity = Identity(f"replica-{number}", LEASE, time.clock, lambda: str(next(numbers)))
        acquirer = Acquirer(store, identity, RetryPolicy(max_attempts, 30, 3600), keeps_source=False)
        if not isinstance(held := acquirer.acquire(LOG, source), Claim):
            time.advance(LEASE)
            held = acquirer.acquire(LOG, source)
        assert isinstance(held, Claim)
        end(held)
    return history(ClaimLog(store, LOG).entries(100))


@pytest.mark.parametrize(
    ("end", "ended", "code", "page", "transient"),
    [
        (falls_silent, "lost", "worker_lost", None, True),
        (fails_for_now, "failed", "engine_error", 2, True),
        (fails_for_good, "failed", "corrupt_pdf", None, False),
        (is_stopped, "given_back", None, None, None),
        (finishes, "done", None, None, None),
        (finds_nothing, "gone", None, None, None),
    ],
)
def test_each_end_is_told_as_what_it_was(end: End, ended: str, code: str | None, page: int | None, transient: bool | None) -> None:
    (past,) = told(end)
    assert (past.attempt, past.replica, past.ended.value) == (1, "replica-0", ended)
    assert (past.code, past.page, past.transient) == (code, page, transient)


@pytest.mark.parametrize("end", [has_no_store, is_stopped_with_a_page])
def test_what_cost_no_attempt_is_none(end: End) -> None:
    assert [(past.attempt, past.replica) for past in told(end, falls_silent)] == [(1, "replica-1")]


def test_a_fault_is_told_of_the_attempt_that_had_it_and_not_of_a_lost_one_that_came_after() -> None:
    """The log carries the last fault on: who falls silent after it had none of its own."""
    past = told(fails_for_now, falls_silent, falls_silent, lambda claim: claim.close(Outcome.FAILED))
    assert [(one.attempt, one.ended.value, one.code) for one in past] == [
        (1, "failed", "engine_error"),
        (2, "lost", "worker_lost"),
        (3, "lost", "worker_lost"),
    ]


def test_attempts_of_before_a_document_was_dropped_again_are_told_too() -> None:
    past = told(fails_for_now, finishes, fails_for_good)
    assert [(one.attempt, one.ended.value) for one in past] == [(1, "failed"), (2, "done"), (1, "failed")]


def test_of_a_long_log_the_newest_entries_are_read() -> None:
    store, time = HookedStore(MemoryStore()), SetClock()
    log = ClaimLog(store, LOG)
    identity = Identity("one", LEASE, time.clock, iter(map(str, range(100))).__next__)
    acquirer = Acquirer(store, identity, RetryPolicy(100, 30, 3600), keeps_source=False)
    for _ in range(10):
        held = acquirer.acquire(LOG, SOURCE)
        assert isinstance(held, Claim)
        held.wait(0, FLAKY, charged=True)
    store.requests.clear()
    assert [one.attempt for one in history(log.entries(6))] == [8, 9, 10]
    assert [verb for verb, _ in store.requests] == ["list"] + ["get"] * 6


def test_what_no_version_like_ours_wrote_is_left_out() -> None:
    store = HookedStore(MemoryStore())
    store.put(LOG + "000001", b"rubbish", "")
    assert ClaimLog(store, LOG).entries(10) == []
