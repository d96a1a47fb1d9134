"""Pages as values: what drawing and recognition say of one page becomes its checkpoint."""

from __future__ import annotations

from collections import Counter

from watcher.domain.errors import DocumentError
from watcher.domain.page import Block, EngineInfo, Page, PageStatus, TextFormat
from watcher.engines.recogniser import Recognition
from watcher.intake.port import Blank, RenderedPage
from watcher.results.cells import table_cells
from watcher.results.names import figure, page_picture
from watcher.results.text import clean

INK_TO_BE_READ = 0.0005
"""Share of a page: half of what the emptiest page with text of the test corpus bears, an A4 page with one short word. It is 30 mm² of A4."""


def read_page(drawn: RenderedPage, recognition: Recognition, engine: EngineInfo) -> tuple[Page, dict[str, bytes]]:
    """The page, and its figures by name."""
    figures: dict[str, bytes] = {}
    blocks = []
    for order, seen in enumerate(recognition.reading.blocks):
        name = None
        if seen.figure is not None:
            name = figure(drawn.number, seen.label, seen.box)
            figures[name] = seen.figure
        blocks.append(
            Block(
                label=seen.label,
                box=seen.box,
                order=order,
                text=seen.text,
                format=seen.format,
                confidence=seen.confidence,
                figure=name,
                missing=seen.missing,
                cells=table_cells(seen.text) if seen.format is TextFormat.HTML else None,
            )
        )
    status, note = _outcome(recognition, drawn.ink)
    page = Page(
        number=drawn.number,
        width=drawn.width,
        height=drawn.height,
        dpi=drawn.dpi,
        status=status,
        note=note,
        blocks=blocks,
        image=page_picture(drawn.number),
        engine=engine,
        seconds=recognition.reading.seconds,
    )
    return page, figures


def _outcome(recognition: Recognition, ink: float) -> tuple[PageStatus, str]:
    reasons = Counter(block.missing for block in recognition.reading.blocks if block.missing)
    notes = [f"{count} {'blocks' if count > 1 else 'block'}: {reason}" for reason, count in reasons.items()]
    status = PageStatus.TRUNCATED if reasons else PageStatus.OK
    if recognition.retried:
        notes.append("read alone, after a call that held it with other pages had failed")
        status = PageStatus.RETRIED if status is PageStatus.OK else status
    if not any(clean(block.text) or block.figure or block.missing for block in recognition.reading.blocks):
        notes.append(f"the engine found nothing; ink covers {_percent(ink)} of the page")
        status = PageStatus.EMPTY if ink > INK_TO_BE_READ else status
    return status, "; ".join([*notes, *recognition.reading.remarks])


def _percent(share: float) -> str:
    """With two digits that count, never in powers of ten: 12 %, 0.031 %."""
    return f"{float(f'{share * 100:.2g}'):f}".rstrip("0").rstrip(".") + " %"


def blank_page(drawn: RenderedPage, why: Blank) -> Page:
    return Page(
        number=drawn.number,
        width=drawn.width,
        height=drawn.height,
        dpi=drawn.dpi,
        status=PageStatus.BLANK,
        note=f"{why.value}: not given to the engine",
        image=page_picture(drawn.number),
    )


def failed_page(number: int, reason: str, drawn: RenderedPage | None) -> Page:
    """With its picture where it could at least be drawn."""
    if drawn is None:
        return Page(number=number, width=0, height=0, dpi=0, status=PageStatus.FAILED, note=reason)
    return Page(
        number=number,
        width=drawn.width,
        height=drawn.height,
        dpi=drawn.dpi,
        status=PageStatus.FAILED,
        note=reason,
        image=page_picture(number),
    )


def over_tolerance(failed: int, total: int, percent: float) -> bool:
    """Whether too many pages failed for the document to be finished without them."""
    return failed * 100 > percent * total


def failure_of(failures: dict[int, DocumentError], total: int) -> DocumentError:
    """The error of a document of which too many pages failed: that of its first failed page, counted over all of them."""
    first = min(failures)
    error = failures[first]
    return DocumentError(error.code, first, **{**error.details, "found": len(failures), "total": total})
