"""Detected lines of a page as blocks in reading order, by recursive cuts along empty bands (XY-cut). Pure.

For engines that find lines only. Columns go before rows: a band that runs down between two columns of running text parts
them first, then the widest empty band across a part cuts it. What cannot be cut is a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from watcher.domain.page import Box
from watcher.engines.paragraphs import Line, join, paragraphs
from watcher.engines.port import ReadBlock

_COLUMN_LINES = 3  # fewer, or narrower, and it is a table or a form, which is read row by row
_COLUMN_WIDTH = 4.0  # in heights of a line
_COLUMN_GAP = 0.4
_BLOCK_GAP = 0.8


@dataclass(frozen=True)
class Detected:
    """One line that an engine found; sides in pixels."""

    text: str
    box: Box
    confidence: float


def blocks(lines: Sequence[Detected]) -> list[ReadBlock]:
    """Blocks in reading order. Where most rows of a block have several pieces, it is a table: rows in lines, pieces parted by tabs."""
    if not lines:
        return []
    height = median(line.box[3] - line.box[1] for line in lines)
    found: list[ReadBlock] = []
    parts = [list(lines)]
    while parts:  # a stack, since pages of many single words would be too deep for recursion
        part = parts.pop()
        cut = _columns(part, height) or _bands(part, height)
        if cut:
            parts.extend(reversed(cut))
        else:
            found.append(_block(part))
    return found


def _columns(lines: list[Detected], height: float) -> list[list[Detected]]:
    parts = _parted(lines, 0, 2, _COLUMN_GAP * height)
    wide = all(median(line.box[2] - line.box[0] for line in part) >= _COLUMN_WIDTH * height for part in parts)
    return parts if len(parts) > 1 and wide and all(len(part) >= _COLUMN_LINES for part in parts) else []


def _bands(lines: list[Detected], height: float) -> list[list[Detected]]:
    """The two sides of the widest empty band across."""
    parts = _parted(lines, 1, 3, _BLOCK_GAP * height)
    if len(parts) < 2:
        return []
    gaps = [min(line.box[1] for line in below) - max(line.box[3] for line in above) for above, below in pairwise(parts)]
    at = gaps.index(max(gaps)) + 1
    return [[line for part in parts[:at] for line in part], [line for part in parts[at:] for line in part]]


def _parted(lines: list[Detected], low: int, high: int, gap: float) -> list[list[Detected]]:
    """Lines parted where nothing covers at least `gap` pixels of an axis; `low` and `high` are the sides along it."""
    parts: list[list[Detected]] = []
    end = 0
    for line in sorted(lines, key=lambda line: line.box[low]):
        if not parts or line.box[low] - end >= gap:
            parts.append([])
            end = line.box[high]
        parts[-1].append(line)
        end = max(end, line.box[high])
    return parts


def _block(lines: list[Detected]) -> ReadBlock:
    rows = _rows(lines)
    is_table = len(rows) >= 3 and sum(len(row) > 1 for row in rows) * 2 > len(rows)
    text = "\n".join("\t".join(piece.text for piece in row) for row in rows) if is_table else paragraphs([_line(row) for row in rows])
    characters = sum(len(line.text) for line in lines)
    confidence = sum(line.confidence * len(line.text) for line in lines) / characters if characters else 0.0
    return ReadBlock("table" if is_table else "text", _around(lines), text, confidence=min(1.0, max(0.0, confidence)))


def _rows(lines: list[Detected]) -> list[list[Detected]]:
    """Lines that stand beside each other (by more than half of the lower one's height), left to right; rows from top to bottom."""
    rows: list[list[Detected]] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        if rows and _beside(rows[-1][0].box, line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in rows]


def _beside(one: Box, other: Box) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return 2 * shared > min(one[3] - one[1], other[3] - other[1])


def _line(row: list[Detected]) -> Line:
    text = row[0].text
    for piece in row[1:]:
        text = join(text, piece.text)
    first = row[0]
    share = len(first.text.split(maxsplit=1)[0]) / len(first.text) if first.text.strip() else 1.0
    return Line(text, _around(row), share * (first.box[2] - first.box[0]))


def _around(lines: Sequence[Detected]) -> Box:
    boxes = [line.box for line in lines]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
