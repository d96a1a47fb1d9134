"""Pages of many documents, one engine: calls of several pages, and only the guilty page of a failed call is charged."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.errors import DocumentError
from watcher.engines.port import EngineSpec, PageImage, PageReading
from watcher.engines.supervisor import EngineLimits, EngineState, EngineUnavailableError, FailedCallError, Supervisor

__all__ = ["EngineLimits", "EngineState", "EngineUnavailableError", "Recogniser", "Recognition"]


@dataclass(frozen=True)
class Recognition:
    """`retried`: a call that held this page with others had failed, and it was then read alone."""

    reading: PageReading
    retried: bool


@dataclass(frozen=True)
class _Job:
    page: PageImage
    future: Future[Recognition] = field(default_factory=Future)


class Recogniser:
    """Thread-safe. Nothing runs before `start()`; `close()` ends the child.

    A future's error is a DocumentError without a page number (`limit` in its details is the deadline in seconds), or
    EngineUnavailableError where no page can be read for now: while loading failed, and after `close`.
    """

    def __init__(self, spec: EngineSpec, limits: EngineLimits, clock: Clock, log: FilteringBoundLogger) -> None:
        self._supervisor = Supervisor(spec, limits, clock, log)
        self._limits = limits
        self._log = log.bind(engine=spec.name)
        self._pending: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._dispatcher = threading.Thread(target=self._dispatch, name=f"engine-{spec.name}", daemon=True)

    @property
    def state(self) -> EngineState:
        return self._supervisor.state

    def start(self) -> None:
        """Returns at once; the engine loads in the background."""
        self._dispatcher.start()

    def submit(self, page: PageImage) -> Future[Recognition]:
        job = _Job(page)
        with self._changed:
            if self.state.phase != "failed" and not self._closed:
                self._pending.append(job)
                self._changed.notify_all()
                return job.future
            reason = "the engine was stopped" if self._closed else self.state.reason
        job.future.set_exception(EngineUnavailableError(reason))
        return job.future

    def close(self) -> None:
        """Cancels what waits, fails what is being read, and returns when no child is left."""
        with self._changed:
            self._closed = True
            waiting = list(self._pending)
            self._pending.clear()
            self._changed.notify_all()
        for job in waiting:
            job.future.cancel()
        self._supervisor.close()
        if self._dispatcher.is_alive():
            self._dispatcher.join()

    def _dispatch(self) -> None:
        while not self._closed:
            try:
                if self.state.phase != "ready":
                    self._supervisor.load()
                elif batch := self._next_batch():
                    self._serve(batch)
            except EngineUnavailableError as error:
                self._refuse_pending(error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, timeout=self._supervisor.restart_delay())

    def _next_batch(self) -> list[_Job]:
        """What waits, up to `batch_pages`; waits for the first page only. Empty where there is no more to do."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            taken = [self._pending.popleft() for _ in range(min(len(self._pending), self._limits.batch_pages))]
        return [job for job in taken if job.future.set_running_or_notify_cancel()]

    def _refuse_pending(self, error: EngineUnavailableError) -> None:
        with self._changed:  # the state says so already: nothing is added after this
            refused = list(self._pending)
            self._pending.clear()
        _refuse([job for job in refused if job.future.set_running_or_notify_cancel()], error)

    def _serve(self, batch: Sequence[_Job]) -> None:
        try:
            self._read(batch)
        except EngineUnavailableError as error:
            _refuse(batch, error)
            raise
        except Exception as error:  # a defect of ours must not leave anybody waiting
            self._log.exception("engine_dispatch_failed")
            _refuse(batch, error)

    def _read(self, batch: Sequence[_Job]) -> None:
        try:
            readings = self._supervisor.read([job.page for job in batch])
        except FailedCallError as error:
            self._log.warning("engine_call_failed", pages=len(batch), code=error.code.value, reason=error.reason)
            if len(batch) > 1:
                self._read_alone(batch)
            else:
                _blame(batch[0], error, self._limits)
            return
        for job, reading in zip(batch, readings, strict=True):
            job.future.set_result(Recognition(reading, retried=False))

    def _read_alone(self, batch: Sequence[_Job]) -> None:
        for job in batch:
            if self.state.phase != "ready":
                self._supervisor.load()
            self._log.info("page_retried_alone")
            try:
                (reading,) = self._supervisor.read([job.page])
            except FailedCallError as error:
                self._log.warning("engine_call_failed", pages=1, code=error.code.value, reason=error.reason)
                _blame(job, error, self._limits)
            else:
                job.future.set_result(Recognition(reading, retried=True))


def _blame(job: _Job, error: FailedCallError, limits: EngineLimits) -> None:
    job.future.set_exception(DocumentError(error.code, limit=f"{limits.page_seconds:g}"))


def _refuse(batch: Sequence[_Job], error: Exception) -> None:
    for job in batch:
        if not job.future.done():
            job.future.set_exception(error)
