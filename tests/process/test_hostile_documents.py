"""Documents that are made to do harm, through real children: each ends, in its time and memory, as pages or with a code for people."""

from __future__ import annotations

import io
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from documents import hostile_images as images
from documents import hostile_pdf as pdfs
from documents.pdf import PdfPage, pdf

from watcher.domain.errors import CATALOG, DocumentError, ErrorCode
from watcher.intake.parser import Parser, start_parser
from watcher.intake.port import Limits, RenderedPage, Rendering

MIB = 2**20
LIMITS = Limits(pages=5000, image_pixels=300_000_000, parse_seconds=5, parse_memory_bytes=512 * MIB)
RENDERING = Rendering(dpi=100, max_pixels=4_000_000, jpeg_quality=85, jpeg_max_side=800)
KILLING_SECONDS = 10
"""A child that does not heed SIGTERM is killed 3 s later; the rest is for a machine that is busy."""

READ = "read"
PAGE, MEMORY, CRASH, TIME = ErrorCode.PAGE_UNREADABLE, ErrorCode.PARSER_MEMORY, ErrorCode.PARSER_CRASHED, ErrorCode.PARSER_TIMEOUT
PIXELS, PAGES, CORRUPT, TYPE = ErrorCode.TOO_MANY_PIXELS, ErrorCode.TOO_MANY_PAGES, ErrorCode.CORRUPT_IMAGE, ErrorCode.UNSUPPORTED_TYPE
BEYOND = (MEMORY, CRASH, TIME)
"""PDFium ends the process where it gets no memory; which of its bounds a bomb meets first depends on the machine."""


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}", bytes(32 * MIB))
    return out.getvalue()


def executable() -> bytes:
    return Path(sys.executable).read_bytes()[:MIB]


DOCUMENTS: dict[str, tuple[Callable[[], bytes], tuple[object, ...]]] = {
    "png of 30,000 x 30,000 pixels": (partial(images.one_colour_png, 30_000, 30_000), (PIXELS,)),
    "png as large as allowed, in one colour": (partial(images.one_colour_png, 17_000, 17_000), (READ, MEMORY)),
    "png header of 100,000 x 100,000": (partial(images.png, 100_000, 100_000, b""), (PIXELS,)),
    "png with half a gigabyte behind its pixels": (images.png_of_more_data_than_pixels, (READ,)),
    "jpeg header of 65,535 x 65,535": (images.huge_jpeg, (PIXELS,)),
    "jpeg without a height": (images.jpeg_without_height, (CORRUPT,)),
    "gif header of 65,535 x 65,535": (images.huge_gif, (PIXELS,)),
    "gif of no frames": (images.gif_of_no_frames, (CORRUPT,)),
    "gif of 2,000 frames": (images.gif_of_many_frames, (READ,)),
    "webp canvas of four billion pixels": (images.huge_webp, (CORRUPT, PIXELS)),
    "animated webp": (images.animated_webp, (READ,)),
    "heic that says 60,000 x 60,000": (images.huge_heic, (CORRUPT, PIXELS)),
    "heic cut off": (images.heic_cut_off, (CORRUPT,)),
    "heic of boxes in boxes": (images.heic_of_boxes_in_boxes, (CORRUPT,)),
    "tiff header of four trillion pixels": (images.huge_tiff, (PIXELS,)),
    "tiff whose directories loop": (images.looping_tiff, (READ,)),
    "tiff of 30,000 pages": (images.tiff_of_many_pages, (PAGES,)),
    "jpeg and archive in one": (images.jpeg_and_zip, (READ,)),
    "pdf behind a gif": (images.pdf_behind_gif, (READ,)),
    "script that begins as a gif": (images.script_in_gif, (CORRUPT,)),
    "png that holds the header of a pdf": (images.png_in_pdf_header, (CORRUPT,)),
    "pdf that claims a million pages": (pdfs.million_pages, (PAGES,)),
    "pdf that claims 40 pages and has one": (pdfs.more_pages_than_it_has, (PAGE,)),
    "pdf that claims fewer than no pages": (pdfs.negative_pages, (READ, ErrorCode.NO_PAGES, ErrorCode.CORRUPT_PDF)),
    "page tree that is its own child": (pdfs.looping_pages, (PAGE, ErrorCode.CORRUPT_PDF)),
    "page tree 100,000 deep": (pdfs.deep_pages, (PAGE, CRASH)),
    "arrays 200,000 deep": (pdfs.deep_arrays, (READ, CRASH)),
    "table that names itself as the previous one": (pdfs.previous_table_is_itself, (READ, ErrorCode.CORRUPT_PDF)),
    "object stream that extends itself": (pdfs.object_stream_of_itself, (READ, PAGE)),
    "stream whose length is the stream": (pdfs.length_of_itself, (READ, PAGE)),
    "stream that inflates to 640 MB": (partial(pdfs.flate_bomb, 640 * MIB), (READ, *BEYOND)),
    "stream that inflates twice, to 640 MB": (partial(pdfs.twice_packed_bomb, 640 * MIB), (READ, *BEYOND)),
    "stream through 50,000 filters": (pdfs.many_filters, (READ, PAGE)),
    "image of 60,000 x 60,000 on a page": (pdfs.huge_image_of_one_colour, (READ, PAGE, *BEYOND)),
    "image without data on a page": (pdfs.image_with_no_data, (PAGE,)),
    "form that draws itself": (pdfs.form_that_draws_itself, (READ,)),
    "forms that draw each other 10 ** 12 times": (pdfs.forms_that_multiply, BEYOND),
    "letter that is set in its own font": (pdfs.glyph_that_draws_itself, (READ,)),
    "tiles a millionth of a point apart": (pdfs.tiny_tiles, BEYOND),
    "three million dashed curves": (pdfs.many_strokes, (READ, *BEYOND)),
    "font of 64 MB of zeros": (pdfs.huge_font, (READ,)),
    "archive": (partial(zipped, "a.txt"), (TYPE,)),
    "archive that inflates to 320 MB": (zip_bomb, (TYPE,)),
    "word document": (partial(zipped, "[Content_Types].xml", "word/document.xml"), (TYPE,)),
    "excel workbook": (partial(zipped, "[Content_Types].xml", "xl/workbook.xml"), (TYPE,)),
    "executable": (executable, (TYPE,)),
    "pdf of no pages": (partial(pdf, []), (ErrorCode.NO_PAGES,)),
    "pdf with a password": (partial(pdf, [PdfPage()], password="secret", cipher="AES-256"), (ErrorCode.ENCRYPTED_PDF,)),
    "pdf with an empty password": (partial(pdf, [PdfPage()], password="", cipher="AES-256"), (READ,)),
    **{f"page box {name}": (partial(pdfs.with_media_box, box), (READ, PAGE)) for name, box in pdfs.MEDIA_BOXES.items()},
    **{f"user unit {unit.decode()}": (partial(pdfs.user_unit, unit), (READ, PAGE)) for unit in (b"1000000000", b"-3", b"0", b"nan")},
}


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    parser = start_parser(LIMITS, RENDERING, processes=1, calls_per_child=0)
    yield parser
    parser.close()


