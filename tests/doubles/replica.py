"""One replica in this process, over any store: the real pipeline with a stand-in for the parsing and the recognising child."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import structlog
from doubles.clocks import SetClock
from PIL import Image

from watcher.domain.document import Document, Layout
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.manifest import Manifest, Source
from watcher.domain.page import EngineInfo, TextFormat
from watcher.domain.retry import RetryPolicy
from watcher.engines.port import PageImage, PageReading, PlacedBlock, ReadBlock, Revision
from watcher.engines.recogniser import EngineState, Recognition
from watcher.intake.port import Blank, Inspection, RenderedPage, UnrenderablePage
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim, Identity
from watcher.lease.keeper import keeping
from watcher.metrics import Metrics
from watcher.pipeline.attempt import Attempt, End
from watcher.pipeline.bench import Bench, Rules
from watcher.pipeline.retain import RemovalMode, SourceRemover
from watcher.storage.port import Store

LAYOUT = Layout()
LEASE = 60.0


class TextParser:
    """Stand-in: a document is text, a page is a line; `!damaged` cannot be opened, a page `!undrawable` cannot be drawn, `!blank` is blank."""

    def inspect(self, path: Path) -> Inspection:
        text = path.read_text()
        if text.startswith("!damaged"):
            raise DocumentError(ErrorCode.CORRUPT_PDF)
        return Inspection("application/pdf", ".pdf", len(text.splitlines()))

    def render(self, path: Path, inspection: Inspection, numbers: Sequence[int], target_dir: Path) -> list[RenderedPage | UnrenderablePage]:
        lines = path.read_text().splitlines()
        return [self._draw(number, lines[number - 1], target_dir) for number in numbers]

    def _draw(self, number: int, line: str, target_dir: Path) -> RenderedPage | UnrenderablePage:
        if line == "!undrawable":
            return UnrenderablePage(number, "it is marked so")
        image, picture = target_dir / f"{number}.txt", target_dir / f"{number}.jpg"
        image.write_text(line)
        Image.new("L", (4, 4)).save(picture)
        return RenderedPage(number, image, picture, 100, 200, 200.0, Blank.ONE_COLOUR if line == "!blank" else None, 0.2)


@dataclass
class EchoRecogniser:
    """Stand-in: reads the page's line back, as the block that its first word names, if it names one. `faults` gives the error of a page by its
    text; `read` counts what was read. `structure` sees the document as a whole: by default it cannot.
    """

    faults: dict[str, Exception] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda text: None
    structure: Callable[[Sequence[Sequence[PlacedBlock]]], list[Revision] | None] = lambda pages: None
    state: EngineState = field(default_factory=lambda: EngineState("ready", info=EngineInfo(name="echo", version="1"), restructures=True))

    def submit(self, page: PageImage) -> Future[Recognition]:
        future: Future[Recognition] = Future()
        text = page.path.read_text()
        self.before(text)
        self.read.append(text)
        if text in self.faults:
            future.set_exception(self.faults[text])
            return future
        future.set_result(Recognition(_reading(text), retried=False))
        return future

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> Future[list[Revision] | None]:
        future: Future[list[Revision] | None] = Future()
        try:
            future.set_result(self.structure(pages))
        except Exception as error:
            future.set_exception(error)
        return future


def _reading(text: str) -> PageReading:
    """`figure`; `title One`; `header 7`; `table a b`, one row; `cut half of it`; `nothing`; `remark` about it; all else is text."""
    kind, _, rest = text.partition(" ")
    box = (1, 2, 30, 40)
    if kind == "nothing":
        return PageReading((), seconds=0.25)
    block = {
        "figure": ReadBlock("image", box, figure=b"a picture"),
        "title": ReadBlock("paragraph_title", box, rest),
        "header": ReadBlock("header", box, rest),
        "table": ReadBlock("table", box, "<table><tr><td>" + "<td>".join(rest.split()) + "</table>", TextFormat.HTML),
        "cut": ReadBlock("text", box, rest, missing="the answer was cut off"),
    }.get(kind, ReadBlock("text", box, text))
    return PageReading((block,), seconds=0.25, remarks=("it was read twice",) if kind == "remark" else ())


@dataclass
class InProcessReplica:
    """Acquires and attempts documents one after the other."""

    name: str
    store: Store
    bench: Bench
    acquirer: Acquirer
    time: SetClock
    recogniser: EchoRecogniser

    def acquire(self, document: Document) -> Claim:
        source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
        claim = self.acquirer.acquire(LAYOUT.claim_log(document), source)
        assert isinstance(claim, Claim), claim
        return claim

    def attempt(self, document: Document) -> End:
        return Attempt(self.bench, self.acquire(document), document, lambda: None, lambda: None).run()

    def with_rules(self, **changes: object) -> InProcessReplica:
        return replace(self, bench=replace(self.bench, rules=replace(self.bench.rules, **changes)))


@contextmanager
def in_process_replica(name: str, store: Store, scratch: Path, removal: RemovalMode = RemovalMode.CHECKED) -> Iterator[InProcessReplica]:
    time, numbers, recogniser = SetClock(), count(), EchoRecogniser()
    policy = RetryPolicy(max_attempts=3, backoff_seconds=30, backoff_max_seconds=3600)
    rules = Rules("archive", policy, 1000, 4, 2, 5.0, 3, {"engine": "echo"}, frozenset({"header"}))
    with ThreadPoolExecutor(4) as uploads:
        bench = Bench(
            store=store,
            layout=LAYOUT,
            rules=rules,
            parser=TextParser(),
            recogniser=recogniser,
            uploads=uploads,
            remover=SourceRemover(store, removal),
            keep=keeping(lambda claim, failures: None),
            mirror=None,
            scratch=scratch,
            clock=time.clock,
            jitter=lambda: 0.0,
            log=structlog.get_logger(),
            metrics=Metrics(lambda: time.seconds),
            give_back=threading.Event(),
        )
        identity = Identity(name, LEASE, time.clock, lambda: f"{name}-{next(numbers)}")
        yield InProcessReplica(name, store, bench, Acquirer(store, identity, policy, keeps_source=False), time, recogniser)


def drop(store: Store, name: str, text: str) -> Document:
    """Puts a document into the inbox, as a listing then shows it."""
    key = LAYOUT.incoming + name
    store.put(key, text.encode(), "application/pdf")
    info = store.head(key)
    return LAYOUT.document(info.key, info.etag, info.size, info.modified)


def manifest_of(store: Store, document: Document) -> Manifest:
    return Manifest.model_validate_json(store.get(LAYOUT.result(document) + "manifest.json")[1])


def names(store: Store, prefix: str) -> list[str]:
    return [info.key.removeprefix(prefix) for info in store.list(prefix)]
