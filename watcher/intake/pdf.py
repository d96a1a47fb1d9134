"""PDF through PDFium, the only place that imports it. Runs in the parsing child.

Every call opens the file anew and closes all it opened, so memory does not grow with the number of pages drawn.
"""

from __future__ import annotations

import errno
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.port import RenderedPage, Rendering, UnrenderablePage
from watcher.intake.raster import reduction, write_page

_POINTS_PER_INCH = 72
_FORM_DEPTH = 8  # of forms within forms
_MOST_IMAGES = 50
_PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")
_ENCRYPTED = frozenset({raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY})


def count_pages(path: Path) -> int:
    """May be 0. Raises `DocumentError` with `ENCRYPTED_PDF` or `CORRUPT_PDF`; an empty user password counts as none."""
    with _opened(path) as document:
        pages = len(document)
    if pages == 0 and _PAGE_OBJECT.search(path.read_bytes()):  # it has pages, but the tree that leads to them is broken
        raise DocumentError(ErrorCode.CORRUPT_PDF)
    return pages


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
        drawn = write_page(_drawn(page, scale), number, scale * _POINTS_PER_INCH, rendering, target_dir)
        if drawn.blank and _lacks_image(page):
            return UnrenderablePage(number, "an image on the page cannot be decoded")
        return drawn
    finally:
        page.close()


def _drawn(page: pdfium.PdfPage, scale: float) -> Image.Image:
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        image: Image.Image = bitmap.to_pil()  # copies
        return image
    finally:
        bitmap.close()


def _lacks_image(page: pdfium.PdfPage) -> bool:
    """Whether PDFium passed over an image on the page: drawing tells nothing of it, and a page that only has that image stays white."""
    for image in islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_FORM_DEPTH), _MOST_IMAGES):
        bitmap = raw.FPDFImageObj_GetBitmap(image)
        if not bitmap:
            return True
        raw.FPDFBitmap_Destroy(bitmap)
    return False


@contextmanager
def _opened(path: Path) -> Iterator[pdfium.PdfDocument]:
    # The package's own opening takes the error of an earlier file for that of a file without pages.
    handle = raw.FPDF_LoadDocument(os.fsencode(path) + b"\0", None)
    if not handle:
        raise _refusal(path, raw.FPDF_GetLastError())
    document = pdfium.PdfDocument(handle)
    try:
        document.init_forms()  # before the first page, or fields stay undrawn
        yield document
    finally:
        document.close()


def _refusal(path: Path, pdfium_error: int) -> Exception:
    if pdfium_error == raw.FPDF_ERR_FILE:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return DocumentError(ErrorCode.ENCRYPTED_PDF if pdfium_error in _ENCRYPTED else ErrorCode.CORRUPT_PDF)
