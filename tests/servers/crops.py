"""What the stand-in for a model server sees in a crop: its colours, and the text that Tesseract or RapidOCR reads."""

from __future__ import annotations

import io
import re
import threading
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

_TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
_reading = threading.Lock()


def shows(crop: bytes, colour: tuple[int, int, int]) -> bool:
    """Whether at least a twentieth of the crop has about that colour."""
    with Image.open(io.BytesIO(crop)) as image:
        small = image.convert("RGB").resize((40, 40))
    near = sum(all(abs(have - want) <= 60 for have, want in zip(pixel, colour, strict=True)) for pixel in small.getdata())
    return near >= 40 * 40 / 20


def read(prompt: str, crop: bytes) -> str:
    """What stands in the crop, in the notation that the model uses for such a prompt."""
    if "Formula" in prompt:
        return r"\[ \frac{a}{b} = c \]"
    with Image.open(io.BytesIO(crop)) as image, _reading:
        rows = _rows(image.convert("RGB"))
    if "Table" not in prompt:
        return "\n".join(" ".join(row) for row in rows)
    columns = max(map(len, rows), default=0)
    return "".join("".join(f"<fcel>{cell}" for cell in row) + "<ecel>" * (columns - len(row)) + "<nl>" for row in rows)


def _rows(image: Image.Image) -> list[list[str]]:
    """Text that stands together, by lines."""
    read_pieces = _tesseract() or _rapid()
    return [[re.sub(r"\s+", " ", piece) for piece in row] for row in read_pieces(image)]


@cache
def _tesseract() -> Any:
    try:
        import tesserocr
    except ImportError:
        return None
    if not all((_TESSDATA / f"{language}.traineddata").exists() for language in ("rus", "eng")):
        return None
    api = tesserocr.PyTessBaseAPI(path=str(_TESSDATA), lang="rus+eng", psm=tesserocr.PSM.SINGLE_BLOCK)

    def read(image: Image.Image) -> list[list[str]]:
        border = Image.new("RGB", (image.width + 40, image.height + 40), "white")
        border.paste(image, (20, 20))
        api.SetImage(border)
        rows: list[list[str]] = []
        line, end, height = None, 0, 0
        for row in api.GetTSVText(0).splitlines():
            values = row.split("\t")
            if len(values) < 12 or values[0] != "5" or not values[11].strip():
                continue
            left, width = int(values[6]), int(values[8])
            if (here := tuple(values[2:5])) != line:
                rows.append([values[11]])
            elif left - end > 1.5 * height:
                rows[-1].append(values[11])
            else:
                rows[-1][-1] += f" {values[11]}"
            line, end, height = here, left + width, int(values[9])
        return rows

    return read


@cache
def _rapid() -> Any:
    import numpy
    from rapidocr import RapidOCR

    reader = RapidOCR()

    def read(image: Image.Image) -> list[list[str]]:
        found = reader(numpy.asarray(image)[:, :, ::-1])
        if found.txts is None:
            return []
        rows: list[list[str]] = []
        bottom = -1.0
        for box, text in sorted(
            zip(found.boxes, found.txts, strict=True), key=lambda item: (round(float(item[0][0][1]) / 12), item[0][0][0])
        ):
            if float(box[0][1]) > bottom or not rows:
                rows.append([])
                bottom = (float(box[0][1]) + float(box[2][1])) / 2
            rows[-1].append(str(text))
        return rows

    return read
