"""What the pages of a document have in common, asked of the engine once all pages are read. A document is finished without it, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError

from watcher.domain.errors import DocumentError
from watcher.domain.manifest import Scope
from watcher.domain.page import Output, Page, TextFormat
from watcher.engines.port import PlacedBlock, Revision
from watcher.engines.recogniser import EngineUnavailableError
from watcher.lease.claim import FencedError
from watcher.pipeline.bench import Bench, GivenBackError, SourceGoneError
from watcher.pipeline.waiting import go_on, result_of
from watcher.pipeline.writer import ResultWriter
from watcher.results.markdown import HEADINGS
from watcher.results.names import DOCUMENT_JSON, DOCUMENT_MD, STRUCTURE
from watcher.results.structure import RevisedBlock, Structure
from watcher.results.tables import safe_table
from watcher.results.text import clean
from watcher.storage.port import NotFoundError

_MOST_BLOCKS = 100_000
"""Of all pages: 5,000 pages, the default limit, of 20 blocks. They take 28 MB here, and as much in the engine's process."""
_MOST_CHARACTERS = 8_000_000
"""Of titles and tables: 2,000 pages full of tables."""

_TITLE, _HIGHEST, _DEEPEST = 1, 2, 6

_TOO_LARGE = f"the document has more than {_MOST_BLOCKS} blocks, or {_MOST_CHARACTERS} characters in titles and tables"
_PAGES_ONLY = "the engine sees one page at a time"
_BEGUN = "an earlier attempt had begun to write the document page by page"

_PLAIN = Structure(scope=Scope.DOCUMENT)
"""Of a document without titles and tables: no engine need be asked, and whoever finishes it finds the same."""


def find_structure(bench: Bench, writer: ResultWriter, pages: Iterable[Page]) -> tuple[Structure, list[Output]]:
    """The structure, and its file where there is one: an engine that sees whole documents leaves it for whoever finishes the document instead.

    Raises what `go_on` does, and `StoreError`; nothing that the engine does is an error here.
    """
    if writer.claim.number > 1:
        try:
            output = writer.adopt(STRUCTURE)
            return Structure.model_validate_json((writer.folder / STRUCTURE).read_bytes()), [output]
        except NotFoundError:
            if any(_stands(writer, name) for name in (DOCUMENT_MD, DOCUMENT_JSON)):
                return _page_by_page(_BEGUN), []
    structure = _ask(bench, writer, pages)
    if structure.note == _PAGES_ONLY or structure is _PLAIN:
        return structure, []
    content = structure.model_dump_json().encode()
    output, stands = writer.write(STRUCTURE, content)
    return structure if stands is content else Structure.model_validate_json(stands), [output]


def _stands(writer: ResultWriter, name: str) -> bool:
    try:
        writer.store.head(writer.prefix + name)
    except NotFoundError:
        return False
    return True


def _ask(bench: Bench, writer: ResultWriter, pages: Iterable[Page]) -> Structure:
    state = bench.recogniser.state
    if state.info is not None and not state.restructures:
        return _page_by_page(_PAGES_ONLY)
    placed = place(pages)
    if placed is None:
        return _page_by_page(_TOO_LARGE)
    if not any(block.text for page in placed for block in page):
        return _PLAIN
    try:
        future = bench.recogniser.restructure(placed)
        try:
            revisions = result_of(future, bench, writer.claim)
        finally:
            future.cancel()
        if revisions is None:
            return _page_by_page(_PAGES_ONLY)
        structure = Structure(scope=Scope.DOCUMENT, blocks=revised_blocks(placed, revisions))
    except (FencedError, GivenBackError, SourceGoneError, CancelledError):
        raise
    except DocumentError as error:
        return _failed(bench, f"the engine failed at it ({error.code.value})")
    except EngineUnavailableError:
        go_on(bench, writer.claim)
        return _failed(bench, "the engine was not there when it was asked")
    except Exception:
        bench.log.exception("structure_defect")
        return _failed(bench, "a defect of this program")
    bench.log.info("structure_found", blocks=len(structure.blocks))
    return structure


def _failed(bench: Bench, reason: str) -> Structure:
    bench.log.warning("structure_not_found", reason=reason)
    return _page_by_page(reason)


def _page_by_page(note: str) -> Structure:
    return Structure(scope=Scope.PAGES, note=note)


def place(pages: Iterable[Page]) -> list[list[PlacedBlock]] | None:
    """What the structure depends on: labels and boxes of all blocks, the text of titles, and of tables that are whole. None where it is too much."""
    placed: list[list[PlacedBlock]] = []
    blocks = characters = 0
    for page in pages:
        placed.append([])
        for block in sorted(page.blocks, key=lambda block: block.order):
            text = ""
            if block.label in HEADINGS:
                text = clean(block.text)
            elif block.format is TextFormat.HTML and not block.missing:  # what is missing would be missed in the middle of a joined table
                text = safe_table(block.text) if block.text else ""
            blocks, characters = blocks + 1, characters + len(text)
            if blocks > _MOST_BLOCKS or characters > _MOST_CHARACTERS:
                return None
            placed[-1].append(PlacedBlock(block.label, block.box, text))
    return placed


def revised_blocks(placed: Sequence[Sequence[PlacedBlock]], revisions: Sequence[Revision]) -> list[RevisedBlock]:
    """What the engine says, as far as it makes sense: levels of headings, and texts of tables, none of which gets lost."""
    said = {(revision.page, revision.block): revision for revision in revisions}
    changes: list[RevisedBlock] = []
    joined_on = None  # the page of the last table that was given a text
    for page, blocks in enumerate(placed):
        for at, block in enumerate(blocks):
            revision = said.get((page, at))
            if (level := _level(block, revision)) is not None:
                changes.append(RevisedBlock(page=page + 1, block=at, level=level))
            elif block.label in HEADINGS or not block.text or revision is None or revision.text is None:
                continue
            elif clean(revision.text):
                joined_on = page + 1
                changes.append(RevisedBlock(page=page + 1, block=at, text=revision.text))
            elif joined_on is not None:
                changes.append(RevisedBlock(page=page + 1, block=at, continues=joined_on))
    return changes


def _level(block: PlacedBlock, revision: Revision | None) -> int | None:
    """The title of the document is alone on the highest level."""
    if block.label not in HEADINGS:
        return None
    if HEADINGS[block.label] == _TITLE:
        return _TITLE
    if revision is None or revision.level is None:
        return None
    return min(max(revision.level, _HIGHEST), _DEEPEST)
