"""Every document of the shared corpus through the real parser: what can be read is drawn whole, what cannot gets the code named here."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.parser import Parser, start_parser
from watcher.intake.port import Limits, RenderedPage, Rendering, UnrenderablePage

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
LIMITS = Limits(pages=5000, image_pixels=300_000_000, parse_seconds=120, parse_memory_bytes=1 << 30)
RENDERING = Rendering(dpi=100, max_pixels=16_000_000, jpeg_quality=85, jpeg_max_side=1000)
PAGES_PER_CALL = 8

REFUSED = {
    "bad/dedoc-example_with_table9.djvu": ErrorCode.UNSUPPORTED_TYPE,
    "bad/lept-README.html": ErrorCode.UNSUPPORTED_TYPE,
    "bad/lept-general_corpus.zip": ErrorCode.UNSUPPORTED_TYPE,
    "bad/lept-zip-named.pdf": ErrorCode.UNSUPPORTED_TYPE,
    "bad/ocrmypdf-invalid.pdf": ErrorCode.CORRUPT_PDF,
    "bad/ocrmypdf-multipage-truncated-60pct.pdf": ErrorCode.CORRUPT_PDF,
    "bad/pdfjs-poppler-395-0-fuzzed.pdf": ErrorCode.CORRUPT_PDF,
    "bad/pdfjs-pr6531_1.pdf": ErrorCode.ENCRYPTED_PDF,
    "bad/pillow-broken.png": ErrorCode.CORRUPT_IMAGE,
    "bad/pillow-crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif": ErrorCode.CORRUPT_IMAGE,
    "bad/pillow-png_decompression_dos.png": ErrorCode.CORRUPT_IMAGE,
    "bad/pillow-reallybig.bmp": ErrorCode.TOO_MANY_PIXELS,
    "bad/pillow-truncated_image.png": ErrorCode.CORRUPT_IMAGE,
    "bad/pypdf-libreoffice-writer-password.pdf": ErrorCode.ENCRYPTED_PDF,
    "bad/pypdf-unreadablemetadata.pdf": ErrorCode.CORRUPT_PDF,
    "bad/qpdf-c-empty.pdf": ErrorCode.NO_PAGES,
    "bad/rapidocr-two_dim_image.npy": ErrorCode.UNSUPPORTED_TYPE,
}
UNRENDERABLE_PAGES = {"bad/pdfjs-Pages-tree-refs.pdf": [2], "bad/pdfjs-poppler-937-0-fuzzed.pdf": [1]}
BLANK_PAGES = {"img/rapidocr-empty_black.jpg": [1], "pdf/ocrmypdf-blank.pdf": [1], "pdf/pdfjs-empty#hash.pdf": [1]}


@dataclass(frozen=True)
class Entry:
    path: str
    expected: str  # ok, fail or either
    pages: int | None
    media_type: str


def manifest() -> list[Entry]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Entry(row["path"], row["expected"], int(row["pages"]) if row["pages"] else None, row["mime"]) for row in rows]


pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")]
READABLE = [pytest.param(entry, id=entry.path) for entry in manifest() if entry.expected != "fail" and entry.path not in REFUSED]


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    parser = start_parser(LIMITS, RENDERING, processes=1, calls_per_child=0)
    yield parser
    parser.close()


def draw_all(parser: Parser, path: Path, folder: Path) -> list[RenderedPage | UnrenderablePage]:
    inspection = parser.inspect(path)
    pages: list[RenderedPage | UnrenderablePage] = []
    for first in range(1, inspection.pages + 1, PAGES_PER_CALL):
        pages += parser.render(path, inspection, range(first, min(first + PAGES_PER_CALL, inspection.pages + 1)), folder)
    return pages


def test_the_tables_here_name_every_document_that_the_manifest_lets_fail() -> None:
    may_fail = {entry.path for entry in manifest() if entry.expected != "ok"}
    must_fail = {entry.path for entry in manifest() if entry.expected == "fail"}
    assert must_fail <= REFUSED.keys() <= may_fail
    assert UNRENDERABLE_PAGES.keys() <= may_fail


@pytest.mark.parametrize("entry", READABLE)
def test_a_readable_document_has_its_pages_drawn(parser: Parser, tmp_path: Path, entry: Entry) -> None:
    path = CORPUS / entry.path
    inspection = parser.inspect(path)
    assert (inspection.pages, inspection.media_type) == (entry.pages, entry.media_type)
    pages = draw_all(parser, path, tmp_path)
    assert [page.number for page in pages] == list(range(1, inspection.pages + 1))
    assert [page.number for page in pages if isinstance(page, UnrenderablePage)] == UNRENDERABLE_PAGES.get(entry.path, [])
    drawn = [page for page in pages if isinstance(page, RenderedPage)]
    for page in drawn:
        assert Image.open(page.image).size == (page.width, page.height)
        assert page.width * page.height <= RENDERING.max_pixels
        assert max(Image.open(page.picture).size) <= RENDERING.jpeg_max_side
    assert [page.number for page in drawn if page.blank] == BLANK_PAGES.get(entry.path, [])


@pytest.mark.parametrize("name", REFUSED)
def test_an_unreadable_document_gets_its_code(parser: Parser, tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        draw_all(parser, CORPUS / name, tmp_path)
    assert caught.value.code is REFUSED[name]
    what, *todo = caught.value.message.split(". ")
    assert what
    assert todo, "tells what is wrong, but not what to do"
    assert caught.value.message.endswith(".")
    assert not caught.value.transient, "trying it again would not help"
