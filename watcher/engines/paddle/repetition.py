"""Text that a model repeats without end, and what is left of it. Pure, and linear in the text's length.

Language models fall into loops: the same words, or the same line, up to the limit of tokens. What people write repeats as well (dotted lines, columns of
zeros, empty rows of a table): so an answer that ended by itself is only touched where the loop is long and most of the text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_TAG = re.compile(r"<[a-z]{1,5}>")  # of tables, such as <fcel> and <nl>: no words
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class _Loop:
    """How often, over how many characters, and over which share of the text something must come again."""

    times: int
    characters: int
    share: float


_CUT_OFF = _Loop(times=5, characters=100, share=0.0)
_ENDED = _Loop(times=10, characters=300, share=0.5)
_ENDED_TABLE = _Loop(times=20, characters=3000, share=0.5)
_LINE_SHARE = 0.8


def without_repetition(text: str, *, cut_off: bool, table: bool = False) -> str | None:
    """The text with what it repeats standing once; None where it does not repeat itself. `cut_off`: the answer was ended by its limit."""
    loop = _CUT_OFF if cut_off else _ENDED_TABLE if table else _ENDED
    return _without_loop(text, loop, wordless=cut_off) or (None if table else _without_lines(text, loop))


def _without_loop(text: str, loop: _Loop, *, wordless: bool) -> str | None:
    """One unit again and again at the end. `wordless`: units without any word count, too."""
    body = text.rstrip()
    covered = _periods(body[::-1])
    best = max(range(1, len(covered)), key=lambda period: covered[period], default=0)  # of several, the shortest
    length = covered[best] if best else 0
    if not best or length < max(loop.times * best, loop.characters, loop.share * len(body)):
        return None
    unit = body[len(body) - best :]
    if not wordless and not _WORD.search(_TAG.sub("", unit)):
        return None
    again = (length - len(unit.strip())) // best
    return body[: len(body) - again * best]  # whole units from the end, so that what is left ends as the text did


def _periods(text: str) -> list[int]:
    """By period, the length of the longest beginning of `text` that has it: the Z-function, each value with its period added."""
    size = len(text)
    match = [0] * size
    left = right = 0
    for index in range(1, size):
        length = min(right - index, match[index - left]) if index < right else 0
        while index + length < size and text[length] == text[index + length]:
            length += 1
        match[index] = length
        if index + length > right:
            left, right = index, index + length
    return [match[period] + period if match[period] >= period else 0 for period in range(size)]


def _without_lines(text: str, loop: _Loop) -> str | None:
    """One line that stands for most of them, though others come between."""
    lines = text.split("\n")
    counted = Counter(line.strip() for line in lines if line.strip())
    if not counted:
        return None
    line, times = counted.most_common(1)[0]
    if times < max(2 * loop.times, _LINE_SHARE * counted.total()) or times * len(line) < loop.characters or not _WORD.search(line):
        return None
    first = next(index for index, other in enumerate(lines) if other.strip() == line)
    return "\n".join(other for index, other in enumerate(lines) if index == first or other.strip() != line).strip()
