"""Raster images that are too large, damaged or cut off."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from documents.images import BMP, FORMATS, JPEG, PNG, TIFF, declared_bmp, stored, tiff, upright
from PIL import Image

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.images import count_pages, render
from watcher.intake.port import Limits, RenderedPage, Rendering, UnrenderablePage


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


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}, {"quality": 30}], ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_without_its_end_marker_is_read(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, lost: int, mode: str, options: dict[str, object]
) -> None:
    path = stored(tmp_path, Image.effect_noise((305, 403), 60).convert(mode), "JPEG", **options)
    (sound,) = render(path, JPEG, [1], rendering, limits, drawn)
    assert isinstance(sound, RenderedPage)
    expected = sound.image.read_bytes()
    path.write_bytes(path.read_bytes()[:-lost])
    (page,) = render(path, JPEG, [1], rendering, limits, drawn)
    assert isinstance(page, RenderedPage)
    assert page.image.read_bytes() == expected


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}], ids=str)
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.98])
def test_a_jpeg_that_lacks_pixels_as_well_is_called_damaged(
    tmp_path: Path, rendering: Rendering, limits: Limits, drawn: Path, kept: float, options: dict[str, object]
) -> None:
    path = stored(tmp_path, Image.effect_noise((300, 400), 60), "JPEG", **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DocumentError) as caught:
        render(path, JPEG, [1], rendering, limits, drawn)
    assert caught.value.code is ErrorCode.CORRUPT_IMAGE


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
