"""One device: its engine, and the thread that gives it what waits. Only the guilty page of a failed call is charged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from watcher.domain.errors import DocumentError
from watcher.engines.queue import Job, JobQueue, PageJob, Recognition, StructureJob, refuse
from watcher.engines.state import EngineState
from watcher.engines.supervisor import EngineLimits, EngineUnavailableError, FailedCallError, Supervisor, UnservedCallError

GiveUp = Callable[[Sequence[Job], EngineUnavailableError], None]


class Device:
    """`give_up` is told when the engine cannot serve, of the jobs that it had been given and are still without an answer."""

    def __init__(
        self, name: str, supervisor: Supervisor, queue: JobQueue, limits: EngineLimits, give_up: GiveUp, log: FilteringBoundLogger
    ) -> None:
        self._supervisor = supervisor
        self._queue = queue
        self._limits = limits
        self._give_up = give_up
        self._log = log
        self._thread = threading.Thread(target=self._run, name=f"engine-{name}", daemon=True)

    @property
    def state(self) -> EngineState:
        return self._supervisor.state

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """After the queue was closed: fails what is being read, and returns when no child is left."""
        self._supervisor.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._queue.closed:
            try:
                if self.state.phase != "ready":
                    self._supervisor.load()
                else:
                    self._serve(self._queue.take(self._limits.batch_pages, self._limits.gather_seconds))
            except EngineUnavailableError as error:
                self._give_up([], error)
                self._queue.wait_closed(self._supervisor.restart_delay())

    def _serve(self, taken: list[PageJob] | StructureJob) -> None:
        jobs: Sequence[Job] = taken if isinstance(taken, list) else [taken]
        try:
            if isinstance(taken, StructureJob):
                self._restructure(taken)
            elif taken:
                self._read(taken)
        except EngineUnavailableError as error:
            self._give_up([job for job in jobs if not job.future.done()], error)
            raise
        except Exception as error:  # a defect of ours must not leave anybody waiting
            self._log.exception("engine_dispatch_failed")
            refuse(jobs, error)

    def _restructure(self, job: StructureJob) -> None:
        if not self.state.restructures:
            job.future.set_result(None)
            return
        try:
            revisions = self._supervisor.restructure(job.pages)
        except FailedCallError as error:
            self._log.warning("engine_call_failed", structure_of=len(job.pages), code=error.code.value, reason=error.reason)
            job.future.set_exception(self._fault(error))
        except UnservedCallError as error:
            self._leave_unserved(job, error)
        else:
            job.future.set_result(revisions)

    def _read(self, batch: Sequence[PageJob]) -> None:
        if len(batch) == 1:
            self._read_one(batch[0], retried=False)
            return
        try:
            readings = self._supervisor.read([job.page for job in batch])
        except FailedCallError as error:
            self._log.warning("engine_call_failed", pages=len(batch), code=error.code.value, reason=error.reason)
        except UnservedCallError as error:
            self._log.warning("engine_call_unserved", pages=len(batch), reason=str(error))
        else:
            for job, reading in zip(batch, readings, strict=True):
                job.future.set_result(Recognition(reading, retried=False))
            return
        for job in batch:
            if self.state.phase != "ready":
                self._supervisor.load()
            self._log.info("page_retried_alone")
            self._read_one(job, retried=True)

    def _read_one(self, job: PageJob, *, retried: bool) -> None:
        try:
            (reading,) = self._supervisor.read([job.page])
        except FailedCallError as error:
            self._log.warning("engine_call_failed", pages=1, code=error.code.value, reason=error.reason)
            job.future.set_exception(self._fault(error))
        except UnservedCallError as error:
            self._leave_unserved(job, error)
        else:
            job.future.set_result(Recognition(reading, retried))

    def _leave_unserved(self, job: Job, error: UnservedCallError) -> None:
        self._log.warning("engine_call_unserved", pages=1, reason=str(error))
        refuse([job], EngineUnavailableError(str(error)))

    def _fault(self, error: FailedCallError) -> DocumentError:
        return DocumentError(error.code, limit=f"{self._limits.page_seconds:g}")
