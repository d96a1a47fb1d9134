"""Tesseract in process, through tesserocr: blocks, boxes and reading order of its layout analysis.

Sideways and upside-down pages are turned upright first, where `osd.traineddata` is there to tell them: Tesseract reads
such pages by itself, but then its boxes of pictures are wrong and it misses some that stand on their head.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

from watcher.domain.page import Box, EngineInfo
from watcher.engines.orientation import box_before_turn, turn
from watcher.engines.paragraphs import Line, paragraphs
from watcher.engines.port import Engine, PageImage, PageReading, ReadBlock

_LABELS = {
    "FLOWING_TEXT": "text",
    "HEADING_TEXT": "paragraph_title",
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
"""Tesseract's block types; lines, noise and unknown things are left out."""

_TITLE_CHARACTERS = 120  # Tesseract calls single lines in the middle of a text headings, too
_FIGURE_SHARE = 0.05  # of the page's shorter side: smaller pictures are specks and edges of the scan
_FIGURE_QUALITY = 90
_TURN_CONFIDENCE = 3.0  # of 92 corpus images and turns of them none was misjudged above it
_DOUBTFUL = 70  # a turned page below this mean confidence (of 100) is read as it is, too
_DPI = range(70, 2400)  # what Tesseract finds credible; else it estimates


def load(*, languages: str, tessdata: str, threads: int = 1) -> Engine:
    """`languages` joined by `+`, `tessdata` the folder of their `.traineddata`. Tesseract gains nothing from more than one thread."""
    os.environ["OMP_THREAD_LIMIT"] = str(threads)
    import tesserocr

    return _Tesseract(tesserocr, languages, tessdata)


class _Tesseract:
    def __init__(self, tesserocr: Any, languages: str, tessdata: str) -> None:
        self._modes = tesserocr
        self._types = {value: name for name, value in vars(tesserocr.PT).items() if isinstance(value, int)}
        self._api = tesserocr.PyTessBaseAPI(path=tessdata, lang=languages, psm=tesserocr.PSM.AUTO)
        self._osd = None
        if (Path(tessdata) / "osd.traineddata").exists():
            self._osd = tesserocr.PyTessBaseAPI(path=tessdata, lang="osd", psm=tesserocr.PSM.OSD_ONLY)
        for api in (self._api, self._osd):
            if api is not None:
                api.SetVariable("debug_file", os.devnull)  # it comments on every page
        self.info = EngineInfo(
            name="tesseract",
            version=tesserocr.tesseract_version().split()[1],
            models={"languages": languages, "orientation": "osd" if self._osd is not None else "none"},
            packages={"tesserocr": version("tesserocr")},
        )

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> PageReading:
        started = time.perf_counter()
        with Image.open(page.path) as file:
            image = file.convert("L" if file.mode in ("1", "L", "LA", "I;16") else "RGB")
        dpi = round(page.dpi) if round(page.dpi) in _DPI else 0
        degrees = self._degrees(image, dpi)
        blocks, confidence = self._blocks(image, dpi, degrees)
        if degrees and confidence < _DOUBTFUL:
            unturned, better = self._blocks(image, dpi, 0)
            if better > confidence:
                blocks = unturned
        return PageReading(tuple(blocks), time.perf_counter() - started)

    def _degrees(self, image: Image.Image, dpi: int) -> int:
        """By how many degrees the page must be turned counterclockwise to stand upright; 0 where that is not certain."""
        if self._osd is None:
            return 0
        self._osd.SetVariable("user_defined_dpi", str(dpi))
        self._osd.SetImage(image)
        found = self._osd.DetectOrientationScript()
        self._osd.Clear()
        if found is None or found["orient_conf"] < _TURN_CONFIDENCE:
            return 0
        return int(found["orient_deg"])

    def _blocks(self, page: Image.Image, dpi: int, degrees: int) -> tuple[list[ReadBlock], int]:
        """The page's blocks, and the mean confidence of its words (0 to 100)."""
        image = turn(page, degrees)
        self._api.SetVariable("user_defined_dpi", str(dpi))
        self._api.SetImage(image)
        try:
            self._api.Recognize()
            iterator = self._api.GetIterator()
            blocks = [] if iterator is None else list(self._seen(iterator, image))
            confidence = int(self._api.MeanTextConf())
        finally:
            self._api.Clear()
        return [replace(block, box=box_before_turn(block.box, degrees, *page.size)) for block in blocks], confidence

    def _seen(self, iterator: Any, image: Image.Image) -> Iterator[ReadBlock]:
        words = list(self._words(iterator))
        starts = [index for index, word in enumerate(words) if word.opens_block]
        for start, end in pairwise([*starts, len(words)]):
            block = _block(words[start:end], image)
            if block is not None:
                yield block

    def _words(self, iterator: Any) -> Iterator[_Word]:
        """All words in reading order. Pictures count as a block with one empty word."""
        level = self._modes.RIL
        for word in self._modes.iterate_level(iterator, level.WORD):
            yield _Word(
                text="" if word.Empty(level.WORD) else word.GetUTF8Text(level.WORD).strip(),
                box=word.BoundingBox(level.WORD),
                confidence=word.Confidence(level.WORD) / 100,
                kind=self._types.get(word.BlockType(), ""),
                block_box=word.BoundingBox(level.BLOCK),
                opens_block=word.IsAtBeginningOf(level.BLOCK),
                opens_line=word.IsAtBeginningOf(level.TEXTLINE),
            )


