"""Stand-ins for the parsing and the recognising child. Documents are text, a page is a line, and marks tell what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from simulation.actors import KilledError, Process, Scheduler
from simulation.history import History
from simulation.plan import LEASE, Kind

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.page import EngineInfo
from watcher.engines.port import PageImage, PageReading, PlacedBlock, ReadBlock, Revision
from watcher.engines.recogniser import EngineState, EngineUnavailableError, Recognition
from watcher.intake.port import Inspection, RenderedPage

CRASHED_BY_DOCUMENT = "crash by a document"
SLOW_SECONDS = 2.5 * LEASE
"""Longer than a lease: such a document is finished only by whoever renews."""
FLAKY_READS = 1
"""So many readings of a flaky page fail, in all replicas together."""


@dataclass(frozen=True)
class MarkedParser:
    """Draws a page differently in each process, as another version of a library might."""

    process: Process

    def inspect(self, path: Path) -> Inspection:
        text = path.read_text()
        if text.startswith("!damaged"):
            raise DocumentError(ErrorCode.CORRUPT_PDF)
        return Inspection("application/pdf", ".pdf", len(text.splitlines()))

    def render(self, path: Path, inspection: Inspection, numbers: Sequence[int], target_dir: Path) -> list[RenderedPage]:
        lines = path.read_text().splitlines()
        return [self._draw(number, lines[number - 1], target_dir) for number in numbers]

    def _draw(self, number: int, line: str, target_dir: Path) -> RenderedPage:
        image, picture = target_dir / f"{number}.txt", target_dir / f"{number}.jpg"
        image.write_text(line)
        picture.write_bytes(f"page {number} as {self.process.name} draws it".encode())
        return RenderedPage(number, image, picture, 100, 200, 200.0, None, 0.2)


@dataclass
class MarkedRecogniser:
    """Reads a page differently in each process, and sees another structure; some fail at that. `reads` counts how often a marked page was begun,
    by its text, in all processes together.
    """

    process: Process
    scheduler: Scheduler
    history: History
    reads: Counter[str]
    unavailable: bool = False
    closed: bool = False
    state: EngineState = field(default_factory=lambda: EngineState("ready", info=EngineInfo(name="marked", version="1"), restructures=True))

    def submit(self, page: PageImage) -> Future[Recognition]:
        if self.process.dead:
            raise KilledError
        future: Future[Recognition] = Future()
        text = page.path.read_text()
        if self.unavailable or self.closed:
            future.set_exception(CancelledError() if self.closed else EngineUnavailableError("told to be"))
            self.unavailable = False
            return future
        marked = text.startswith("!")
        if marked:
            self.reads[text] += 1
            self.history.note(self.process.name, f"begins to read a page that is {text.split()[0][1:]}")
        self.scheduler.sleep(SLOW_SECONDS if text.startswith(f"!{Kind.SLOW.value}") else 0.5)
        if text.startswith(f"!{Kind.CRASHING.value}"):
            self.history.fault(self.process.name, CRASHED_BY_DOCUMENT)
            self.history.note(self.process.name, "dies of the document")
            self.scheduler.kill(self.process)
            raise KilledError
        if text.startswith(f"!{Kind.REFUSED.value}") or (text.startswith(f"!{Kind.FLAKY.value}") and self.reads[text] <= FLAKY_READS):
            future.set_exception(DocumentError(ErrorCode.ENGINE_ERROR))
            return future
        reading = PageReading(
            (
                ReadBlock("paragraph_title", (1, 2, 30, 40), f"{text} as {self.process.name} reads it"),
                ReadBlock("image", (1, 50, 30, 90), figure=f"cut out by {self.process.name}".encode()),
            ),
            seconds=0.5,
        )
        future.set_result(Recognition(reading, retried=False))
        return future

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> Future[list[Revision] | None]:
        if self.process.dead:
            raise KilledError
        self.scheduler.sleep(0.5)
        future: Future[list[Revision] | None] = Future()
        digit = crc32(self.process.name.encode()) % 6
        if self.closed:
            future.set_exception(CancelledError())
        elif digit == 0:
            future.set_exception(DocumentError(ErrorCode.ENGINE_CRASHED))
        else:
            future.set_result([Revision(page, 0, level=digit) for page in range(len(pages))])
        return future
