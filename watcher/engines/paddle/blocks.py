"""Blocks of a page from what PaddleOCR-VL's pipeline returns of it. Pure.

Labels are those of PP-DocLayoutV2 and V3. What the pipeline leaves out for its own Markdown is put back: pictures inside tables, and pictures that it took for
those of another page, since it knows them by label and box alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from watcher.domain.page import Box, TextFormat
from watcher.engines.port import ReadBlock

PICTURES = frozenset({"image", "figure", "header_image", "footer_image", "chart", "seal"})
"""Labels whose cut-out is kept."""

_PLAIN = frozenset({"algorithm", "formula_number", "number", "seal"})
_FORMULA = re.compile(r"\s*(\$\$|\$|\\\[|\\\()\s*(?P<body>.*?)\s*(\$\$|\$|\\\]|\\\))\s*", re.DOTALL)
_SAME = 0.7  # of the smaller one's area: the pipeline takes two such boxes for one thing

UNTAKEN = "it stands inside a table, where its text was not taken over"


@dataclass(frozen=True)
class Seen:
    """A block or a picture as the pipeline returns it; `box` in pixels of the image that it was given."""

    label: str
    box: tuple[float, float, float, float]
    text: str = ""
    path: str = ""  # by which tables name a picture


def read_blocks(
    blocks: Sequence[Seen],
    pictures: Sequence[Seen],
    size: tuple[int, int],
    take: Callable[[str], tuple[str, str]],
    cut: Callable[[Box], bytes],
    read_labels: Collection[str] = (),
) -> tuple[ReadBlock, ...]:
    """In the pipeline's order. `pictures`: all that were detected; `size`: width and height of the image that was read.

    `take` parts a text from what is missing of it, `cut` makes a JPEG of a part of the image. `read_labels`: pictures that are also read.
    """
    found = [_block(seen, size, take, cut) for seen in blocks]
    told = "\n".join(seen.text for seen in blocks if seen.label == "table")
    for picture in pictures:
        box = _clipped(picture.box, size)
        if not any(_is_same(box, block.box) for block in found if block.label in PICTURES):
            untaken = picture.label in read_labels and (not picture.path or picture.path not in told)
            figure = ReadBlock(picture.label, box, figure=cut(box), missing=UNTAKEN if untaken else "")
            found.insert(_place(box, found), figure)
    return tuple(found)


def with_lost(blocks: Sequence[ReadBlock], reasons: Sequence[str], size: tuple[int, int]) -> tuple[ReadBlock, ...]:
    """The page's blocks, the first whole one telling what is missing somewhere on the page."""
    told = f"somewhere on this page: {'; '.join(reasons)}"
    at = next((index for index, block in enumerate(blocks) if not block.missing), None)
    if at is None:
        return (*blocks, ReadBlock("text", (0, 0, *size), missing=told))
    return (*blocks[:at], replace(blocks[at], missing=told), *blocks[at + 1 :])


def scaled_back(blocks: Sequence[ReadBlock], scale: float, size: tuple[int, int]) -> tuple[ReadBlock, ...]:
    """Blocks of a page that was read at `scale`, in pixels of the page itself."""
    if scale == 1:
        return tuple(blocks)
    return tuple(replace(block, box=_clipped([side / scale for side in block.box], size)) for block in blocks)


def _block(seen: Seen, size: tuple[int, int], take: Callable[[str], tuple[str, str]], cut: Callable[[Box], bytes]) -> ReadBlock:
    text, missing = take(seen.text)
    text, form = _formed(seen.label, text.strip())
    box = _clipped(seen.box, size)
    return ReadBlock(seen.label, box, text, form, figure=cut(box) if seen.label in PICTURES else None, missing=missing)


def _formed(label: str, text: str) -> tuple[str, TextFormat]:
    if not text:
        return "", TextFormat.PLAIN
    if label == "table":
        return text, TextFormat.HTML if text.startswith("<table") else TextFormat.PLAIN
    if label == "chart":
        return _chart(text)
    if "formula" in label and label != "formula_number":
        return _formula(text)
    return text, TextFormat.PLAIN if label in _PLAIN else TextFormat.MARKDOWN


def _formula(text: str) -> tuple[str, TextFormat]:
    delimited = _FORMULA.fullmatch(text)
    body = delimited["body"] if delimited else text
    return (body, TextFormat.LATEX) if "$" not in body.replace(r"\$", "") else (text, TextFormat.MARKDOWN)


def _chart(text: str) -> tuple[str, TextFormat]:
    """The model writes a chart's data in lines, with | between the cells, the names first."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    if all(len(row) == 1 for row in rows):
        return text, TextFormat.PLAIN
    return f"<table>{''.join(_rows(rows))}</table>", TextFormat.HTML


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for index, row in enumerate(rows):
        tag = "td" if index else "th"
        yield f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in row)}</tr>"


def _clipped(sides: Sequence[float], size: tuple[int, int]) -> Box:
    """Whole pixels within the image, at least one each way."""
    left, top = (min(max(0, int(side)), limit - 1) for side, limit in zip(sides[:2], size, strict=True))
    right, bottom = (min(max(low + 1, int(side)), limit) for side, low, limit in zip(sides[2:], (left, top), size, strict=True))
    return left, top, right, bottom


def _place(box: Box, blocks: Sequence[ReadBlock]) -> int:
    """Behind the table around it and what was put there before; else before what stands lower."""
    for index, block in enumerate(blocks):
        if block.label == "table" and _shared(box, block.box) >= _SAME * _area(box):
            after = index + 1
            while after < len(blocks) and blocks[after].label in PICTURES and _shared(blocks[after].box, block.box) > 0:
                after += 1
            return after
    return next((index for index, block in enumerate(blocks) if block.box[1] >= box[1]), len(blocks))


def _is_same(one: Box, other: Box) -> bool:
    return _shared(one, other) > _SAME * min(_area(one), _area(other))


def _shared(one: Box, other: Box) -> int:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0, width) * max(0, height)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
