"""Waits of an attempt: they end as well when its claim is lost, or when the daemon ends."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from watcher.lease.claim import Claim
from watcher.pipeline.bench import Bench, GivenBackError, SourceGoneError
from watcher.storage.port import NotFoundError, StoreError

_T = TypeVar("_T")
_LOOK_SECONDS = 0.5
"""How often a wait looks whether the claim still holds and the daemon goes on."""


def go_on(bench: Bench, claim: Claim) -> None:
    """Raises `FencedError`, `GivenBackError` or `SourceGoneError` where there is no more to do.

    Once a lease it looks whether a person took the document back: hours may be left to read of it.
    """
    claim.check()
    if bench.give_back.is_set():
        raise GivenBackError
    if claim.once_a_lease() and _is_gone(bench, claim):
        raise SourceGoneError


def _is_gone(bench: Bench, claim: Claim) -> bool:
    """Not where another version stands there: the one that was fetched is finished all the same."""
    try:
        bench.store.head(claim.entry.source.key)
    except NotFoundError:
        return True
    except StoreError:  # told by whatever needs an answer
        return False
    return False


def result_of(future: Future[_T], bench: Bench, claim: Claim) -> _T:
    """What the engine answers, whenever it does. Raises as `go_on`, and what the future holds."""
    while True:
        go_on(bench, claim)
        try:
            return future.result(timeout=_LOOK_SECONDS)
        except FutureTimeoutError:
            if future.done():
                raise
