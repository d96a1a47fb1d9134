"""Tesseract in process, through tesserocr: blocks, boxes and reading order of its layout analysis.

Sideways and upside-down pages are turned upright first, where `osd.traineddata` is there to tell them: Tesseract reads
such pages by itself, but then its boxes of pictures are wrong and it misses some that stand on their head.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from watcher.domain.page import EngineInfo
from watcher.engines.orientation import box_before_turn, turn
from watcher.engines.port import Engine, PageImage, PageReading, ReadBlock
from watcher.engines.tesseract_layout import Word, blocks

_FIGURE_QUALITY = 90
_TURN_CONFIDENCE = 3.0  # of 92 corpus images and turns of them none was misjudged above it
_DOUBTFUL = 70  # a turned page below this mean confidence (of 100) is read as it is, too
_DPI = range(70, 2400)  # what Tesseract finds credible; else it estimates


def load(*, languages: str, tessdata: str) -> Engine:
    """`languages` joined by `+`, `tessdata` the folder of their `.traineddata`."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # a second thread, on a core of its own, gains 10 to 20 % of time
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
        found, confidence = self._recognise(image, dpi, degrees)
        if degrees and confidence < _DOUBTFUL:
            unturned, better = self._recognise(image, dpi, 0)
            if better > confidence:
                found = unturned
        return PageReading(tuple(found), time.perf_counter() - started)

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

    def _recognise(self, page: Image.Image, dpi: int, degrees: int) -> tuple[list[ReadBlock], int]:
        """The page's blocks, and the mean confidence of its words (0 to 100)."""
        image = turn(page, degrees)
        self._api.SetVariable("user_defined_dpi", str(dpi))
        self._api.SetImage(image)
        try:
            self._api.Recognize()
            iterator = self._api.GetIterator()
            found = [] if iterator is None else self._seen(iterator, image)
            confidence = int(self._api.MeanTextConf())
        finally:
            self._api.Clear()
        return [replace(block, box=box_before_turn(block.box, degrees, *page.size)) for block in found], confidence

    def _seen(self, iterator: Any, image: Image.Image) -> list[ReadBlock]:
        found = blocks(list(self._words(iterator)), image.width, image.height)
        return [replace(block, figure=_jpeg(image.crop(block.box))) if block.label == "image" else block for block in found]

    def _words(self, iterator: Any) -> Iterator[Word]:
        level = self._modes.RIL
        for word in self._modes.iterate_level(iterator, level.WORD):
            read = not word.Empty(level.WORD)
            yield Word(
                text=word.GetUTF8Text(level.WORD).strip() if read else "",
                box=word.BoundingBox(level.WORD),
                confidence=word.Confidence(level.WORD) / 100,
                kind=self._types.get(word.BlockType(), ""),
                block_box=word.BoundingBox(level.BLOCK),
                row_height=word.RowAttributes()["row_height"] if read else 0.0,
                opens_block=word.IsAtBeginningOf(level.BLOCK),
                opens_line=word.IsAtBeginningOf(level.TEXTLINE),
            )


def _jpeg(image: Image.Image) -> bytes:
    body = BytesIO()
    image.save(body, "JPEG", quality=_FIGURE_QUALITY)
    return body.getvalue()
