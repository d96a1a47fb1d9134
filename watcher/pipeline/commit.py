"""From the last page to the manifest, and the pointers to the newest version beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from watcher import __version__
from watcher.domain.document import Document
from watcher.domain.manifest import LedgerEntry, Manifest, Source, Timings
from watcher.domain.page import Output, Page
from watcher.domain.terminal import escaped_json
from watcher.pipeline.bench import Bench, engine_info
from watcher.pipeline.reading import pages_in
from watcher.pipeline.structure import find_structure
from watcher.pipeline.writer import ResultWriter
from watcher.results.document import document_json
from watcher.results.latest import Latest, index_html
from watcher.results.markdown import document_markdown
from watcher.results.names import DOCUMENT_JSON, DOCUMENT_MD, INDEX_HTML, LATEST, MANIFEST, PREVIEW_HTML, content_type, source_name
from watcher.results.preview import preview_html
from watcher.results.structure import Structure, revised
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError


@dataclass(frozen=True)
class Derived:
    """The document's own files, its archived original last, and what they show of it as a whole."""

    outputs: list[Output]
    structure: Structure


def write_derived(
    bench: Bench, writer: ResultWriter, document: Document, source: Source, pages: int, original: Callable[[], Output] | None
) -> Derived:
    """Each file is a pure function of the adopted pages, the adopted structure, the source and the settings. `original` archives it, beside them."""
    read = _reader(writer.folder, pages, bench.rules.window_pages)
    omitted = bench.rules.omit_labels
    structure, outputs = find_structure(bench, writer, read())
    rendered = {
        DOCUMENT_MD: document_markdown(revised(read(), structure), omitted),
        DOCUMENT_JSON: document_json(revised(read(), structure), document.version, source),
        PREVIEW_HTML: preview_html(read(), Path(document.key).name, pages, omitted),
    }
    for name, chunks in rendered.items():
        with (writer.folder / name).open("w", encoding="utf-8", newline="") as file:
            file.writelines(chunks)
    futures = [bench.uploads.submit(writer.create, name) for name in rendered]
    if original is not None:
        futures.append(bench.uploads.submit(original))
    try:
        return Derived(outputs + [future.result() for future in futures], structure)
    finally:
        for future in futures:
            future.cancel() or future.exception()


def _reader(folder: Path, pages: int, held_pages: int) -> Callable[[], Iterable[Page]]:
    """Of pages as often as they are asked for; more than `held_pages` are not held in memory."""
    if pages > held_pages:
        return lambda: pages_in(folder, pages)
    held = list(pages_in(folder, pages))
    return lambda: held


def archive_source(writer: ResultWriter, fetched: Path, extension: str) -> Output:
    """The bytes that were read, beside their results."""
    return writer.create(source_name(extension), fetched)


def write_manifest(
    bench: Bench,
    writer: ResultWriter,
    document: Document,
    source: Source,
    outputs: list[Output],
    structure: Structure,
    pages: int,
    total_seconds: float,
    fetch_seconds: float,
) -> Manifest:
    """Written last. Where one stands already the document was finished before: that one is returned."""
    ledger, read_seconds = [], 0.0
    for page in pages_in(writer.folder, pages):
        ledger.append(_ledger_entry(page))
        read_seconds += page.seconds
    manifest = Manifest(
        version=document.version,
        generation=document.generation,
        source=source,
        outputs=outputs,
        engine=engine_info(bench.recogniser),
        options=bench.rules.options,
        pages=ledger,
        labels_omitted=sorted(bench.rules.omit_labels),
        structure=structure.scope,
        structure_note=structure.note,
        timings=Timings(total=total_seconds, fetch=fetch_seconds, read=read_seconds),
        watcher=__version__,
        replica=writer.claim.identity.replica,
        attempt=writer.claim.entry.attempts,
        finished_at=bench.clock.now(),
    )
    content = escaped_json(manifest.model_dump_json(indent=1)).encode()
    _, stands = writer.write(MANIFEST, content)
    return manifest if stands is content else Manifest.model_validate_json(stands)


def point_to(bench: Bench, document: Document) -> None:
    """`latest.json` and `index.html` of the document's folder: advisory, and left alone where they name what was dropped or read later."""
    folder = bench.layout.folder(document)
    latest = Latest(version=document.version, generation=document.generation, dropped_at=document.modified)
    body = latest.model_dump_json().encode()
    try:
        bench.store.create(folder + LATEST, body, content_type(LATEST))
    except (AlreadyExistsError, OutcomeUnknownError):
        if _newer_stands(bench, folder, latest):
            return
        bench.store.put(folder + LATEST, body, content_type(LATEST))
    bench.store.put(folder + INDEX_HTML, index_html(latest).encode(), content_type(INDEX_HTML))


def _newer_stands(bench: Bench, folder: str, ours: Latest) -> bool:
    try:
        standing = Latest.model_validate_json(bench.store.get(folder + LATEST)[1])
    except (NotFoundError, ValidationError):
        return False
    if standing.version == ours.version:
        return (standing.generation, standing.dropped_at) > (ours.generation, ours.dropped_at)
    return standing.dropped_at > ours.dropped_at


def _ledger_entry(page: Page) -> LedgerEntry:
    engine = f"{page.engine.name} {page.engine.version}" if page.engine else ""
    return LedgerEntry(page=page.number, status=page.status, note=page.note, engine=engine)
