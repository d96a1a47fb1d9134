"""Pages drawn with Pillow and a font that is known, so that what stands on them is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
FONT_PACKAGE = "fonts-dejavu-core"
PAGE = (1240, 1754)  # A4 at 150 dpi
DPI = 150.0


def drawn_page(*blocks: tuple[int, int, str], size: tuple[int, int] = PAGE, font_size: int = 30) -> Image.Image:
    """Black on white; each block is (left, top, text with line breaks)."""
    page = Image.new("RGB", size, color="white")
    font = ImageFont.truetype(str(FONT), font_size)
    for left, top, text in blocks:
        ImageDraw.Draw(page).multiline_text((left, top), text, fill="black", font=font, spacing=font_size // 2)
    return page


def drawn_table(rows: Sequence[Sequence[str]], *, left: int = 120, top: int = 300, cell: tuple[int, int] = (320, 70)) -> Image.Image:
    """A page with a ruled table."""
    width, height = cell
    page = drawn_page(*((left + width * x + 20, top + height * y + 15, text) for y, row in enumerate(rows) for x, text in enumerate(row)))
    pen = ImageDraw.Draw(page)
    right, bottom = left + width * len(rows[0]), top + height * len(rows)
    for y in range(len(rows) + 1):
        pen.line((left, top + height * y, right, top + height * y), fill="black", width=3)
    for x in range(len(rows[0]) + 1):
        pen.line((left + width * x, top, left + width * x, bottom), fill="black", width=3)
    return page
