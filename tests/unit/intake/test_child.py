"""What the parsing child is asked: look at a file, draw some of its pages."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from documents.pdf import PdfPage, pdf
from PIL import Image

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake import child
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering


def pdf_of(tmp_path: Path, pages: int) -> Path:
    path = tmp_path / "scan.png"
    path.write_bytes(pdf([PdfPage()] * pages))
    return path


def test_a_file_is_taken_for_what_it_is_and_drawn(tmp_path: Path, limits: Limits, rendering: Rendering, drawn: Path) -> None:
    path = pdf_of(tmp_path, 2)
    inspection = child.inspect(path, limits)
    assert inspection == Inspection("application/pdf", ".pdf", 2)
    pages = child.render(path, inspection.media_type, (1, 2), rendering, limits, drawn)
    assert [type(page) for page in pages] == [RenderedPage, RenderedPage]


def test_an_image_is_one_page(tmp_path: Path, limits: Limits, rendering: Rendering, drawn: Path) -> None:
    path = tmp_path / "scan.pdf"
    Image.new("RGB", (30, 20)).save(path, "PNG")
    inspection = child.inspect(path, limits)
    assert inspection == Inspection("image/png", ".png", 1)
    (page,) = child.render(path, inspection.media_type, (1,), rendering, limits, drawn)
    assert (page.number, type(page)) == (1, RenderedPage)


@pytest.mark.parametrize(
    ("pages", "code", "details"),
    [(0, ErrorCode.NO_PAGES, {}), (3, ErrorCode.TOO_MANY_PAGES, {"found": 3, "limit": 2})],
)
def test_the_number_of_pages_has_bounds(tmp_path: Path, limits: Limits, pages: int, code: ErrorCode, details: dict[str, object]) -> None:
    with pytest.raises(DocumentError) as caught:
        child.inspect(pdf_of(tmp_path, pages), replace(limits, pages=2))
    assert (caught.value.code, caught.value.details) == (code, details)


def test_the_daemons_side_loads_no_parser() -> None:
    """A fault in a parser's package must not reach the process that holds the claims."""
    program = (
        "import sys, watcher.intake.parser, watcher.intake.fetch; "
        "sys.exit(', '.join({'PIL', 'pypdfium2', 'pillow_heif', 'puremagic'} & set(sys.modules)) or None)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
