"""The two files of a page, how large they get, and which pages count as blank."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from watcher.intake.port import Rendering
from watcher.intake.raster import is_blank, reduction, write_page

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


def page(mode: str = "L", colour: object = 255) -> Image.Image:
    return Image.new(mode, (1654, 2339), colour)  # type: ignore[arg-type]


def noisy(level: int, sigma: float) -> Image.Image:
    chance = random.Random(1)
    return Image.frombytes("L", (400, 600), bytes(max(0, min(255, round(chance.gauss(level, sigma)))) for _ in range(400 * 600)))


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(page(), id="white"),
        pytest.param(page(colour=0), id="black"),
        pytest.param(page("RGB", (250, 240, 200)), id="coloured-paper"),
        pytest.param(noisy(240, 5), id="scanner-noise"),
        pytest.param(Image.new("L", (11, 11), 255), id="tiny"),
        pytest.param(Image.new("RGB", (1, 1), "red"), id="one-pixel"),
        pytest.param(Image.new("L", (5000, 3), 255), id="a-strip"),
    ],
)
def test_a_page_of_one_colour_is_blank(image: Image.Image) -> None:
    assert is_blank(image)


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        pytest.param((255, 255, 255), (0, 0, 0), id="black-on-white"),
        pytest.param((255, 255, 255), (245, 245, 245), id="hardly-visible"),
        pytest.param((0, 0, 0), (20, 20, 20), id="dark-on-black"),
        pytest.param((180, 180, 180), (255, 150, 150), id="coloured-as-bright-as-the-paper"),
    ],
)
def test_a_page_with_two_words_is_not_blank(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    image = page("RGB", paper)
    ImageDraw.Draw(image).text((300, 500), "faint words", fill=ink, font=ImageFont.load_default(20))
    assert not is_blank(image)


@pytest.mark.parametrize("size", [(2, 2), (6, 6), (11, 65), (63, 63), (3000, 4)])
def test_a_small_image_of_two_colours_is_not_blank(size: tuple[int, int]) -> None:
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0] // 2, size[1]))
    assert not is_blank(image)


def test_a_full_stop_is_not_blank() -> None:
    image = page()
    ImageDraw.Draw(image).rectangle((800, 800, 802, 802), fill=0)
    assert not is_blank(image)


@pytest.mark.parametrize(("mode", "suffix"), [("L", ".pgm"), ("RGB", ".ppm")])
def test_the_engines_file_is_lossless_and_the_peoples_one_small(drawn: Path, rendering: Rendering, mode: str, suffix: str) -> None:
    image = Image.effect_noise((1000, 500), 90).convert(mode)
    written = write_page(image, 12, 150.0, rendering, drawn)
    assert (written.number, written.width, written.height, written.dpi, written.blank) == (12, 1000, 500, 150.0, False)
    assert written.image == drawn / f"0012{suffix}"
    assert Image.open(written.image).mode == mode
    assert Image.open(written.image).tobytes() == image.tobytes()
    picture = Image.open(written.picture)
    assert (picture.format, picture.size) == ("JPEG", (rendering.jpeg_max_side, rendering.jpeg_max_side // 2))


def test_a_small_page_is_not_enlarged_for_people(drawn: Path, rendering: Rendering) -> None:
    written = write_page(Image.new("L", (30, 20)), 1, 0.0, rendering, drawn)
    assert Image.open(written.picture).size == (30, 20)
