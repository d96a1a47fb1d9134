"""Documents to measure with, made on the spot."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

PAGE = (620, 877)
"""A4 at 75 dpi, in pixels."""


def one_page(number: int) -> bytes:
    """A PNG of one page with a line that no other has."""
    page = Image.new("L", PAGE, 255)
    ImageDraw.Draw(page).text((40, 40), f"document {number}", fill=0)
    file = BytesIO()
    page.save(file, "PNG")
    return file.getvalue()
