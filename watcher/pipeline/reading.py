"""The pages of one attempt, a window at a time: drawn, recognised, written; each page's JSON last, as its checkpoint."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from watcher.domain.errors import DocumentError
from watcher.domain.page import Output, Page
from watcher.engines.port import PageImage
from watcher.engines.recogniser import Recognition
from watcher.intake.port import Blank, Inspection, RenderedPage, UnrenderablePage
from watcher.lease.claim import Claim
from watcher.pipeline.assemble import blank_page, failed_page, failure_of, over_tolerance, read_page
from watcher.pipeline.bench import Bench, engine_info
from watcher.pipeline.waiting import go_on, result_of
from watcher.pipeline.writer import ResultWriter
from watcher.results.names import page_json, page_picture

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Failure:
    """A page that failed: why, in words for the ledger, and its picture where it could at least be drawn."""

    error: DocumentError
    note: str
    drawn: RenderedPage | None = None
    picture: Future[Output] | None = None


@dataclass
class PageReader:
    """Reads the pages that have no checkpoint yet. Page files lie in `writer.folder`, drawn pages in `drawn_dir` until they are read.

    `progressed` is called after each page, `read_through` once the engine has nothing more to do for the document.
    """

    bench: Bench
    claim: Claim
    writer: ResultWriter
    source: Path
    inspection: Inspection
    drawn_dir: Path
    progressed: Callable[[], None]
    read_through: Callable[[], None]
    outputs: dict[int, list[Output]] = field(default_factory=dict)
    _adopted: int = 0
    _failures: dict[int, _Failure] = field(default_factory=dict)
    _writes: deque[Future[None]] = field(default_factory=deque)
    _uploads: list[Future[Any]] = field(default_factory=list)

    def adopt(self, numbers: Sequence[int]) -> None:
        """Takes over the checkpoints that an earlier attempt wrote."""
        try:
            for future in [self._submit(self._adopt, number) for number in numbers]:
                future.result()
        finally:
            self._await_uploads()
        self._adopted = len(numbers)

    @property
    def gained(self) -> int:
        """Pages whose checkpoint this attempt wrote."""
        return len(self.outputs) - self._adopted

    def read(self) -> None:
        """Reads all other pages. Raises the `DocumentError` of the document, `FencedError`, `GivenBackError`, store and engine errors.

        Whatever it raises, no write of this attempt is under way any more when it returns.
        """
        self.claim.pages_total = self.inspection.pages
        missing = [number for number in range(1, self.inspection.pages + 1) if number not in self.outputs]
        try:
            self._read_window(missing)
            self.read_through()
            self._refuse_if_too_many_failed()
            self._write_failures()
            self._settle_writes(0)
        finally:
            self._await_uploads()  # what was read is kept for the next attempt

    def _read_window(self, missing: list[int]) -> None:
        rules = self.bench.rules
        waiting: deque[tuple[RenderedPage, Future[Recognition] | Blank, Future[Output]]] = deque()
        try:
            for chunk in _chunks(missing, rules.render_pages):
                while waiting and len(waiting) + len(chunk) > rules.window_pages:
                    self._finish(*waiting.popleft())
                go_on(self.bench, self.claim)
                for drawn in self.bench.parser.render(self.source, self.inspection, chunk, self.drawn_dir):
                    if isinstance(drawn, UnrenderablePage):
                        self._fail(drawn.number, _Failure(DocumentError(drawn.code, drawn.number, **drawn.details), drawn.reason))
                        continue
                    picture = self._submit(self._create_picture, drawn)
                    page = PageImage(drawn.image, drawn.width, drawn.height, drawn.dpi)
                    waiting.append((drawn, drawn.blank or self.bench.recogniser.submit(page), picture))
            while waiting:
                self._finish(*waiting.popleft())
        finally:
            for _, recognition, picture in waiting:
                if not isinstance(recognition, Blank):
                    recognition.cancel()
                picture.cancel()

    def _finish(self, drawn: RenderedPage, recognition: Future[Recognition] | Blank, picture: Future[Output]) -> None:
        """Waits for the engine's reading of one page and hands its files to the writers."""
        if isinstance(recognition, Blank):
            drawn.image.unlink(missing_ok=True)
            page, figures = blank_page(drawn, recognition), dict[str, bytes]()
        else:
            try:
                read = result_of(recognition, self.bench, self.claim)
            except DocumentError as error:
                charged = DocumentError(error.code, drawn.number, **error.details)
                self._fail(drawn.number, _Failure(charged, charged.message, drawn, picture))
                return
            finally:
                drawn.image.unlink(missing_ok=True)
            page, figures = read_page(drawn, read, engine_info(self.bench.recogniser))
        assets = [picture]
        for name, body in figures.items():
            path = self.writer.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            assets.append(self._submit(self.writer.create, name))
        # The writes of a page's files were submitted before that of its checkpoint, so the latter never waits for one that is queued behind it.
        self._writes.append(self._submit(self._checkpoint, page, assets))
        self._settle_writes(self.bench.rules.window_pages)

    def _checkpoint(self, page: Page, assets: list[Future[Output]]) -> None:
        page = page.model_copy(update={"outputs": [asset.result() for asset in assets]})
        content = page.model_dump_json().encode()
        output, stands = self.writer.write(page_json(page.number), content)
        standing = page if stands is content else Page.model_validate_json(stands)
        self.outputs[page.number] = [*standing.outputs, output]
        self.claim.pages_done = len(self.outputs)
        self.bench.metrics.page_finished(standing.status.value, standing.seconds)
        self.bench.log.info(
            "page_written",
            page=page.number,
            pages=self.inspection.pages,
            status=standing.status.value,
            seconds=round(standing.seconds, 3),
        )
        self.progressed()

    def _create_picture(self, drawn: RenderedPage) -> Output:
        path = self.writer.folder / page_picture(drawn.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.picture.replace(path)
        return self.writer.create(page_picture(drawn.number))

    def _adopt(self, number: int) -> None:
        output = self.writer.adopt(page_json(number))
        page = Page.model_validate_json((self.writer.folder / page_json(number)).read_bytes())
        self.outputs[number] = [*page.outputs, output]
        self.claim.pages_done = len(self.outputs)

    def _fail(self, number: int, failure: _Failure) -> None:
        self._failures[number] = failure
        self.bench.log.warning("page_failed", page=number, code=failure.error.code.value, reason=failure.note)
        # Each transient one may cost its whole deadline, and the document is tried again; damaged ones cost nothing.
        if failure.error.transient:
            self._refuse_if_too_many_failed()

    def _refuse_if_too_many_failed(self) -> None:
        """Damaged pages are counted at the end, so that all others are read by then, and kept."""
        total = self.inspection.pages
        if over_tolerance(len(self._failures), total, self.bench.rules.failed_pages_percent):
            raise failure_of({page: failed.error for page, failed in self._failures.items()}, total)

    def _write_failures(self) -> None:
        """Only a document that is finished without them gets checkpoints of failed pages: an attempt after this one would not read them again."""
        for number, failure in self._failures.items():
            assets = [failure.picture] if failure.picture else []
            self._writes.append(self._submit(self._checkpoint, failed_page(number, failure.note, failure.drawn), assets))

    def _submit(self, task: Callable[..., _T], *args: Any) -> Future[_T]:
        self._uploads = [upload for upload in self._uploads if not upload.done()]
        upload = self.bench.uploads.submit(task, *args)
        self._uploads.append(upload)
        return upload

    def _await_uploads(self) -> None:
        """Also of those whose page was given up: while one is under way the document must not be given back."""
        for upload in self._uploads:
            if not upload.cancelled():
                upload.exception()

    def _settle_writes(self, most: int) -> None:
        """Waits until at most so many checkpoints are under way, so that a store slower than the engine does not fill the memory."""
        while len(self._writes) > most or (self._writes and self._writes[0].done()):
            self._writes.popleft().result()


def pages_in(folder: Path, total: int) -> Iterator[Page]:
    """The checkpoints on scratch, one after the other."""
    for number in range(1, total + 1):
        yield Page.model_validate_json((folder / page_json(number)).read_bytes())


def _chunks(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
