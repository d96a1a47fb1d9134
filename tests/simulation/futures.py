"""What the daemon's thread pools and heartbeats become in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from typing import Any

from simulation.actors import Actor, KilledError, Process, Scheduler

from watcher.lease.claim import Claim
from watcher.lease.keeper import renew_until


class InlineExecutor(Executor):
    """Runs each task where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class ActorFuture(Future[Any]):
    """A future whose waiting takes virtual time."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler
        self.waiters: list[Actor] = []

    def result(self, timeout: float | None = None) -> Any:
        self._settle()
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._settle()
        return super().exception(0)

    def cancel(self) -> bool:
        cancelled = super().cancel()
        self._scheduler.wake(self.waiters)
        return cancelled

    def _settle(self) -> None:
        while not self.done():
            self._scheduler.wait(self.waiters)


class ActorExecutor(Executor):
    """Each task is an actor of its own, started in the order of submission."""

    def __init__(self, scheduler: Scheduler, process: Process) -> None:
        self._scheduler = scheduler
        self._process = process

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._process.dead:
            raise KilledError
        future = ActorFuture(self._scheduler)

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except (Exception, CancelledError) as error:
                future.set_exception(error)
            self._scheduler.wake(future.waiters)

        self._scheduler.spawn(self._process, run)
        return future


class Slots:
    """A semaphore in virtual time, in place of the dispatcher's."""

    def __init__(self, scheduler: Scheduler, free: int) -> None:
        self._scheduler = scheduler
        self._free = free

    def acquire(self, timeout: float) -> bool:
        if not self._free:
            self._scheduler.sleep(timeout)
        if not self._free:
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        self._free += 1


class Heart:
    """The heartbeat of each claim as an actor of its own. `held` are the claims that are being worked under, by log and entry."""

    def __init__(self, scheduler: Scheduler, process: Process) -> None:
        self._scheduler = scheduler
        self._process = process
        self.held: dict[tuple[str, int], Claim] = {}

    @contextmanager
    def keep(self, claim: Claim) -> Iterator[Claim]:
        ended = False
        sleeping: list[Actor] = []
        joining: list[Actor] = []

        def wait(seconds: float) -> bool:
            if not ended:
                sleeping.append(beat)
                self._scheduler.sleep(seconds)
                sleeping.clear()
            return ended

        def run() -> None:
            nonlocal over
            renew_until(claim, wait)
            over = True
            self._scheduler.wake(joining)

        over = False
        self.held[claim.log.prefix, claim.number] = claim
        beat = self._scheduler.spawn(self._process, run)
        try:
            yield claim
        finally:
            ended = True
            self._scheduler.wake(sleeping)
            while not over:
                self._scheduler.wait(joining)
            self.held.pop((claim.log.prefix, claim.number), None)
