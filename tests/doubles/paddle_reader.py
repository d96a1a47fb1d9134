"""PaddleOCR-VL's engine in a child of its own, with the installed paddleocr and stand-ins for its models."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from watcher.domain.page import EngineInfo
from watcher.engines import child
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.paddle.models import RELEASES
from watcher.engines.port import EngineSpec, PageImage, PageReading, PlacedBlock, Revision
from watcher.workers.pool import ChildPool

_ROOT = Path(__file__).parents[2]
_STAND_INS = _ROOT / "tests" / "paddle" / "stand_ins"

Boxes = Sequence[tuple[str, float, float, float, float]]
"""Label, then left, top, right and bottom as shares of the page."""

INSTALLED: tuple[str, ...] = ()
"""Versions of the pipeline that the installed paddleocr has and stand-ins are made for."""
if find_spec("paddleocr") is not None:
    INSTALLED = ("v1",) if version("paddleocr").startswith("3.3.") else ("v1", "v1.6")


Draw = Callable[..., PageImage]


class Reader:
    """An engine in a child of its own."""

    def __init__(self, options: dict[str, object]) -> None:
        spec = EngineSpec("paddleocr-vl", options)
        self._pool = ChildPool(
            "engine", processes=1, memory_bytes=None, calls_per_child=0, initializer=child.load, initargs=(spec,), start_seconds=120
        )

    def read(self, *pages: PageImage) -> list[PageReading]:
        return self._pool.call(child.read, pages, seconds=120)

    def info(self) -> EngineInfo:
        return self._pool.call(child.try_out, seconds=120)

    def restructures(self) -> bool:
        return self._pool.call(child.restructures, seconds=120)

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        return self._pool.call(child.restructure, pages, seconds=120)

    def call(self, function: Callable[..., object], *args: object) -> object:
        return self._pool.call(function, *args, seconds=120)

    def close(self) -> None:
        self._pool.close()


MakeReader = Callable[..., Reader]


def models(boxes: Boxes) -> Path:
    """A folder with stand-ins of all models, whose layout model finds these boxes on every page. Made once for each kind of box."""
    home = _ROOT / "build" / f"paddle-stand-ins-{version('paddleocr')}"
    folder = home / "sets" / _digest(json.dumps(boxes), "layout.py")
    folder.mkdir(parents=True, exist_ok=True)
    for release in RELEASES:
        if release.version not in INSTALLED:
            continue
        _make(folder / release.layout, "layout.py", release.layout, json.dumps(boxes))
        shared = home / _digest(release.language, "language.py")
        _make(shared, "language.py", f"{release.language}-0.9B")
        if not (folder / release.language).exists():
            (folder / release.language).symlink_to(shared)
    return folder


def engine_options(home: Path, release: str, url: str = "", **options: object) -> dict[str, object]:
    folders = next(found for found in RELEASES if found.version == release)
    return {
        "version": release,
        "layout": str(home / folders.layout),
        "language": None if url else str(home / folders.language),
        "backend": "vllm-server" if url else "native",
        "device": "cpu",
        "charts": False,
        "seals": False,
        "max_new_tokens": 16,
        "page_seconds": 60.0,
        "server": server_options(url) if url else None,
        **options,
    }


def server_options(url: str) -> ServerOptions:
    return ServerOptions(urls=(url,), model="", api_key="", concurrency=64, connect_seconds=5, request_seconds=30, attempts=2)


def _digest(text: str, program: str) -> str:
    source = (_STAND_INS / program).read_bytes()
    return hashlib.sha256(source + text.encode()).hexdigest()[:16]


def _make(folder: Path, program: str, *arguments: str) -> None:
    """In a process of its own, since paddle takes over signals; by way of another name, since runs may be cut off, or run beside each other."""
    if folder.exists():
        return
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    subprocess.run([sys.executable, str(_STAND_INS / program), str(making), *arguments], check=True, capture_output=True, timeout=300)
    try:
        making.rename(folder)
    except OSError:
        if not folder.exists():
            raise
