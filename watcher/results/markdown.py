"""`document.md`: the whole document as CommonMark, each page behind its marker `<!-- page N -->`.

A pure function of the pages and the labels to leave out. No text of the document becomes markup: tables are sanitised HTML, formulas stand
in `$$`, the rest is escaped. Where text is missing a note says so at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from urllib.parse import quote

from watcher.domain.page import Block, PageContent, PageStatus, TextFormat
from watcher.results.names import plain_label
from watcher.results.tables import safe_table
from watcher.results.text import clean, escape_line, escape_paragraph, one_line, paragraphs

HEADINGS = {"doc_title": 1, "title": 1, "paragraph_title": 2}
"""Level of the heading that a label becomes where the document as a whole says nothing else."""

_DELIMITED = re.compile(r"(\$\$?|\\\[|\\\()\s*(?P<body>.*?)\s*(\$\$?|\\\]|\\\))")
_MATHEMATICS = re.compile(r"(\$\$.+?\$\$|(?<![\\$])\$(?![\s$])[^$\n]*(?<![\s\\])\$(?![0-9$]))", re.DOTALL)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(:])")


def document_markdown(pages: Iterable[PageContent], omitted: Collection[str]) -> Iterator[str]:
    """The file in chunks, one a page. `omitted` are labels of blocks."""
    for page in pages:
        yield ("\n" if page.number > 1 else "") + "\n\n".join(_page(page, omitted)) + "\n"


def _page(page: PageContent, omitted: Collection[str]) -> Iterator[str]:
    yield f"<!-- page {page.number} -->"
    if page.status is PageStatus.BLANK:
        yield "<!-- blank -->"
    elif page.status is PageStatus.FAILED:
        yield _note(f"Page {page.number} could not be read.", page.note)
    elif page.status is PageStatus.EMPTY:
        yield _note(f"The engine found nothing on page {page.number} though it is not blank.", "")
    blocks = [block for block in sorted(page.blocks, key=lambda block: block.order) if block.label not in omitted]
    if page.status is PageStatus.TRUNCATED and not any(block.missing for block in blocks):
        yield _note(f"The text of page {page.number} is incomplete.", page.note)
    for block in blocks:
        yield from _block(block)


def _note(title: str, note: str) -> str:
    return f"> **{title}** {escape_line(one_line(note))}".rstrip()


def _block(block: Block) -> Iterator[str]:
    if block.figure is not None:
        yield f"![{plain_label(block.label).replace('_', ' ')}]({quote(block.figure)})"
    if block.continues is not None:
        yield f"<!-- continues the table of page {block.continues} -->"
    elif clean(block.text):
        yield from _TEXT[block.format](block)
    if block.missing:
        yield _note("Text is missing here:", block.missing)


def _heading(block: Block, line: str) -> str:
    return f"{'#' * (block.level or HEADINGS[block.label])} {line}"


def _plain(block: Block) -> Iterator[str]:
    if block.label in HEADINGS:
        yield _heading(block, escape_line(one_line(block.text)))
    else:
        yield from map(escape_paragraph, paragraphs(block.text))


def _marked(block: Block) -> Iterator[str]:
    """Markdown of the engine keeps emphasis, lists and mathematics, but no HTML, link, image, definition or fence."""
    pieces = _MATHEMATICS.split(clean(block.text))  # every second piece is mathematics, where `&lt;` and `]\(` would mean something else
    text = "".join(_blunt_formula(piece) if at % 2 else _blunt_prose(piece) for at, piece in enumerate(pieces))
    text = re.sub(r"(`{3,}|~{3,})", r"\\\1", text)
    if text.count("$$") % 2:  # left open, as in text that was cut off, it would swallow what follows in viewers that know mathematics
        text = text.replace("$$", r"\$\$")
    if block.label in HEADINGS:
        text = _heading(block, one_line(text).lstrip("# "))
    yield text


def _blunt_prose(text: str) -> str:
    return _LINK.sub(r"]\\", _TAG.sub("&lt;", text))


def _blunt_formula(text: str) -> str:
    """TeX shows the same with a space there."""
    return _LINK.sub("] ", _TAG.sub("< ", text))


def formula_body(text: str) -> str:
    """TeX without the delimiters around it, in one line, and without comments, which a formula on paper does not have."""
    text = one_line(text)
    if delimited := _DELIMITED.fullmatch(text):
        text = delimited["body"]
    return re.sub(r"(?<!\\)((?:\\\\)*)([$%])", r"\1\\\2", text)


def _formula(block: Block) -> Iterator[str]:
    """One line, since any other could begin with what Markdown takes for a list or a fence. TeX shows the same."""
    text = _blunt_formula(formula_body(block.text))
    if text:
        closing = " $$" if text.endswith("\\") else "$$"
        yield f"$${text}{closing}"


def _table(block: Block) -> Iterator[str]:
    yield safe_table(block.text)


_TEXT: dict[TextFormat, Callable[[Block], Iterator[str]]] = {
    TextFormat.PLAIN: _plain,
    TextFormat.MARKDOWN: _marked,
    TextFormat.LATEX: _formula,
    TextFormat.HTML: _table,
}
