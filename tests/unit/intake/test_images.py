"""Raster images: their pages, orientation, colours and resolution."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents.images import FORMATS, GIF, HEIC, JPEG, PNG, TIFF, WEBP, stored, tiff, upright
from PIL import Image, ImageCms

from watcher.intake.images import count_pages, render
from watcher.intake.port import Limits, RenderedPage, Rendering

ORIENTATION, SUBFILE_TYPE = 0x0112, 254
STORED_TURNED = {  # how a writer that sets this orientation has turned the upright image before storing it
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def is_upright(page: RenderedPage) -> bool:
    image = Image.open(page.image).convert("RGB")
    if image.size != (96, 64):
        return False
    red, blue = image.getpixel((12, 8)), image.getpixel((84, 56))
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    return red[0] > 200 > red[2] and blue[2] > 200 > blue[0]


def read(path: Path, media_type: str, rendering: Rendering, limits: Limits, drawn: Path) -> RenderedPage:
    (page,) = render(path, media_type, [1], rendering, limits, drawn)
    assert isinstance(page, RenderedPage)
    return page


def grey(page: RenderedPage, x: int = 0, y: int = 0) -> float:
    value = Image.open(page.image).convert("L").getpixel((x, y))
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(("media_type", "image_format"), FORMATS)
def test_every_format_is_read(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, media_type: str, image_format: str
) -> None:
    path = stored(tmp_path, upright(), image_format)
    assert count_pages(path, media_type, limits) == 1
    page = read(path, media_type, rendering, limits, drawn)
    assert is_upright(page)
    assert not page.blank


@pytest.mark.parametrize("orientation", STORED_TURNED)
@pytest.mark.parametrize(("media_type", "image_format"), [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP"), (TIFF, "TIFF")])
def test_pages_come_upright(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, media_type: str, image_format: str, orientation: int
) -> None:
    turn = STORED_TURNED[orientation]
    image = upright() if turn is None else upright().transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = stored(tmp_path, image, image_format, exif=exif)
    assert is_upright(read(path, media_type, rendering, limits, drawn))


def test_a_photograph_in_heic_comes_upright(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = stored(tmp_path, upright().transpose(Image.Transpose.ROTATE_90), "HEIF", exif=exif.tobytes())
    assert is_upright(read(path, HEIC, rendering, limits, drawn))


def test_damaged_exif_does_not_hide_the_image(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    path = stored(tmp_path, upright(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert is_upright(read(path, JPEG, rendering, limits, drawn))


def test_frames_of_a_tiff_are_pages_each_with_its_own_orientation(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path
) -> None:
    turned = upright().transpose(Image.Transpose.ROTATE_90)
    path = tiff(tmp_path, [(upright(), {}), (turned, {ORIENTATION: 6}), (upright(), {ORIENTATION: 1})])
    assert count_pages(path, TIFF, limits) == 3
    pages = render(path, TIFF, [3, 2, 1], rendering, limits, drawn)
    assert [page.number for page in pages] == [3, 2, 1]
    assert all(isinstance(page, RenderedPage) and is_upright(page) for page in pages)


def test_thumbnails_and_masks_in_a_tiff_are_no_pages(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    thumbnail, mask = Image.new("L", (8, 8)), Image.new("1", (96, 64))
    path = tiff(tmp_path, [(thumbnail, {SUBFILE_TYPE: 1}), (upright(), {SUBFILE_TYPE: 2}), (mask, {SUBFILE_TYPE: 4}), (upright(), {})])
    assert count_pages(path, TIFF, limits) == 2
    assert all(isinstance(page, RenderedPage) and is_upright(page) for page in render(path, TIFF, [1, 2], rendering, limits, drawn))


@pytest.mark.parametrize(("media_type", "image_format"), [(GIF, "GIF"), (WEBP, "WEBP"), (PNG, "PNG"), (JPEG, "MPO")])
def test_only_the_first_frame_of_a_moving_picture_is_read(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, media_type: str, image_format: str
) -> None:
    others = [Image.new("RGB", (96, 64), colour) for colour in ("black", "white")]
    path = stored(tmp_path, upright(), image_format, save_all=True, append_images=others)
    assert Image.open(path).n_frames == 3  # type: ignore[attr-defined]
    assert count_pages(path, media_type, limits) == 1
    assert is_upright(read(path, media_type, rendering, limits, drawn))


@pytest.mark.parametrize(
    ("image", "media_type", "image_format", "expected"),
    [
        pytest.param(Image.new("1", (9, 9), 1), TIFF, "TIFF", 255, id="1-bit-white"),
        pytest.param(Image.new("1", (9, 9), 0), PNG, "PNG", 0, id="1-bit-black"),
        pytest.param(Image.new("L", (9, 9), 100), PNG, "PNG", 100, id="grey"),
        pytest.param(Image.new("I;16", (9, 9), 100 * 257), PNG, "PNG", 100, id="16-bit"),
        pytest.param(Image.new("I;16", (9, 9), 100 * 257), TIFF, "TIFF", 100, id="16-bit-tiff"),
        pytest.param(Image.new("LA", (9, 9), (0, 0)), PNG, "PNG", 255, id="grey-transparent"),
        pytest.param(Image.new("LA", (9, 9), (0, 128)), PNG, "PNG", 127, id="grey-half-transparent"),
        pytest.param(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), PNG, "PNG", 255, id="transparent"),
        pytest.param(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), WEBP, "WEBP", 255, id="transparent-webp"),
        pytest.param(Image.new("RGBA", (9, 9), (0, 0, 0, 255)), TIFF, "TIFF", 0, id="opaque"),
        pytest.param(Image.new("RGB", (9, 9), (100, 100, 100)).quantize(4), PNG, "PNG", 100, id="palette"),
        pytest.param(Image.new("CMYK", (9, 9), (0, 0, 0, 0)), JPEG, "JPEG", 255, id="cmyk-paper"),
        pytest.param(Image.new("CMYK", (9, 9), (0, 0, 0, 255)), TIFF, "TIFF", 0, id="cmyk-black"),
    ],
)
def test_colours_become_8_bits_on_white(
    tmp_path: Path,
    rendering: Rendering,
    limits: Limits,
    drawn: Path,
    image: Image.Image,
    media_type: str,
    image_format: str,
    expected: int,
) -> None:
    page = read(stored(tmp_path, image, image_format), media_type, rendering, limits, drawn)
    assert grey(page) == pytest.approx(expected, abs=1)
    assert Image.open(page.image).mode in {"L", "RGB"}
    assert page.blank


def test_a_palette_with_a_transparent_colour_is_laid_on_white(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    image = Image.new("P", (40, 20), 0)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.paste(1, (0, 0, 20, 20))
    page = read(stored(tmp_path, image, "GIF", transparency=0), GIF, rendering, limits, drawn)
    assert grey(page, 30, 10) == 255
    assert grey(page, 10, 10) < 100


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_without_a_defined_white_are_stretched(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, mode: str) -> None:
    image = Image.new(mode, (40, 20), 1_000_000)
    image.paste(5_000_000, (20, 0, 40, 20))
    page = read(stored(tmp_path, image, "TIFF"), TIFF, rendering, limits, drawn)
    assert (grey(page, 5, 5), grey(page, 30, 5)) == (0, 255)


def swapped_red_and_green() -> bytes:
    """The sRGB profile with the tags of its red and green primaries exchanged: a colour space whose first channel is green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_a_colour_profile_is_applied_and_left_out(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    path = stored(tmp_path, Image.new("RGB", (16, 16), (255, 0, 0)), "PNG", icc_profile=swapped_red_and_green())
    page = read(path, PNG, rendering, limits, drawn)
    assert Image.open(page.image).getpixel((5, 5)) == pytest.approx((0, 255, 0), abs=3)
    assert Image.open(page.picture).getpixel((5, 5)) == pytest.approx((0, 255, 0), abs=5)
    assert "icc_profile" not in Image.open(page.picture).info


def test_a_damaged_colour_profile_is_passed_over(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    path = stored(tmp_path, upright(), "PNG", icc_profile=b"no profile")
    assert is_upright(read(path, PNG, rendering, limits, drawn))


@pytest.mark.parametrize(("media_type", "image_format"), [(PNG, "PNG"), (JPEG, "JPEG"), (TIFF, "TIFF")])
def test_a_large_image_is_reduced_and_its_resolution_with_it(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, media_type: str, image_format: str
) -> None:
    path = stored(tmp_path, upright().resize((1200, 800)), image_format, dpi=(300, 300))
    page = read(path, media_type, rendering, limits, drawn)
    assert 0.99 * rendering.max_pixels < page.width * page.height <= rendering.max_pixels
    assert page.width / page.height == pytest.approx(1.5, abs=0.01)
    assert page.dpi == pytest.approx(300 * page.width / 1200, abs=0.5)


def test_the_resolution_is_0_where_the_file_does_not_say(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    assert read(stored(tmp_path, upright(), "PNG"), PNG, rendering, limits, drawn).dpi == 0
