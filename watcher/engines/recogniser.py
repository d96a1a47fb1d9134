"""Pages of many documents, one engine: calls of several pages, and only the guilty page of a failed call is charged."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.errors import DocumentError
from watcher.engines.port import EngineSpec, PageImage, PageReading, PlacedBlock, Revision
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


@dataclass(frozen=True)
class _Structure:
    pages: Sequence[Sequence[PlacedBlock]]
    future: Future[list[Revision] | None] = field(default_factory=Future)


_J = TypeVar("_J", _Job, _Structure)


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
        self._structures: deque[_Structure] = deque()
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

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> Future[list[Revision] | None]:
        """Of all pages of one document, before any page that waits. None: the engine sees one page at a time. A call that fails is not tried again."""
        job = _Structure(pages)
        if self.state.info is not None and not self.state.restructures:
            job.future.set_result(None)
            return job.future
        with self._changed:
            if self.state.phase != "failed" and not self._closed:
                self._structures.append(job)
                self._changed.notify_all()
                return job.future
            reason = "the engine was stopped" if self._closed else self.state.reason
        job.future.set_exception(EngineUnavailableError(reason))
        return job.future

    def close(self) -> None:
        """Cancels what waits, fails what is being read, and returns when no child is left."""
        with self._changed:
            self._closed = True
            waiting: list[_Job | _Structure] = [*self._structures, *self._pending]
            self._structures.clear()
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
                else:
                    self._serve_next()
            except EngineUnavailableError as error:
                self._refuse_pending(error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, timeout=self._supervisor.restart_delay())

    def _serve_next(self) -> None:
        """A document's structure, else what pages wait, up to `batch_pages`; waits for the first of either only."""
        with self._changed:
            self._changed.wait_for(lambda: self._structures or self._pending or self._closed)
            structure = self._structures.popleft() if self._structures else None
            most = 0 if structure else min(len(self._pending), self._limits.batch_pages)
            batch = [self._pending.popleft() for _ in range(most)]
        if structure and structure.future.set_running_or_notify_cancel():
            self._serve(self._restructure, [structure])
        batch = [job for job in batch if job.future.set_running_or_notify_cancel()]
        if batch:
            self._serve(self._read, batch)

    def _refuse_pending(self, error: EngineUnavailableError) -> None:
        with self._changed:  # the state says so already: nothing is added after this
            refused: list[_Job | _Structure] = [*self._structures, *self._pending]
            self._structures.clear()
            self._pending.clear()
        _refuse([job for job in refused if job.future.set_running_or_notify_cancel()], error)

    def _serve(self, serve: Callable[[Sequence[_J]], None], batch: Sequence[_J]) -> None:
        try:
            serve(batch)
        except EngineUnavailableError as error:
            _refuse(batch, error)
            raise
        except Exception as error:  # a defect of ours must not leave anybody waiting
            self._log.exception("engine_dispatch_failed")
            _refuse(batch, error)

    def _restructure(self, batch: Sequence[_Structure]) -> None:
        (job,) = batch
        if not self.state.restructures:
            job.future.set_result(None)
            return
        try:
            revisions = self._supervisor.restructure(job.pages)
        except FailedCallError as error:
            self._log.warning("engine_call_failed", structure_of=len(job.pages), code=error.code.value, reason=error.reason)
            job.future.set_exception(_fault(error, self._limits))
        else:
            job.future.set_result(revisions)

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
    job.future.set_exception(_fault(error, limits))


def _fault(error: FailedCallError, limits: EngineLimits) -> DocumentError:
    return DocumentError(error.code, limit=f"{limits.page_seconds:g}")


def _refuse(batch: Sequence[_Job | _Structure], error: Exception) -> None:
    for job in batch:
        if not job.future.done():
            job.future.set_exception(error)
