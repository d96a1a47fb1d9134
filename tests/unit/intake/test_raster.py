"""The two files of a page, and how large they get."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from watcher.intake.port import Rendering
from watcher.intake.raster import reduction, write_page

sides = st.one_of(st.floats(min_value=1e-38, max_value=1e38), st.floats(min_value=1, max_value=1e6))


@given(sides, sides, st.integers(min_value=10_000, max_value=10**9))
@example(1e38, 1e-38, 10_000)
@example(1e38, 1e38, 10**9)
@example(8400 * 200 / 72, 8400 * 200 / 72, 16_000_000)
def test_a_reduced_page_has_at_most_the_allowed_pixels_after_rounding_up(width: float, height: float, max_pixels: int) -> None:
    factor = reduction(width, height, max_pixels)
    assert 0 < factor <= 1
    assert math.ceil(width * factor) * math.ceil(height * factor) <= max_pixels


@given(st.floats(min_value=100, max_value=1e5), st.floats(min_value=100, max_value=1e5), st.integers(min_value=10_000, max_value=10**8))
def test_a_page_is_reduced_no_further_than_needed(width: float, height: float, max_pixels: int) -> None:
    factor = reduction(width, height, max_pixels)
    if factor < 1:
        assert (width * factor + 1) * (height * factor + 1) >= 0.999 * max_pixels
    else:
        assert math.ceil(width) * math.ceil(height) <= max_pixels


def noise(mode: str) -> Image.Image:
    return Image.merge(mode, [Image.effect_noise((1000, 500), 90) for _ in mode])


@pytest.mark.parametrize(("image", "mode", "suffix"), [(noise("L"), "L", ".pgm"), (noise("RGB"), "RGB", ".ppm")])
def test_the_engines_file_is_lossless_and_the_peoples_one_small(
    drawn: Path, rendering: Rendering, image: Image.Image, mode: str, suffix: str
) -> None:
    written = write_page(image, 12, 150.0, rendering, drawn)
    assert (written.number, written.width, written.height, written.dpi, written.blank) == (12, 1000, 500, 150.0, None)
    assert written.ink > 0
    assert written.image == drawn / f"0012{suffix}"
    assert Image.open(written.image).mode == mode
    assert Image.open(written.image).tobytes() == image.tobytes()
    picture = Image.open(written.picture)
    assert (picture.format, picture.mode) == ("JPEG", mode)
    assert picture.size == (rendering.jpeg_max_side, rendering.jpeg_max_side // 2)


def test_a_page_in_colour_that_has_only_greys_is_grey_with_the_same_values_and_the_same_ink(drawn: Path, rendering: Rendering) -> None:
    grey = noise("L")
    written = write_page(grey.convert("RGB"), 1, 150.0, rendering, drawn)
    assert Image.open(written.image).mode == "L"
    assert Image.open(written.image).tobytes() == grey.tobytes()
    assert written == write_page(grey, 1, 150.0, rendering, drawn)


@pytest.mark.parametrize("colour", [(255, 255, 254), (254, 255, 255), (255, 254, 255), (0, 0, 255)])
def test_a_single_pixel_of_a_colour_keeps_a_page_in_colour(drawn: Path, rendering: Rendering, colour: tuple[int, int, int]) -> None:
    page = Image.new("RGB", (100, 100), "white")
    page.putpixel((57, 31), colour)
    written = Image.open(write_page(page, 1, 150.0, rendering, drawn).image)
    assert written.mode == "RGB"
    assert written.getpixel((57, 31)) == colour


def test_a_small_page_is_not_enlarged_for_people(drawn: Path, rendering: Rendering) -> None:
    written = write_page(Image.new("L", (30, 20)), 1, 0.0, rendering, drawn)
    assert Image.open(written.picture).size == (30, 20)
