"""What one page's drawing and recognition say together."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.domain.page import Cell, EngineInfo, PageStatus, TextFormat
from watcher.engines.port import PageReading, ReadBlock
from watcher.engines.recogniser import Recognition
from watcher.intake.port import Blank, RenderedPage
from watcher.pipeline.assemble import blank_page, read_page

ENGINE = EngineInfo(name="echo", version="1")
BOX = (1, 2, 30, 40)
CUT, LOST = "the engine's answer was cut off", "the engine's answer was lost"


def drawn(ink: float = 0.2) -> RenderedPage:
    return RenderedPage(3, Path("3.ppm"), Path("3.jpg"), 100, 200, 200.0, None, ink)


def read(*blocks: ReadBlock, ink: float = 0.2, retried: bool = False, remarks: tuple[str, ...] = ()) -> tuple[PageStatus, str]:
    page, _ = read_page(drawn(ink), Recognition(PageReading(blocks, 0.5, remarks), retried), ENGINE)
    return page.status, page.note


def test_a_page_whose_text_is_missing_counts_the_blocks_by_reason() -> None:
    text, cut, lost = ReadBlock("text", BOX, "a"), ReadBlock("text", BOX, "b", missing=CUT), ReadBlock("text", BOX, missing=LOST)

    assert read(text, cut, lost, cut) == (PageStatus.TRUNCATED, f"2 blocks: {CUT}; 1 block: {LOST}")
    assert read(lost) == (PageStatus.TRUNCATED, f"1 block: {LOST}")


@pytest.mark.parametrize("blocks", [(), (ReadBlock("text", BOX),), (ReadBlock("text", BOX, "\x00 \n"),)])
def test_nothing_found_on_a_page_full_of_ink_is_told(blocks: tuple[ReadBlock, ...]) -> None:
    assert read(*blocks, ink=0.2) == (PageStatus.EMPTY, "the engine found nothing; ink covers 20 % of the page")
    assert read(*blocks, ink=0.00061, retried=True)[0] is PageStatus.EMPTY


def test_nothing_found_where_hardly_any_ink_is_only_gets_a_note() -> None:
    assert read(ink=0.0000314) == (PageStatus.OK, "the engine found nothing; ink covers 0.0031 % of the page")


@pytest.mark.parametrize(
    "block", [ReadBlock("image", BOX, figure=b"a picture"), ReadBlock("text", BOX, "a"), ReadBlock("number", BOX, "7")]
)
def test_a_page_of_pictures_or_with_any_text_is_not_empty(block: ReadBlock) -> None:
    assert read(block) == (PageStatus.OK, "")


def test_what_the_engine_remarks_is_noted_though_nothing_is_missing() -> None:
    assert read(ReadBlock("text", BOX, "a"), remarks=("read at half its resolution", "tried twice")) == (
        PageStatus.OK,
        "read at half its resolution; tried twice",
    )


def test_html_gets_its_cells_and_other_text_none() -> None:
    table = "<table><tr><td>a</table>"
    html, plain = ReadBlock("table", BOX, table, TextFormat.HTML), ReadBlock("text", BOX, table)
    page, _ = read_page(drawn(), Recognition(PageReading((html, plain), 0.5), retried=False), ENGINE)

    assert [block.cells for block in page.blocks] == [[Cell(row=0, column=0, text="a")], None]


@pytest.mark.parametrize(
    ("why", "note"),
    [(Blank.ONE_COLOUR, "one colour only: not given to the engine"), (Blank.NO_INK, "no ink: not given to the engine")],
)
def test_a_blank_page_says_why_the_engine_was_not_asked(why: Blank, note: str) -> None:
    page = blank_page(drawn(ink=0), why)
    assert (page.status, page.note, page.image) == (PageStatus.BLANK, note, "pages/0003.jpg")
