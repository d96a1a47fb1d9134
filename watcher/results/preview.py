"""`preview.html`: each page's picture beside its text, with the boxes of the blocks drawn over it.

It opens from the disk, a bucket's public link or any static server: pictures are relative files, style and script are inlined, and its
Content-Security-Policy lets nothing else run or load. A presigned link opens this file alone; the page then says so in the pictures' place.
A pure function of the pages as they were read, one by one, and the labels that document.md leaves out, which are dimmed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from watcher.domain.page import Block, Box, Page, PageStatus, TextFormat
from watcher.results.markdown import HEADINGS
from watcher.results.names import DOCUMENT_JSON, DOCUMENT_MD, MANIFEST
from watcher.results.preview_formulas import Formulas
from watcher.results.preview_markup import formula, marked, marked_line, table
from watcher.results.templates import ENVIRONMENT, asset
from watcher.results.text import clean, one_line

_CHUNK = 512
"""Pieces of the template in one chunk, about three pages."""

_MOST_MARKDOWN = 50_000
"""Characters on a page that are taken for Markdown, which takes up to 0.8 s; more stay plain. A page of fine print has 10,000."""

_MOST_TABLE = 2_000_000
"""Characters of a table that is shown, such as one of 100,000 cells, which a browser takes a second or two to lay out."""


@dataclass(frozen=True)
class _Words:
    """A sentence of the page in both languages; the page shows the reader's."""

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

_SUMMARY = {
    PageStatus.FAILED: _Words("Could not be read", "Не прочитаны"),
    PageStatus.TRUNCATED: _Words("Text is missing", "Не хватает текста"),
    PageStatus.EMPTY: _Words("Nothing found, though not blank", "Ничего не найдено, хотя не пустые"),
    PageStatus.BLANK: _Words("Blank", "Пустые"),
}
"""What stands above the pages of each kind, the worst first."""


@dataclass(frozen=True)
class _BlockView:
    """What the template needs of a block; `box` is left, top, width, height within the page. Of the last five at most one is set."""

    label: str
    box: Box
    omitted: bool
    figure: str | None
    missing: str
    heading: bool = False
    markup: Markup | None = None
    table: Markup | None = None
    tex: str = ""
    text: str = ""
    too_large: bool = False


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
        summary={status.value: words for status, words in _SUMMARY.items()},
        style=asset("preview.css"),
        script=asset("preview.js"),
    )
    stream.enable_buffering(_CHUNK)
    yield from stream


def _page_view(page: Page, omitted: Collection[str]) -> _PageView:
    blocks = sorted(page.blocks, key=lambda block: block.order)
    told = any(block.missing for block in blocks)  # at the blocks, so not above them as well
    marks = sum(len(block.text) for block in blocks if block.format is TextFormat.MARKDOWN) <= _MOST_MARKDOWN
    formulas = Formulas()
    views = [_block_view(block, page, omitted, formulas, marks=marks) for block in blocks]
    return _PageView(page, _WARNINGS.get(page.status), "" if told else page.note, views)


def _block_view(block: Block, page: Page, omitted: Collection[str], formulas: Formulas, *, marks: bool) -> _BlockView:
    left, right = (min(max(x, 0), page.width) for x in block.box[0::2])
    top, bottom = (min(max(y, 0), page.height) for y in block.box[1::2])
    view = partial(
        _BlockView,
        label=one_line(block.label),
        box=(left, top, max(right - left, 0), max(bottom - top, 0)),
        omitted=block.label in omitted,
        figure=block.figure,
        missing=one_line(block.missing),
        heading=block.label in HEADINGS,
    )
    text = clean(block.text)
    if block.format is TextFormat.HTML:
        return view(too_large=True) if len(text) > _MOST_TABLE else view(table=table(text, formulas))
    if block.format is TextFormat.LATEX:
        drawn = formula(text, formulas)
        return view(tex=text) if drawn is None else view(markup=drawn, heading=False)
    if block.format is TextFormat.MARKDOWN and marks:
        return view(markup=(marked_line if block.label in HEADINGS else marked)(text, formulas))
    return view(text=text)
