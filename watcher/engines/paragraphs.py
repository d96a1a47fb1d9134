"""Lines of text as paragraphs that a reader wants: a line break of the page stays only where it was meant.

Pure. Paragraphs are parted by an empty line. A word divided at the end of a line becomes whole, which costs the hyphen of
the few compounds that are divided at their own (`кто-` / `то`); search and reading gain more than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from watcher.domain.page import Box

_DIVIDED = re.compile(r"[^\W\d_][-\u2010\u00ad¬]$")
_LIST_ITEM = re.compile(r"(?:[-–—•·*]|\(?(?:\d{1,3}|[^\W\d_])\)|\d{1,3}\.|\d{1,3}(?:\.\d{1,3})+\.?)(?:\s|$)")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True)
class Line:
    """One line of text, upright. `first_word` is the width of its first word in pixels."""

    text: str
    box: Box
    first_word: float


def paragraphs(lines: Sequence[Line]) -> str:
    """Lines of one block from top to bottom, joined where the text flows on."""
    if not lines:
        return ""
    height = median(line.box[3] - line.box[1] for line in lines)
    left = min(line.box[0] for line in lines)
    right = max(line.box[2] for line in lines)
    text = lines[0].text
    for previous, line in pairwise(lines):
        if _flows_on(previous, line, left, right, height):
            text = join(text, line.text)
        else:
            text += "\n\n" + line.text
    return text


def join(text: str, following: str) -> str:
    """The two with a space between, or with none within a divided word and between Chinese, Japanese and Korean signs."""
    if _DIVIDED.search(text) and following[:1].islower():
        return text[:-1] + following
    if _CJK.match(text[-1:]) and _CJK.match(following[:1]):
        return text + following
    return f"{text} {following}"


def _flows_on(previous: Line, line: Line, left: int, right: int, height: float) -> bool:
    if line.box[1] - previous.box[3] > height or _LIST_ITEM.match(line.text):
        return False
    if previous.box[2] + height / 3 + line.first_word < right:  # the word would have fitted: the writer broke the line
        return False
    indent, rest = line.box[0] - left, right - line.box[2]
    return not (indent > height and rest < indent / 2)  # indented, and not centred
