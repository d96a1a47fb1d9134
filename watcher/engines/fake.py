"""A stand-in for tests and benchmarks: it reads nothing, takes the time it is told to, and misbehaves on marked pages.

A page is marked by the colour of its top left pixel, so that any program that writes images can make one.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from watcher import __version__
from watcher.domain.page import EngineInfo
from watcher.engines.port import Engine, EngineMemoryError, EngineWaitError, PageImage, PageReading, PlacedBlock, ReadBlock, Revision

Colour = tuple[int, int, int]


class MarkedPageError(Exception):
    """What the stand-in raises on a page with the colour of `refuse`."""


def load(
    *,
    page_seconds: float = 0.0,
    crash: Colour | None = None,
    hang: Colour | None = None,
    refuse: Colour | None = None,
    drop: Colour | None = None,
    spoil: Colour | None = None,
    swell: Colour | None = None,
    choke: Colour | None = None,
    kept_bytes: int = 0,
    needs: str | None = None,
    waits: str | None = None,
    structure: str = "",
) -> Engine:
    """Pages of these colours make it die by SIGSEGV (`crash`), stop answering (`hang`), raise (`refuse`), return no reading (`drop`),
    refuse every page from then on (`spoil`), lack memory (`swell`), or find the server that it needs down (`choke`).

    It keeps `kept_bytes` of memory for each page, does not load while the file `needs` is absent, and waits while the file `waits`
    exists, for the reason that stands in it. `structure`: it also sees documents as a whole, where it gives the first title level 2 and
    the others level 3 (`titles`), raises (`refuse`), dies (`crash`) or stops answering (`hang`).
    """
    if needs is not None and not Path(needs).exists():
        raise FileNotFoundError(f"the stand-in engine needs {Path(needs).name}")
    marks = {"crash": crash, "hang": hang, "refuse": refuse, "drop": drop, "spoil": spoil, "swell": swell, "choke": choke}
    outage = _Outage(waits)
    outage.check()
    if structure:
        return _FakeOfDocuments(page_seconds, marks, kept_bytes, outage, structure)
    return _Fake(page_seconds, marks, kept_bytes, outage)


class _Outage:
    """While the file exists."""

    def __init__(self, file: str | None) -> None:
        self._file = file

    def check(self) -> None:
        if self._file is None:
            return
        try:
            reason = Path(self._file).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        raise EngineWaitError(reason)


class _Fake:
    def __init__(self, page_seconds: float, marks: dict[str, Colour | None], kept_bytes: int, outage: _Outage) -> None:
        self.info = EngineInfo(name="fake", version=__version__)
        self._page_seconds = page_seconds
        self._marks = {colour: misdeed for misdeed, colour in marks.items() if colour is not None}
        self._kept_bytes = kept_bytes
        self._outage = outage
        self._kept: list[bytes] = []
        self._spoilt = False

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        self._outage.check()
        return [reading for page in pages for reading in self._read(page)]

    def _read(self, page: PageImage) -> list[PageReading]:
        time.sleep(self._page_seconds)
        self._kept.append(os.urandom(self._kept_bytes))
        misdeed = self._marks.get(_mark(page)) if self._marks else None
        if misdeed == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if misdeed == "hang":
            threading.Event().wait()
        if misdeed == "spoil":
            self._spoilt = True
        if misdeed == "swell":
            raise EngineMemoryError
        if misdeed == "choke":
            raise EngineWaitError("the server answers 500")
        if misdeed == "refuse" or self._spoilt:
            raise MarkedPageError
        return [] if misdeed == "drop" else [PageReading(_blocks(page.width, page.height), self._page_seconds)]


class _FakeOfDocuments(_Fake):
    def __init__(self, page_seconds: float, marks: dict[str, Colour | None], kept_bytes: int, outage: _Outage, structure: str) -> None:
        super().__init__(page_seconds, marks, kept_bytes, outage)
        self._structure = structure

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        if self._structure == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self._structure == "hang":
            threading.Event().wait()
        if self._structure == "refuse":
            raise MarkedPageError
        titles = [
            (page, block) for page, blocks in enumerate(pages) for block, seen in enumerate(blocks) if seen.label == "paragraph_title"
        ]
        return [Revision(page, block, level=2 if at == 0 else 3) for at, (page, block) in enumerate(titles)]


def _mark(page: PageImage) -> Colour:
    with Image.open(page.path) as image:
        red, green, blue = image.convert("RGB").crop((0, 0, 1, 1)).tobytes()
    return red, green, blue


def _blocks(width: int, height: int) -> tuple[ReadBlock, ...]:
    """A title, a text and a figure, one above the other."""
    third = height // 3
    figure = BytesIO()
    Image.new("RGB", (max(1, width), max(1, height - 2 * third)), color=(128, 128, 128)).save(figure, "JPEG")
    return (
        ReadBlock("paragraph_title", (0, 0, width, third), text="Stand-in", confidence=1.0),
        ReadBlock("text", (0, third, width, 2 * third), text=f"Nobody has read this page of {width} x {height} pixels.", confidence=1.0),
        ReadBlock("image", (0, 2 * third, width, height), figure=figure.getvalue()),
    )
