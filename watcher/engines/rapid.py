"""RapidOCR: the PP-OCR models that lie in its wheel, run by onnxruntime. It finds lines only; blocks are our own grouping.

The models read Chinese, English and other languages in Latin script.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from watcher.domain.page import EngineInfo
from watcher.engines.layout import Detected, blocks
from watcher.engines.port import Engine, PageImage, PageReading

_LONGEST = 4
"""RapidOCR enlarges pages until their shorter side has 736 pixels: one of 3 x 900 would become 736 x 220,000. Longer shapes are padded."""

_ROLES = ("det", "cls", "rec")  # finding lines, telling which stand on their head, reading


def load() -> Engine:
    """onnxruntime takes as many threads as there are cores. Raises FileNotFoundError where the wheel holds no models."""
    import numpy
    import rapidocr

    models = {role: _model(Path(rapidocr.__file__).parent / "models", role) for role in _ROLES}
    engine = rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            # Named outright, they are never looked for on the network.
            **{f"{role.capitalize()}.model_path": str(path) for role, path in models.items()},
        }
    )
    info = EngineInfo(
        name="rapidocr",
        version=version("rapidocr"),
        models={role: path.stem for role, path in models.items()},
        packages={"onnxruntime": version("onnxruntime")},
    )
    return _Rapid(engine, numpy, info)


class _Rapid:
    def __init__(self, engine: Any, numpy: Any, info: EngineInfo) -> None:
        self._engine = engine
        self._numpy = numpy
        self.info = info

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> PageReading:
        started = time.perf_counter()
        with Image.open(page.path) as file:
            image = _padded(file.convert("RGB"))
        blue_first = self._numpy.ascontiguousarray(self._numpy.asarray(image)[:, :, ::-1])
        found = self._engine(blue_first)
        lines = self._lines(found, page) if getattr(found, "txts", None) else []
        return PageReading(tuple(blocks(lines)), time.perf_counter() - started)

    def _lines(self, found: Any, page: PageImage) -> list[Detected]:
        lines = []
        for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
            left, top, right, bottom = _bounds(corners)
            box = max(0, left), max(0, top), min(page.width, right), min(page.height, bottom)
            if text.strip() and box[0] < box[2] and box[1] < box[3]:
                lines.append(Detected(text.strip(), box, float(score)))
        return lines


def _model(folder: Path, role: str) -> Path:
    found = sorted(folder.glob(f"*{role}*.onnx"))
    if not found:
        raise FileNotFoundError(f"no model for {role!r} in {folder}: install rapidocr from its wheel again")
    return found[0]


def _padded(image: Image.Image) -> Image.Image:
    """White to the right or below, which moves no pixel."""
    shortest = -(-max(image.size) // _LONGEST)
    if min(image.size) >= shortest:
        return image
    canvas = Image.new("RGB", (max(image.width, shortest), max(image.height, shortest)), color="white")
    canvas.paste(image, (0, 0))
    return canvas


def _bounds(corners: Any) -> tuple[int, int, int, int]:
    """Left, top, right, bottom around four corners (x, y)."""
    across = [float(x) for x, _ in corners]
    down = [float(y) for _, y in corners]
    return int(min(across)), int(min(down)), round(max(across) + 0.5), round(max(down) + 0.5)
