"""Raster images: pages, orientation, colour, bounds and damage."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import AppendingTiffWriter, ImageFileDirectory_v2

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.images import count_pages, render
from watcher.intake.port import Limits, RenderedPage, Rendering, UnrenderablePage

pillow_heif.register_heif_opener()

PNG, JPEG, TIFF, BMP, WEBP, GIF, HEIC = (f"image/{name}" for name in ("png", "jpeg", "tiff", "bmp", "webp", "gif", "heic"))
FORMATS = [(PNG, "PNG"), (JPEG, "JPEG"), (TIFF, "TIFF"), (BMP, "BMP"), (WEBP, "WEBP"), (GIF, "GIF"), (HEIC, "HEIF")]

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


def upright() -> Image.Image:
    """96 x 64, white; red in the upper left quarter, blue in the lower right one."""
    image = Image.new("RGB", (96, 64), "white")
    image.paste("red", (0, 0, 48, 32))
    image.paste("blue", (48, 32, 96, 64))
    return image


def is_upright(page: RenderedPage) -> bool:
    image = Image.open(page.image).convert("RGB")
    if image.size != (96, 64):
        return False
    red, blue = image.getpixel((12, 8)), image.getpixel((84, 56))
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    return red[0] > 200 > red[2] and blue[2] > 200 > blue[0]


def stored(tmp_path: Path, image: Image.Image, image_format: str, **options: object) -> Path:
    path = tmp_path / "document"
    image.save(path, image_format, **options)  # type: ignore[arg-type]
    return path


def tiff(tmp_path: Path, frames: Sequence[tuple[Image.Image, dict[int, int]]]) -> Path:
    """Frames with tags of their own."""
    path = tmp_path / "document"
    with AppendingTiffWriter(str(path), new=True) as writer:
        for image, tags in frames:
            directory = ImageFileDirectory_v2()
            for tag, value in tags.items():
                directory[tag] = value
            image.save(writer, format="TIFF", tiffinfo=directory)
            writer.newFrame()
    return path


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


def declared_bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(header), 0, 0, 14 + len(header)) + header + b"\0" * 64


def refusal(path: Path, media_type: str, limits: Limits) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        count_pages(path, media_type, limits)
    return caught.value


def test_more_pixels_than_allowed_are_refused_by_the_header_alone(tmp_path: Path, limits: Limits) -> None:
    path = tmp_path / "document"
    path.write_bytes(declared_bmp(3_000_000, 2_000_000))
    error = refusal(path, BMP, limits)
    assert (error.code, error.details) == (ErrorCode.TOO_MANY_PIXELS, {"found": 6_000_000_000_000, "limit": 1_000_000})


def test_an_image_of_exactly_the_allowed_pixels_is_read(tmp_path: Path, limits: Limits) -> None:
    assert count_pages(stored(tmp_path, Image.new("1", (1000, 1000)), "PNG"), PNG, limits) == 1
    error = refusal(stored(tmp_path, Image.new("1", (1000, 1001)), "PNG"), PNG, limits)
    assert error.details == {"found": 1_001_000, "limit": 1_000_000}


def test_a_later_page_with_too_many_pixels_is_found_when_looking_at_headers(tmp_path: Path, limits: Limits) -> None:
    path = tiff(tmp_path, [(upright(), {}), (Image.new("1", (2000, 2000)), {})])
    assert refusal(path, TIFF, limits).code is ErrorCode.TOO_MANY_PIXELS


def test_more_pages_than_allowed_are_refused(tmp_path: Path, limits: Limits) -> None:
    path = tiff(tmp_path, [(Image.new("L", (4, 4)), {})] * (limits.pages + 1))
    error = refusal(path, TIFF, limits)
    assert (error.code, error.details) == (ErrorCode.TOO_MANY_PAGES, {"found": 11, "limit": 10})


@pytest.mark.parametrize(("media_type", "image_format"), FORMATS)
def test_a_file_cut_off_in_the_middle_is_called_damaged_not_half_read(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, media_type: str, image_format: str
) -> None:
    path = stored(tmp_path, Image.effect_noise((300, 300), 80).convert("RGB"), image_format)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DocumentError) as caught:
        render(path, media_type, range(1, 1 + count_pages(path, media_type, limits)), rendering, limits, drawn)
    assert caught.value.code is ErrorCode.CORRUPT_IMAGE
    assert list(drawn.iterdir()) == []


@pytest.mark.parametrize(("media_type", "image_format"), FORMATS)
def test_a_header_with_nothing_behind_is_called_damaged(tmp_path: Path, limits: Limits, media_type: str, image_format: str) -> None:
    path = stored(tmp_path, upright(), image_format)
    path.write_bytes(path.read_bytes()[:12])
    assert refusal(path, media_type, limits).code is ErrorCode.CORRUPT_IMAGE


def test_one_damaged_page_of_a_tiff_leaves_the_others_readable(tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path) -> None:
    out = io.BytesIO()
    noise = Image.effect_noise((96, 64), 80)
    upright().save(out, "TIFF", save_all=True, append_images=[noise, upright()], compression="jpeg")
    content = bytearray(out.getvalue())
    with Image.open(out) as image:
        image.seek(1)
        offset, length = image.tag_v2[273][0], image.tag_v2[279][0]  # type: ignore[attr-defined]
    content[offset : offset + length] = b"\xff" * length
    path = tmp_path / "document"
    path.write_bytes(content)
    assert count_pages(path, TIFF, limits) == 3
    pages = render(path, TIFF, [1, 2, 3], rendering, limits, drawn)
    assert [type(page) for page in pages] == [RenderedPage, UnrenderablePage, RenderedPage]


def test_an_error_of_the_operating_system_is_not_blamed_on_the_file(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(FileNotFoundError):
        count_pages(tmp_path / "absent", PNG, limits)
