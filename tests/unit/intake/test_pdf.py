"""PDF files: what opens, what does not and why, and how pages are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents.encryption import CIPHERS
from documents.hostile_pdf import image_with_no_data
from documents.pdf import PdfPage, pdf
from PIL import Image

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.pdf import count_pages, render
from watcher.intake.port import RenderedPage, Rendering, UnrenderablePage

SQUARE_CORNERS = {0: "lower left", 90: "upper left", 180: "upper right", 270: "lower right"}


def stored(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "document"
    path.write_bytes(content)
    return path


def draw(path: Path, rendering: Rendering, drawn: Path, number: int = 1) -> RenderedPage:
    (page,) = render(path, [number], rendering, drawn)
    assert isinstance(page, RenderedPage)
    return page


def dark_corner(page: RenderedPage) -> str:
    image = Image.open(page.image).convert("L")
    near, far_x, far_y = 25, page.width - 25, page.height - 25
    corners = {"upper left": (near, near), "upper right": (far_x, near), "lower left": (near, far_y), "lower right": (far_x, far_y)}
    (dark,) = [name for name, place in corners.items() if image.getpixel(place) == 0]
    return dark


@pytest.mark.parametrize("count", [1, 3])
def test_pages_are_counted(tmp_path: Path, count: int) -> None:
    assert count_pages(stored(tmp_path, pdf([PdfPage()] * count))) == count


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(pdf([PdfPage()], password="secret"), ErrorCode.ENCRYPTED_PDF, id="password"),
        pytest.param(b"%PDF-1.4\n%%EOF\n", ErrorCode.CORRUPT_PDF, id="header-and-end-only"),
        pytest.param(
            pdf([PdfPage()]).replace(b"1 /Kids [ 10 0 R ]", b"0 /Kids [        ]"), ErrorCode.CORRUPT_PDF, id="pages-out-of-reach"
        ),
        pytest.param(pdf([PdfPage()])[:120], ErrorCode.CORRUPT_PDF, id="cut-off"),
    ],
)
def test_a_file_that_does_not_open_tells_why(tmp_path: Path, content: bytes, code: ErrorCode) -> None:
    with pytest.raises(DocumentError) as caught:
        count_pages(stored(tmp_path, content))
    assert caught.value.code is code


def test_a_file_without_pages_is_sound_whatever_was_opened_before(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        count_pages(stored(tmp_path, pdf([PdfPage()], password="secret")))
    assert count_pages(stored(tmp_path, pdf([]))) == 0


def test_an_absent_file_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        count_pages(tmp_path / "absent")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_password_is_told_by_each_cipher(tmp_path: Path, cipher: str) -> None:
    with pytest.raises(DocumentError) as caught:
        count_pages(stored(tmp_path, pdf([PdfPage()], password="пароль" if cipher == "AES-256" else "secret", cipher=cipher)))
    assert caught.value.code is ErrorCode.ENCRYPTED_PDF


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_file_encrypted_with_an_empty_password_is_drawn(tmp_path: Path, rendering: Rendering, drawn: Path, cipher: str) -> None:
    path = stored(tmp_path, pdf([PdfPage()], password="", cipher=cipher))
    assert dark_corner(draw(path, rendering, drawn)) == "lower left"


@pytest.mark.parametrize("rotate", SQUARE_CORNERS)
def test_pages_are_turned_by_their_rotate_entry(tmp_path: Path, rendering: Rendering, drawn: Path, rotate: int) -> None:
    page = draw(stored(tmp_path, pdf([PdfPage(rotate=rotate)])), rendering, drawn)
    assert (page.width, page.height) == ((200, 100) if rotate in {0, 180} else (100, 200))
    assert dark_corner(page) == SQUARE_CORNERS[rotate]


def test_fields_of_forms_are_drawn(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    page = draw(stored(tmp_path, pdf([PdfPage(content=b"")], field=b"0 g 0 0 50 50 re f")), rendering, drawn)
    image = Image.open(page.image).convert("L")
    assert (image.getpixel((125, 75)), image.getpixel((25, 75))) == (0, 255)


def test_resolution_decides_the_size(tmp_path: Path, drawn: Path) -> None:
    rendering = Rendering(dpi=144, max_pixels=1_000_000, jpeg_quality=85, jpeg_max_side=100)
    page = draw(stored(tmp_path, pdf([PdfPage()])), rendering, drawn)
    assert (page.width, page.height, page.dpi) == (400, 200, 144)
    assert Image.open(page.picture).size == (100, 50)


@pytest.mark.parametrize(("width", "height"), [(14_400, 14_400), (14_400, 1), (1e7, 1e7), (1e30, 1e30), (1e9, 0.001)])
def test_a_huge_page_is_reduced_to_the_allowed_pixels(
    tmp_path: Path, rendering: Rendering, drawn: Path, width: float, height: float
) -> None:
    page = draw(stored(tmp_path, pdf([PdfPage(width=width, height=height)])), rendering, drawn)
    assert page.width * page.height <= rendering.max_pixels
    assert page.dpi == pytest.approx(72 * page.width / width, abs=0.1)


def test_a_tiny_page_still_has_pixels(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    page = draw(stored(tmp_path, pdf([PdfPage(content=b"0 g 0 0 1 1 re f", width=0.5, height=4)])), rendering, drawn)
    assert (page.width, page.height) == (1, 4)


def test_only_the_pages_asked_for_are_drawn_in_that_order(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    path = stored(tmp_path, pdf([PdfPage(width=100 + number) for number in range(5)]))
    pages = render(path, [4, 2], rendering, drawn)
    assert [(page.number, page.width) for page in pages if isinstance(page, RenderedPage)] == [(4, 103), (2, 101)]
    assert sorted(file.name for file in drawn.iterdir()) == ["0002.jpg", "0002.pgm", "0004.jpg", "0004.pgm"]


def test_an_empty_page_is_white_and_blank(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    page = draw(stored(tmp_path, pdf([PdfPage(content=b"")])), rendering, drawn)
    assert page.blank
    assert Image.open(page.image).getextrema() == (255, 255)


def test_a_page_whose_only_image_cannot_be_decoded_is_not_taken_for_an_empty_one(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    (page,) = render(stored(tmp_path, image_with_no_data()), [1], rendering, drawn)
    assert page == UnrenderablePage(1, "an image on the page cannot be decoded")


def test_a_page_that_does_not_load_leaves_the_others_readable(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    path = stored(tmp_path, pdf([PdfPage()] * 3, broken_pages=[2]))
    assert count_pages(path) == 3
    pages = render(path, [1, 2, 3], rendering, drawn)
    assert pages[1] == UnrenderablePage(2, "the page is damaged and cannot be loaded")
    assert [type(page) for page in pages] == [RenderedPage, UnrenderablePage, RenderedPage]


def test_a_page_number_beyond_the_last_is_unrenderable(tmp_path: Path, rendering: Rendering, drawn: Path) -> None:
    (page,) = render(stored(tmp_path, pdf([PdfPage()])), [2], rendering, drawn)
    assert isinstance(page, UnrenderablePage)
