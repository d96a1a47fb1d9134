"""The engine's side of the child process: functions that the recogniser calls there by name."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from watcher.domain.page import EngineInfo
from watcher.engines.port import Engine, EngineFaultError, EngineSpec, PageImage, PageReading, PlacedBlock, Restructuring, Revision
from watcher.engines.registry import build

_engine: Engine | None = None


class ReadingCountError(EngineFaultError):
    """The engine returned another number of readings than it was given pages."""


def load(spec: EngineSpec) -> None:
    global _engine
    _engine = build(spec)


def read(pages: Sequence[PageImage]) -> list[PageReading]:
    if _engine is None:
        raise RuntimeError("no engine was loaded in this process")
    readings = list(_engine.read(pages))
    if len(readings) != len(pages):
        raise ReadingCountError(f"{len(readings)} readings of {len(pages)} pages")
    return readings


def restructures() -> bool:
    return isinstance(_engine, Restructuring)


def restructure(pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
    if not isinstance(_engine, Restructuring):
        raise RuntimeError("the engine sees one page at a time")
    return list(_engine.restructure(pages))


def try_out() -> EngineInfo:
    """Reads a small page of our own, which also loads what the engine loads at first use; then tells what the engine is."""
    from PIL import Image, ImageDraw  # here, since the daemon's own process imports this module to name its functions

    with tempfile.TemporaryDirectory(prefix="watcher-canary-") as folder:
        path = Path(folder) / "canary.png"
        image = Image.new("L", (480, 160), color=255)
        ImageDraw.Draw(image).text((40, 50), "Canary page 123", fill=0, font_size=40)
        image.save(path)
        read([PageImage(path, image.width, image.height, dpi=150)])
    if _engine is None:
        raise RuntimeError("no engine was loaded in this process")
    return _engine.info
