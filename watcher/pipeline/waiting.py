"""Waits of an attempt: they end as well when its claim is lost, or when the daemon ends."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from watcher.lease.claim import Claim
from watcher.pipeline.bench import Bench, GivenBackError

_T = TypeVar("_T")
_LOOK_SECONDS = 0.5
"""How often a wait looks whether the claim still holds and the daemon goes on."""


def go_on(bench: Bench, claim: Claim) -> None:
    """Raises `FencedError` or `GivenBackError` where there is no more to do."""
    claim.check()
    if bench.give_back.is_set():
        raise GivenBackError


def result_of(future: Future[_T], bench: Bench, claim: Claim) -> _T:
    """What the engine answers, whenever it does. Raises as `go_on`, and what the future holds."""
    while True:
        go_on(bench, claim)
        try:
            return future.result(timeout=_LOOK_SECONDS)
        except FutureTimeoutError:
            if future.done():
                raise
