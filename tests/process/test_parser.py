"""Documents opened and drawn by real children, some of which are brought down by it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pillow_heif
import pytest
from documents.pdf import PdfPage, pdf
from PIL import Image
from process.hostile_pages import HostileChildren

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake import child
from watcher.intake.parser import Parser, start_parser
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering, UnrenderablePage
from watcher.workers.pool import ChildPool

pillow_heif.register_heif_opener()
MiB = 1 << 20
LIMITS = Limits(pages=100, image_pixels=50_000_000, parse_seconds=60, parse_memory_bytes=512 * MiB)
RENDERING = Rendering(dpi=100, max_pixels=4_000_000, jpeg_quality=85, jpeg_max_side=800)

Opener = Callable[..., Parser]


@pytest.fixture
def open_parser() -> Iterator[Opener]:
    """`open_parser(limits=LIMITS, calls_per_child=0)`: closed after the test."""
    parsers: list[Parser] = []

    def opener(limits: Limits = LIMITS, calls_per_child: int = 0) -> Parser:
        parsers.append(start_parser(limits, RENDERING, processes=1, calls_per_child=calls_per_child))
        return parsers[-1]

    yield opener
    for parser in parsers:
        parser.close()


@pytest.fixture
def open_hostile() -> Iterator[Opener]:
    """`open_hostile(misdeed, guilty, limits=LIMITS)`: a parser whose children come to harm at page `guilty`, or at opening if it is None."""
    parsers: list[Parser] = []

    def opener(misdeed: str, guilty: int | None, limits: Limits = LIMITS) -> Parser:
        pool = ChildPool("parser", processes=1, memory_bytes=limits.parse_memory_bytes, calls_per_child=0, initializer=child.initialize)
        parsers.append(Parser(HostileChildren(pool, misdeed, guilty), limits, RENDERING))
        return parsers[-1]

    yield opener
    for parser in parsers:
        parser.close()


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    folder = tmp_path / "drawn"
    folder.mkdir()
    return folder


@pytest.fixture
def four_pages(tmp_path: Path) -> Path:
    path = tmp_path / "four"
    path.write_bytes(pdf([PdfPage()] * 4))
    return path


@pytest.mark.parametrize("calls_per_child", [0, 1])
def test_a_document_is_looked_at_and_drawn_in_a_child(four_pages: Path, drawn: Path, open_parser: Opener, calls_per_child: int) -> None:
    parser = open_parser(calls_per_child=calls_per_child)
    inspection = parser.inspect(four_pages)
    assert inspection == Inspection("application/pdf", ".pdf", 4)
    pages = parser.render(four_pages, inspection, [1, 2], drawn) + parser.render(four_pages, inspection, [3, 4], drawn)
    assert [page.number for page in pages] == [1, 2, 3, 4]
    for page in pages:
        assert isinstance(page, RenderedPage)
        assert Image.open(page.image).size == (page.width, page.height) == (278, 139)
        assert Image.open(page.picture).format == "JPEG"


def test_errors_of_the_document_cross_whole(tmp_path: Path, open_parser: Opener) -> None:
    path = tmp_path / "wide"
    Image.new("1", (10_000, 5_001)).save(path, "PNG")
    with pytest.raises(DocumentError) as caught:
        open_parser().inspect(path)
    assert (caught.value.code, caught.value.details) == (ErrorCode.TOO_MANY_PIXELS, {"found": 50_010_000, "limit": 50_000_000})


@pytest.mark.parametrize(
    ("misdeed", "code", "seconds"),
    [
        ("crash", ErrorCode.PARSER_CRASHED, 60),
        ("abort", ErrorCode.PARSER_CRASHED, 60),
        ("hang", ErrorCode.PARSER_TIMEOUT, 1),
        ("loop", ErrorCode.PARSER_TIMEOUT, 1),
        ("grow", ErrorCode.PARSER_MEMORY, 60),
    ],
)
def test_a_file_that_brings_the_child_down_at_opening_gets_a_code_and_the_next_file_is_read(
    four_pages: Path, drawn: Path, open_hostile: Opener, misdeed: str, code: ErrorCode, seconds: int
) -> None:
    parser = open_hostile(misdeed, None, replace(LIMITS, parse_seconds=seconds))
    with pytest.raises(DocumentError) as caught:
        parser.inspect(four_pages)
    assert caught.value.code is code
    pages = parser.render(four_pages, Inspection("application/pdf", ".pdf", 4), [1], drawn)
    assert [type(page) for page in pages] == [RenderedPage]


@pytest.mark.parametrize(
    ("misdeed", "code", "seconds"),
    [
        ("crash", ErrorCode.PARSER_CRASHED, 60),
        ("abort", ErrorCode.PARSER_CRASHED, 60),
        ("hang", ErrorCode.PARSER_TIMEOUT, 2),
        ("loop", ErrorCode.PARSER_TIMEOUT, 2),
        ("grow", ErrorCode.PARSER_MEMORY, 60),
    ],
)
def test_only_the_page_that_brings_the_child_down_is_lost(
    four_pages: Path, drawn: Path, open_hostile: Opener, misdeed: str, code: ErrorCode, seconds: int
) -> None:
    parser = open_hostile(misdeed, 2, replace(LIMITS, parse_seconds=seconds))
    pages = parser.render(four_pages, parser.inspect(four_pages), [1, 2, 3], drawn)
    assert isinstance(pages[1], UnrenderablePage)
    assert pages[1].code is code
    assert [(page.number, type(page)) for page in pages] == [(1, RenderedPage), (2, UnrenderablePage), (3, RenderedPage)]


def test_an_image_that_needs_more_memory_than_allowed_to_decode_is_refused_by_the_kernels_bound(
    tmp_path: Path, drawn: Path, open_parser: Opener
) -> None:
    """49 million pixels of 16 bits take 98 MB in the file's own form and four times as much on the way to 8 bits."""
    path = tmp_path / "deep"
    Image.new("I;16", (7_000, 7_000), 40_000).save(path, "PNG", compress_level=1)
    small = replace(LIMITS, parse_memory_bytes=256 * MiB)
    parser = open_parser(small)
    (page,) = parser.render(path, parser.inspect(path), [1], drawn)
    assert isinstance(page, UnrenderablePage)
    assert (page.code, page.details) == (ErrorCode.PARSER_MEMORY, {"limit": 256 * MiB})
    ample = open_parser(replace(LIMITS, parse_memory_bytes=2048 * MiB))
    (page,) = ample.render(path, ample.inspect(path), [1], drawn)
    assert isinstance(page, RenderedPage)


