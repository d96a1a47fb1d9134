"""`preview.html`: each page's picture beside its text, with the boxes of the blocks drawn over it.

It opens from the disk, a bucket's public link or any static server: pictures are relative files, style and script are inlined, and its
Content-Security-Policy lets nothing else run or load. A pure function of the pages as they were read, one by one, and the labels that
document.md leaves out, which are dimmed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from watcher.domain.page import Block, Box, Page, PageStatus, TextFormat
from watcher.results.markdown import HEADINGS
from watcher.results.names import DOCUMENT_JSON, DOCUMENT_MD, MANIFEST
from watcher.results.tables import safe_table
from watcher.results.templates import ENVIRONMENT, asset
from watcher.results.text import clean, one_line

_CHUNK = 512
"""Pieces of the template in one chunk, about three pages."""


@dataclass(frozen=True)
class _Words:
    """A sentence of the page in both languages; the script shows the reader's."""

    en: str
    ru: str


_WARNINGS = {
    PageStatus.RETRIED: _Words("This page was read at the second try.", "Страница прочитана со второй попытки."),
    PageStatus.TRUNCATED: _Words("The text of this page is incomplete.", "Текст этой страницы неполон."),
    PageStatus.EMPTY: _Words(
        "The engine found nothing on this page though it is not blank.", "На этой странице ничего не найдено, хотя она не пустая."
    ),
    PageStatus.BLANK: _Words("This page is blank.", "Пустая страница."),
    PageStatus.FAILED: _Words("This page could not be read.", "Эту страницу не удалось прочитать."),
}


@dataclass(frozen=True)
class _BlockView:
    """What the template needs of a block; `box` is left, top, width, height within the page."""

    label: str
    box: Box
    heading: bool
    omitted: bool
    formula: bool
    text: str
    table: Markup | None
    figure: str | None
    missing: str


@dataclass(frozen=True)
class _PageView:
    page: Page
    warning: _Words | None
    note: str
    blocks: list[_BlockView]


def preview_html(pages: Iterable[Page], name: str, total: int, omitted: Collection[str]) -> Iterator[str]:
    """The file in chunks of a few pages. `name` of the document and the number of its pages stand above them."""
    stream = ENVIRONMENT.get_template("preview.html").stream(
        name=one_line(name),
        total=total,
        pages=map(partial(_page_view, omitted=omitted), pages),
        links=[DOCUMENT_MD, DOCUMENT_JSON, MANIFEST],
        style=asset("preview.css"),
        script=asset("preview.js"),
    )
    stream.enable_buffering(_CHUNK)
    yield from stream


def _page_view(page: Page, omitted: Collection[str]) -> _PageView:
    blocks = sorted(page.blocks, key=lambda block: block.order)
    told = any(block.missing for block in blocks)  # at the blocks, so not above them as well
    return _PageView(page, _WARNINGS.get(page.status), "" if told else page.note, [_block_view(block, page, omitted) for block in blocks])


def _block_view(block: Block, page: Page, omitted: Collection[str]) -> _BlockView:
    left, right = (min(max(x, 0), page.width) for x in block.box[0::2])
    top, bottom = (min(max(y, 0), page.height) for y in block.box[1::2])
    return _BlockView(
        label=one_line(block.label),
        box=(left, top, max(right - left, 0), max(bottom - top, 0)),
        heading=block.label in HEADINGS,
        omitted=block.label in omitted,
        formula=block.format is TextFormat.LATEX,
        text=clean(block.text),
        table=Markup(safe_table(block.text)) if block.format is TextFormat.HTML else None,  # noqa: S704  # sanitised just here
        figure=block.figure,
        missing=one_line(block.missing),
    )
