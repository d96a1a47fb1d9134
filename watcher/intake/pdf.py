"""PDF through PDFium, the only place that imports it. Runs in the parsing child.

Every call opens the file anew and closes all it opened, so memory does not grow with the number of pages drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.port import RenderedPage, Rendering, UnrenderablePage
from watcher.intake.raster import reduction, write_page

_POINTS_PER_INCH = 72
_ENCRYPTED = frozenset({raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY})


def count_pages(path: Path) -> int:
    """Raises `DocumentError` with `ENCRYPTED_PDF`, `NO_PAGES` or `CORRUPT_PDF`. An empty user password counts as none."""
    with _opened(path) as document:
        return len(document)


def render(path: Path, numbers: Sequence[int], rendering: Rendering, target_dir: Path) -> list[RenderedPage | UnrenderablePage]:
    """Draws the pages of these numbers, from 1, turned by their /Rotate, on white, with annotations and the fields of forms."""
    with _opened(path) as document:
        return [_render_page(document, number, rendering, target_dir) for number in numbers]


def _render_page(document: pdfium.PdfDocument, number: int, rendering: Rendering, target_dir: Path) -> RenderedPage | UnrenderablePage:
    try:
        page = document.get_page(number - 1)
    except pdfium.PdfiumError:
        return UnrenderablePage(number, "the page is damaged and cannot be loaded")
    try:
        width, height = page.get_size()  # points, after /Rotate
        if not (0 < width < math.inf and 0 < height < math.inf):
            return UnrenderablePage(number, "the page has no size")
        scale = rendering.dpi / _POINTS_PER_INCH
        scale *= reduction(width * scale, height * scale, rendering.max_pixels)
        bitmap = page.render(scale=scale, rev_byteorder=True)
    finally:
        page.close()
    try:
        image = bitmap.to_pil()  # copies
    finally:
        bitmap.close()
    return write_page(image, number, scale * _POINTS_PER_INCH, rendering, target_dir)


@contextmanager
def _opened(path: Path) -> Iterator[pdfium.PdfDocument]:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise DocumentError(_code(path, error.err_code)) from None
    try:
        document.init_forms()  # before the first page, or fields stay undrawn
        yield document
    finally:
        document.close()


def _code(path: Path, pdfium_code: int | None) -> ErrorCode:
    if pdfium_code in _ENCRYPTED:
        return ErrorCode.ENCRYPTED_PDF
    return ErrorCode.NO_PAGES if _is_pageless(path) else ErrorCode.CORRUPT_PDF


def _is_pageless(path: Path) -> bool:
    """PDFium calls a sound file without pages damaged; this knows one by its text: a page tree that counts 0, and no page."""
    content = path.read_bytes()
    return re.search(rb"/Count\s+0\b", content) is not None and re.search(rb"/Type\s*/Page\b|/ObjStm\b", content) is None