def outcome(parser: Parser, path: Path, folder: Path) -> tuple[object, list[DocumentError]]:
    """The code of the document, else of its first page that cannot be drawn, else READ; and the errors that people are told."""
    try:
        inspection = parser.inspect(path)
        pages = parser.render(path, inspection, range(1, min(inspection.pages, 2) + 1), folder)
    except DocumentError as error:
        return error.code, [error]
    lost = [page for page in pages if not isinstance(page, RenderedPage)]
    told = [DocumentError(page.code, page.number, found=1, total=inspection.pages, **page.details) for page in lost]
    return (lost[0].code if lost else READ), told


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_ends_in_its_limits_with_a_sentence_for_people(parser: Parser, tmp_path: Path, name: str) -> None:
    make, expected = DOCUMENTS[name]
    path, drawn = tmp_path / "document.pdf", tmp_path / "drawn"
    path.write_bytes(make())
    drawn.mkdir()
    before = time.monotonic()
    code, told = outcome(parser, path, drawn)
    # One call opens it, one draws two pages, and each may be tried once more alone.
    assert time.monotonic() - before < 5 * (LIMITS.parse_seconds + KILLING_SECONDS)
    assert code in expected
    for error in told:
        assert error.message.endswith(".")
        assert len(error.message.split(". ")) > 1, "tells what is wrong, but not what to do"
        assert error.code in CATALOG
    for child in psutil.Process().children():
        if "multiprocessing" in " ".join(child.cmdline()):  # servers of other tests may be there, too
            assert child.memory_info().rss < LIMITS.parse_memory_bytes


def test_the_document_behind_a_hostile_one_is_read(parser: Parser, tmp_path: Path) -> None:
    hostile, sound, drawn = tmp_path / "hostile", tmp_path / "sound", tmp_path / "drawn"
    drawn.mkdir()
    hostile.write_bytes(pdfs.forms_that_multiply())
    sound.write_bytes(pdf([PdfPage()]))
    for _ in range(2):
        assert outcome(parser, hostile, drawn)[0] in BEYOND
        assert outcome(parser, sound, drawn) == (READ, [])