def sound_files() -> dict[str, bytes]:
    picture = Image.frombytes("RGB", (60, 80), random.Random(0).randbytes(60 * 80 * 3))
    files = {"pdf": pdf([PdfPage()] * 3, field=b"0 g 0 0 50 50 re f"), "encrypted pdf": pdf([PdfPage()], password="")}
    for image_format, options in {
        "PNG": {},
        "JPEG": {},
        "TIFF": {"compression": "tiff_lzw", "save_all": True, "append_images": [picture]},
        "BMP": {},
        "GIF": {},
        "WEBP": {},
        "HEIF": {},
    }.items():
        out = io.BytesIO()
        picture.save(out, image_format, **options)  # type: ignore[arg-type]
        files[image_format] = out.getvalue()
    return files


SOUND = sound_files()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, mostly in the headers; at times a piece lost or the end cut off."""
    out = bytearray(content)
    for _ in range(chance.choice((1, 3, 10))):
        place = chance.randrange(min(len(out), chance.choice((64, 1024, len(out)))))
        out[place] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
    if chance.random() < 0.3:
        place = chance.randrange(1, len(out))
        del out[place : place + chance.choice((1, 16, len(out)))]
    return bytes(out)


@pytest.mark.parametrize("kind", SOUND)
def test_damaged_files_end_in_pages_or_in_a_code_and_never_in_another_error(
    tmp_path: Path, drawn: Path, open_parser: Opener, kind: str
) -> None:
    parser, path, chance = open_parser(), tmp_path / "document", random.Random(kind)
    refusals: list[DocumentError] = []
    for _ in range(40):
        path.write_bytes(damaged(SOUND[kind], chance))
        try:
            inspection = parser.inspect(path)
            assert parser.render(path, inspection, range(1, min(inspection.pages, 3) + 1), drawn)
        except DocumentError as error:
            refusals.append(error)
    assert all(error.message for error in refusals)
    assert refusals, "none of them damaged enough: proves little"
