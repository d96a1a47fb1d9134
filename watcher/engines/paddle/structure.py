"""What PaddleOCR-VL's pipeline says of a whole document: tables that go on over the page, and levels of headings. Pure, around the pipeline's own call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from watcher.engines.port import PlacedBlock, Revision

_TITLES = ("doc_title", "paragraph_title")
_SPAN = re.compile(r"(?:row|col)span\s*=\s*([^\s>]*)", re.IGNORECASE)
_MOST_SPANNED = 1000  # the pipeline walks through every cell of a span
_MOST_CHARACTERS = 2_000_000
_DEEPEST = 5  # of paragraph_title, which stands below doc_title


def asked(pages: Sequence[Sequence[PlacedBlock]]) -> list[dict[str, object]]:
    """Pages as `restructure_pages` takes them, with the text of titles and tables alone."""
    return [{"res": {"parsing_res_list": [_asked(block) for block in page], "model_settings": {}}} for page in pages]


def revisions(pages: Sequence[Sequence[PlacedBlock]], results: Sequence[Any]) -> list[Revision]:
    """From what `restructure_pages` returned of `asked(pages)`. Raises ValueError where that has other blocks."""
    found: list[Revision] = []
    for number, (page, result) in enumerate(zip(pages, results, strict=True)):
        for index, (block, judged) in enumerate(zip(page, result["parsing_res_list"], strict=True)):
            found += _revision(number, index, block, judged)
    return found


def _revision(page: int, index: int, block: PlacedBlock, judged: Any) -> Iterator[Revision]:
    if block.label == "doc_title":
        yield Revision(page, index, level=1)
    elif block.label == "paragraph_title" and (level := getattr(judged, "title_level", None)) is not None:
        yield Revision(page, index, level=1 + min(max(1, int(level)), _DEEPEST))
    elif block.label == "table" and judged.content != _sent(block):
        yield Revision(page, index, text=judged.content)


def _asked(block: PlacedBlock) -> dict[str, object]:
    return {"block_label": block.label, "block_bbox": list(block.box), "block_content": _sent(block)}


def _sent(block: PlacedBlock) -> str:
    if block.label in _TITLES:
        return block.text
    return block.text if block.label == "table" and _is_harmless(block.text) else ""


def _is_harmless(table: str) -> bool:
    """Tables come from hostile documents: a cell over a million columns would take the process's memory."""
    spans = [span.strip("\"'") for span in _SPAN.findall(table)]
    return len(table) <= _MOST_CHARACTERS and all(span.isdecimal() and int(span[:9]) <= _MOST_SPANNED for span in spans)