@dataclass(frozen=True)
class _Word:
    text: str
    box: Box
    confidence: float
    kind: str
    block_box: Box
    opens_block: bool
    opens_line: bool


def _block(words: Sequence[_Word], image: Image.Image) -> ReadBlock | None:
    """None for what is not for reading: rules, specks, blocks without a word."""
    label, box = _LABELS.get(words[0].kind), _within(words[0].block_box, image)
    if label is None or box is None:
        return None
    if label == "image":
        large = min(box[2] - box[0], box[3] - box[1]) >= _FIGURE_SHARE * min(image.size)
        return ReadBlock(label, box, figure=_jpeg(image.crop(box))) if large else None
    lines = [line for line in _lines(words) if line]
    if not lines:
        return None
    text = "\n".join(_row(line) for line in lines) if label == "table" else paragraphs([_line(line) for line in lines])
    if label == "paragraph_title" and len(text) > _TITLE_CHARACTERS:
        label = "text"
    seen = [word for line in lines for word in line]
    confidence = sum(word.confidence * len(word.text) for word in seen) / sum(len(word.text) for word in seen)
    return ReadBlock(label, box, text, confidence=min(1.0, max(0.0, confidence)))


def _lines(words: Sequence[_Word]) -> Iterator[list[_Word]]:
    line: list[_Word] = []
    for word in words:
        if word.opens_line and line:
            yield line
            line = []
        if word.text:
            line.append(word)
    yield line


def _line(words: Sequence[_Word]) -> Line:
    boxes = [word.box for word in words]
    box = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    return Line(" ".join(word.text for word in words), box, words[0].box[2] - words[0].box[0])


def _row(words: Sequence[_Word]) -> str:
    """A row of a table: a tab where the gap between two words is much wider than a space."""
    height = max(word.box[3] - word.box[1] for word in words)
    text = words[0].text
    for previous, word in pairwise(words):
        text += ("\t" if word.box[0] - previous.box[2] > 1.5 * height else " ") + word.text
    return text


def _within(box: Box, image: Image.Image) -> Box | None:
    """`box` cut to the image; None where nothing of it is inside."""
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(image.width, box[2]), min(image.height, box[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _jpeg(image: Image.Image) -> bytes:
    body = BytesIO()
    image.save(body, "JPEG", quality=_FIGURE_QUALITY)
    return body.getvalue()
