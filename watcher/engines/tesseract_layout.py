"""Blocks of a page from the words that Tesseract found. Pure.

Tesseract's layout analysis gives kinds of blocks and reading order. It calls single lines in the middle of a text headings,
misses real ones, and cuts running text where lines stand a little closer: so headings are told by their size, and text that
goes on right below is one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from watcher.domain.page import Box
from watcher.engines.paragraphs import Line, paragraphs
from watcher.engines.port import ReadBlock

_LABELS = {
    "FLOWING_TEXT": "text",
    "HEADING_TEXT": "text",
    "PULLOUT_TEXT": "text",
    "VERTICAL_TEXT": "text",
    "CAPTION_TEXT": "caption",
    "TABLE": "table",
    "EQUATION": "formula",
    "INLINE_EQUATION": "formula",
    "FLOWING_IMAGE": "image",
    "HEADING_IMAGE": "image",
    "PULLOUT_IMAGE": "image",
}
"""By Tesseract's block types; rules, noise and unknown things are left out."""

_FIGURE_SHARE = 0.05  # of the page's shorter side: smaller pictures are specks and edges of the scan
_TITLE_SIZE = 1.35  # of the page's usual line: a list in slightly larger type is no row of headings
_TITLE_CHARACTERS = 120
_TITLE_CONFIDENCE = 0.6  # stamps and logos read as large nonsense


@dataclass(frozen=True)
class Word:
    """One word in reading order; a picture counts as a block with one empty word. `row_height` is that of its line."""

    text: str
    box: Box
    confidence: float
    kind: str
    block_box: Box
    row_height: float
    opens_block: bool
    opens_line: bool


@dataclass(frozen=True)
class _Part:
    label: str
    box: Box
    lines: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> list[Word]:
        return [word for line in self.lines for word in line]


def blocks(words: Sequence[Word], width: int, height: int) -> list[ReadBlock]:
    """Blocks in reading order, pictures still without their cut-out; `width` and `height` are the page's."""
    starts = [index for index, word in enumerate(words) if word.opens_block]
    parts = [part for start, end in pairwise([*starts, len(words)]) if (part := _part(words[start:end], width, height))]
    heights = [word.row_height for part in parts for word in part.words for _ in word.text]
    usual = median(heights) if heights else 0.0
    found: list[_Part] = []
    for part in parts:
        if part.label == "text" and _is_title(part, usual):
            found.append(_Part("paragraph_title", part.box, part.lines))
        elif found and _goes_on(found[-1], part, usual):
            found[-1] = _Part("text", _around([found[-1].box, part.box]), found[-1].lines + part.lines)
        else:
            found.append(part)
    return [_read(part) for part in found]


def _part(words: Sequence[Word], width: int, height: int) -> _Part | None:
    left, top, right, bottom = words[0].block_box
    box = max(0, left), max(0, top), min(width, right), min(height, bottom)
    label = _LABELS.get(words[0].kind)
    if label is None or box[0] >= box[2] or box[1] >= box[3]:
        return None
    if label == "image":
        large = min(box[2] - box[0], box[3] - box[1]) >= _FIGURE_SHARE * min(width, height)
        return _Part(label, box, ()) if large else None
    lines = tuple(_lines(words))
    return _Part(label, box, lines) if lines else None


def _lines(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    starts = [index for index, word in enumerate(words) if word.opens_line or index == 0]
    for start, end in pairwise([*starts, len(words)]):
        if line := tuple(word for word in words[start:end] if word.text):
            yield line


def _is_title(part: _Part, usual: float) -> bool:
    words = part.words
    text = " ".join(word.text for word in words)
    return (
        len(part.lines) <= 2
        and len(text) <= _TITLE_CHARACTERS
        and sum(character.isalpha() for character in text) > 1
        and min(line[0].row_height for line in part.lines) >= _TITLE_SIZE * usual
        and _confidence(words) >= _TITLE_CONFIDENCE
    )


def _goes_on(above: _Part, below: _Part, usual: float) -> bool:
    """Whether running text continues in the next block: right below, and mostly in the same width."""
    if above.label != "text" or below.label != "text":
        return False
    gap = below.box[1] - above.box[3]
    shared = min(above.box[2], below.box[2]) - max(above.box[0], below.box[0])
    narrower = min(above.box[2] - above.box[0], below.box[2] - below.box[0])
    return -usual / 2 <= gap <= usual and 2 * shared > narrower and abs(above.box[0] - below.box[0]) <= 4 * usual


def _read(part: _Part) -> ReadBlock:
    if part.label == "image":
        return ReadBlock(part.label, part.box)
    is_table = part.label == "table"
    text = "\n".join(map(_row, part.lines)) if is_table else paragraphs(list(map(_line, part.lines)))
    return ReadBlock(part.label, part.box, text, confidence=_confidence(part.words))


def _confidence(words: Sequence[Word]) -> float:
    mean = sum(word.confidence * len(word.text) for word in words) / sum(len(word.text) for word in words)
    return min(1.0, max(0.0, mean))


def _line(words: Sequence[Word]) -> Line:
    first = words[0].box
    return Line(" ".join(word.text for word in words), _around([word.box for word in words]), first[2] - first[0])


def _row(words: Sequence[Word]) -> str:
    """A row of a table: a tab where the gap between two words is much wider than a space."""
    height = max(word.box[3] - word.box[1] for word in words)
    text = words[0].text
    for previous, word in pairwise(words):
        text += ("\t" if word.box[0] - previous.box[2] > 1.5 * height else " ") + word.text
    return text


def _around(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
