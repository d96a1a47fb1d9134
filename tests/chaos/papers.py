"""Small documents, each different from every other and the same each time: images and PDFs of one to five pages, some of them damaged."""

from __future__ import annotations

import random
from dataclasses import dataclass
from io import BytesIO

from documents.pdf import PdfPage, pdf
from PIL import Image
from PIL.PngImagePlugin import PngInfo

MOST_PAGES = 5
DAMAGED_SHARE = 0.06


@dataclass(frozen=True)
class Paper:
    """A file to drop. `pages` is 0 for a damaged one, which must end in failed/."""

    extension: str
    body: bytes
    pages: int


def paper(seed: int, number: int) -> Paper:
    """The paper of that number."""
    dice = random.Random(f"{seed} {number}")
    if dice.random() < DAMAGED_SHARE:
        return dice.choice([_empty, _cut_off, _garbled, _locked])(number)
    pages = dice.choice([0, 1, 1, 2, 3, 4, MOST_PAGES])
    return Paper("pdf", _pdf(number, pages), pages) if pages else Paper("png", _png(number), 1)


def _png(number: int) -> bytes:
    image = Image.new("RGB", (96, 64), "white")
    image.paste((number % 256, number // 256 % 256, 0), (8, 8, 48, 32))
    label = PngInfo()
    label.add_text("number", str(number))
    body = BytesIO()
    image.save(body, "PNG", pnginfo=label)
    return body.getvalue()


def _pdf(number: int, pages: int, password: str | None = None) -> bytes:
    return pdf([PdfPage(b"0 g 10 10 30 30 re f %% %d of %d" % (page, number)) for page in range(pages)], password=password)


def _empty(_: int) -> Paper:
    return Paper("pdf", b"", 0)


def _cut_off(number: int) -> Paper:
    body = _png(number)
    return Paper("png", body[: body.index(b"IDAT") + 8], 0)


def _garbled(number: int) -> Paper:
    return Paper("pdf", b"%%PDF-1.4\n%d\n" % number + b"\x00\xff" * 200, 0)


def _locked(number: int) -> Paper:
    return Paper("pdf", _pdf(number, 1, password="known to nobody"), 0)
