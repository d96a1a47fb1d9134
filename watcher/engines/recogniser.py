"""Pages of many documents, one engine on one device or on several: calls of several pages, by whichever device is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.engines.device import Device
from watcher.engines.port import EngineSpec, PageImage, PlacedBlock, Revision
from watcher.engines.queue import Job, JobQueue, PageJob, Recognition, StructureJob, refuse
from watcher.engines.state import EngineState, combined
from watcher.engines.supervisor import EngineLimits, EngineUnavailableError, Supervisor

__all__ = ["EngineLimits", "EngineState", "EngineUnavailableError", "Recogniser", "Recognition"]


class Recogniser:
    """Thread-safe. Nothing runs before `start()`; `close()` ends the children, of which each device has one.

    A future's error is a DocumentError without a page number (`limit` in its details is the deadline in seconds), or
    EngineUnavailableError where no page can be read for now: while no device's engine can be loaded, while what they depend on
    cannot serve, and after `close`.
    """

    def __init__(self, specs: Mapping[str, EngineSpec], limits: EngineLimits, clock: Clock, log: FilteringBoundLogger) -> None:
        self._queue = JobQueue()
        self._devices: dict[str, Device] = {}
        for name, spec in specs.items():
            told = log.bind(engine=spec.name, **({"device": name} if len(specs) > 1 else {}))
            supervisor = Supervisor(spec, limits, clock, told)
            self._devices[name] = Device(name, supervisor, self._queue, limits, self._give_up, told)

    @property
    def state(self) -> EngineState:
        return combined(list(self.devices.values()))

    @property
    def devices(self) -> dict[str, EngineState]:
        return {name: device.state for name, device in self._devices.items()}

    def start(self) -> None:
        """Returns at once; the engine loads in the background."""
        for device in self._devices.values():
            device.start()

    def submit(self, page: PageImage) -> Future[Recognition]:
        job = PageJob(page)
        self._put(job)
        return job.future

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> Future[list[Revision] | None]:
        """Of all pages of one document, before any page that waits. None: the engine sees one page at a time. A call that fails is not tried again."""
        job, state = StructureJob(pages), self.state
        if state.info is not None and not state.restructures:
            job.future.set_result(None)
        else:
            self._put(job)
        return job.future

    def close(self) -> None:
        """Cancels what waits, fails what is being read, and returns when no child is left."""
        refuse(self._queue.close(), _stopped())
        with ThreadPoolExecutor(len(self._devices)) as threads:  # each may take a few seconds to die
            for closing in [threads.submit(device.close) for device in self._devices.values()]:
                closing.result()

    def _put(self, job: Job) -> None:
        if not self._queue.put(job, self._takes_pages):
            refuse([job], _stopped() if self._queue.closed else EngineUnavailableError(self.state.reason))

    def _takes_pages(self) -> bool:
        return any(state.takes_pages for state in self.devices.values())

    def _give_up(self, jobs: Sequence[Job], error: EngineUnavailableError) -> None:
        """A device cannot serve: the others go on with its jobs. No job goes round for ever, and without others nothing is left waiting."""
        again = [job for job in jobs if job.returned < len(self._devices) - 1]
        if not (again and self._queue.put_back(again, self._takes_pages)):
            refuse(again, error)
        refuse([job for job in jobs if job not in again], error)
        refuse(self._queue.empty(unless=self._takes_pages), error)


def _stopped() -> EngineUnavailableError:
    return EngineUnavailableError("the engine was stopped")
