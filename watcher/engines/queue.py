"""What waits for the engine: pages of many documents, and documents whose structure is asked for. All devices take from one queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from watcher.engines.port import PageImage, PageReading, PlacedBlock, Revision


@dataclass(frozen=True)
class Recognition:
    """`retried`: a call that held this page with others had failed, and it was then read alone."""

    reading: PageReading
    retried: bool


@dataclass
class PageJob:
    """`returned`: how often a device that could not serve it gave it back to the others."""

    page: PageImage
    future: Future[Recognition] = field(default_factory=Future)
    returned: int = 0


@dataclass
class StructureJob:
    pages: Sequence[Sequence[PlacedBlock]]
    future: Future[list[Revision] | None] = field(default_factory=Future)
    returned: int = 0


Job = PageJob | StructureJob


class JobQueue:
    """Thread-safe. Jobs that were cancelled while they waited are passed over; those that are taken can no longer be cancelled."""

    def __init__(self) -> None:
        self._pages: deque[PageJob] = deque()
        self._structures: deque[StructureJob] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, job: Job, admitted: Callable[[], bool]) -> bool:
        """Whether it waits now. `admitted` is asked under the lock that `empty` takes: what is put after its answer changed is not left behind."""
        with self._changed:
            if self._closed or not admitted():
                return False
            if isinstance(job, PageJob):
                self._pages.append(job)
            else:
                self._structures.append(job)
            self._changed.notify_all()
            return True

    def put_back(self, jobs: Sequence[Job], admitted: Callable[[], bool]) -> bool:
        """Jobs that were taken, to be taken by another device before all others. Whether they wait now, as for `put`."""
        with self._changed:
            if self._closed or not admitted():
                return False
            for job in reversed(jobs):
                job.returned += 1
                if isinstance(job, PageJob):
                    self._pages.appendleft(job)
                else:
                    self._structures.appendleft(job)
            self._changed.notify_all()
            return True

    def take(self, most: int, gather_seconds: float) -> list[PageJob] | StructureJob:
        """A document's structure, else what pages wait, up to `most`. No pages where there is no more to do.

        Waits for the first of either, then as long as pages keep coming: while fewer wait than `most`, `gather_seconds` for one more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._structures or self._pages or self._closed)
            self._gather(most, gather_seconds)
            while self._structures:
                structure = self._structures.popleft()
                if _begun(structure):
                    return structure
            taken: list[PageJob] = []
            while self._pages and len(taken) < most:
                page = self._pages.popleft()
                if _begun(page):
                    taken.append(page)
            return taken

    def empty(self, unless: Callable[[], bool]) -> list[Job]:
        """All that waits, taken at once; nothing where `unless` says otherwise."""
        with self._changed:
            jobs = [] if unless() else self._all()
        return [job for job in jobs if _begun(job)]

    def close(self) -> list[Job]:
        """Nothing can be put any more. What waits is cancelled; returns those that were put back, which no longer can be."""
        with self._changed:
            self._closed = True
            jobs = self._all()
            self._changed.notify_all()
        return [job for job in jobs if not job.future.cancel()]

    def wait_closed(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout=seconds)

    def _gather(self, most: int, seconds: float) -> None:
        while 0 < (waiting := len(self._pages)) < most and not self._structures and not self._closed:
            self._changed.wait(seconds)
            if len(self._pages) <= waiting:
                return

    def _all(self) -> list[Job]:
        jobs: list[Job] = [*self._structures, *self._pages]
        self._structures.clear()
        self._pages.clear()
        return jobs


def refuse(jobs: Iterable[Job], error: Exception) -> None:
    """Of jobs that were taken: those without an answer get this error."""
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(error)


def _begun(job: Job) -> bool:
    """False where it was cancelled. A job that was put back has begun before."""
    return job.future.running() or job.future.set_running_or_notify_cancel()
