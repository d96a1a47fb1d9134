"""Which pages count as blank: those without ink, however noisy and shaded their paper, and none on which anything is written."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from functools import cache

import pytest
from documents.drawn import FONT, FONT_PACKAGE
from PIL import Image, ImageChops, ImageDraw, ImageFont

from watcher.intake.ink import ink_of
from watcher.intake.port import Blank

A5 = (1166, 1654)  # at 200 dpi
NOISE_SIDE = 512


@cache
def noise(sigma: float) -> Image.Image:
    """Normally distributed around 128, the same each time."""
    chance = random.Random(1)
    tile = Image.frombytes("L", (NOISE_SIDE, NOISE_SIDE), bytes(round(chance.gauss(128, sigma)) for _ in range(NOISE_SIDE**2)))
    page = Image.new("L", A5)
    for left in range(0, A5[0], NOISE_SIDE):
        for top in range(0, A5[1], NOISE_SIDE):
            page.paste(tile.rotate(90 * ((left + top) // NOISE_SIDE)), (left, top))
    return page


def scanned(paper: Image.Image, sigma: float) -> Image.Image:
    """The page with the noise of a scanner."""
    return ImageChops.add(paper, noise(sigma), offset=-128) if sigma else paper


def jpeg(image: Image.Image, quality: int = 75) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out)


def paper(level: int = 240, mode: str = "L") -> Image.Image:
    return Image.new(mode, A5, level if mode == "L" else (level, level, level))


def shaded(shade: Callable[[float, float], float]) -> Image.Image:
    """Paper as bright as `shade` says of each place, from (0, 0) to (1, 1)."""
    coarse = Image.new("L", (A5[0] // 16, A5[1] // 16))
    coarse.putdata([round(shade(x / coarse.width, y / coarse.height)) for y in range(coarse.height) for x in range(coarse.width)])
    return coarse.resize(A5, Image.Resampling.BICUBIC)


def vignetted() -> Image.Image:
    return shaded(lambda x, y: 245 - 60 * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2)


def bound_book() -> Image.Image:
    return shaded(lambda x, _: 240 - 50 * math.exp(-x / 0.04))


def stained() -> Image.Image:
    return shaded(lambda x, y: 240 - 12 * math.exp(-((x - 0.3) ** 2 + (y - 0.6) ** 2) / 0.02))


def with_lid(depth: int, skew: int = 0) -> Image.Image:
    """Where the page ends, the scanner's dark lid shows: at the left and, turned by `skew` pixels over the width, at the top."""
    page = paper()
    pen = ImageDraw.Draw(page)
    pen.polygon([(0, 0), (depth, 0), (depth + skew, A5[1]), (0, A5[1])], fill=50)
    pen.polygon([(0, 0), (A5[0], 0), (A5[0], depth + skew), (0, depth)], fill=50)
    return page


def yellowed() -> Image.Image:
    old = vignetted()
    return Image.merge("RGB", (old, old.point(lambda value: value - 12), old.point(lambda value: value - 45)))


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image.new("L", (1654, 2339), 255), id="white"),
        pytest.param(Image.new("L", (1654, 2339), 0), id="black"),
        pytest.param(Image.new("RGB", (1654, 2339), (250, 240, 200)), id="coloured-paper"),
        pytest.param(Image.new("L", (11, 11), 255), id="tiny"),
        pytest.param(Image.new("RGB", (1, 1), "red"), id="one-pixel"),
        pytest.param(Image.new("L", (5000, 3), 255), id="a-strip"),
    ],
)
def test_a_page_of_one_colour_is_blank(image: Image.Image) -> None:
    assert ink_of(image).blank is Blank.ONE_COLOUR
    assert ink_of(image).share == 0


@pytest.mark.parametrize("sigma", range(7))
@pytest.mark.parametrize("pressed", [False, True], ids=["lossless", "jpeg"])
def test_noise_is_not_ink(sigma: int, pressed: bool) -> None:
    page = scanned(paper(), sigma)
    assert ink_of(jpeg(page) if pressed else page).blank is Blank.ONE_COLOUR


@pytest.mark.parametrize("sigma", [0, 3, 6])
@pytest.mark.parametrize("make", [vignetted, bound_book, stained])
def test_shading_is_not_ink(make: Callable[[], Image.Image], sigma: int) -> None:
    assert ink_of(jpeg(scanned(make(), sigma))).blank is Blank.NO_INK


@pytest.mark.parametrize("sigma", [0, 6])
@pytest.mark.parametrize("skew", [0, 10])
@pytest.mark.parametrize("depth", [3, 10, 20, 24])
def test_the_edge_of_a_scanned_page_is_not_ink(depth: int, skew: int, sigma: int) -> None:
    assert ink_of(jpeg(scanned(with_lid(depth, skew), sigma))).blank is Blank.NO_INK


def test_yellowed_paper_is_not_ink() -> None:
    assert ink_of(jpeg(yellowed(), 60)).blank is Blank.NO_INK


@pytest.mark.parametrize(
    ("colour", "ink"),
    [
        pytest.param((255, 255, 255), (0, 0, 0), id="black-on-white"),
        pytest.param((255, 255, 255), (245, 245, 245), id="hardly-visible"),
        pytest.param((0, 0, 0), (20, 20, 20), id="dark-on-black"),
        pytest.param((180, 180, 180), (255, 150, 150), id="coloured-as-bright-as-the-paper"),
    ],
)
def test_a_page_with_two_words_is_not_blank(colour: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (1654, 2339), colour)
    ImageDraw.Draw(image).text((300, 500), "faint words", fill=ink, font=ImageFont.load_default(20))
    assert ink_of(image).blank is None


@pytest.mark.skipif(not FONT.exists(), reason=f"no {FONT}: apt-get install {FONT_PACKAGE}")
@pytest.mark.parametrize("make", [paper, vignetted, lambda: with_lid(10, 10)], ids=["plain", "vignetted", "lid"])
@pytest.mark.parametrize("sigma", [0, 3, 6])
@pytest.mark.parametrize(
    ("text", "place", "contrast"),
    [
        pytest.param("7", (570, 1560), 60, id="page-number"),
        pytest.param("l", (150, 500), 60, id="one-thin-letter"),
        pytest.param("см. стр. 12", (150, 500), 30, id="pencil"),
        pytest.param("Дорогой Пётр Иванович!\n" * 40, (150, 150), 30, id="faint-letter"),
    ],
)
def test_faint_writing_on_a_noisy_page_is_ink(
    text: str, place: tuple[int, int], contrast: int, sigma: int, make: Callable[[], Image.Image]
) -> None:
    page = make()
    writing = Image.new("L", A5, 255)
    ImageDraw.Draw(writing).multiline_text(place, text, fill=255 - contrast, font=ImageFont.truetype(str(FONT), 24))
    assert ink_of(jpeg(scanned(ImageChops.add(page, writing, offset=-255), sigma))).blank is None


@pytest.mark.skipif(not FONT.exists(), reason=f"no {FONT}: apt-get install {FONT_PACKAGE}")
@pytest.mark.parametrize("sigma", [0, 3, 6])
@pytest.mark.parametrize("contrast", [40, 60, 200])
def test_small_writing_that_fills_a_page_to_its_edges_is_ink_though_each_part_of_it_is_alike(contrast: int, sigma: int) -> None:
    writing = Image.new("L", A5, 255)
    lines = "\n".join(["абвгдежзикл мнопрс туфхцч " * 12] * 200)
    ImageDraw.Draw(writing).multiline_text((0, 0), lines, fill=255 - contrast, font=ImageFont.truetype(str(FONT), 9), spacing=1)
    assert ink_of(jpeg(scanned(ImageChops.add(paper(), writing, offset=-255), sigma))).blank is None


@pytest.mark.parametrize("sigma", [0, 3, 6])
def test_one_stroke_of_a_pencil_is_ink(sigma: int) -> None:
    page = vignetted()
    stroke = Image.new("L", A5, 255)
    ImageDraw.Draw(stroke).line([(300, 400), (380, 440), (420, 390)], fill=215, width=2)
    assert ink_of(jpeg(scanned(ImageChops.add(page, stroke, offset=-255), sigma))).blank is None


def test_a_full_stop_is_not_blank() -> None:
    image = Image.new("L", (1654, 2339), 255)
    ImageDraw.Draw(image).rectangle((800, 800, 802, 802), fill=0)
    assert ink_of(image).blank is None


def test_a_page_of_two_colours_is_not_blank_though_paper_is_on_both_sides_of_every_edge() -> None:
    image = paper()
    image.paste(20, (0, 0, A5[0] // 2, A5[1]))
    assert ink_of(image).blank is None


@pytest.mark.parametrize("size", [(2, 2), (6, 6), (11, 65), (63, 63), (3000, 4)])
def test_a_small_image_of_two_colours_is_not_blank(size: tuple[int, int]) -> None:
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0] // 2, size[1]))
    assert ink_of(image).blank is None


def test_the_share_is_that_of_the_area_with_ink() -> None:
    lines = paper(255)
    for top in range(160, 1504, 32):  # a quarter of the height between them
        lines.paste(0, (160, top, 1000, top + 8))
    expected = 42 * 8 * 840 / (A5[0] * A5[1])
    assert ink_of(lines).share == pytest.approx(expected, rel=0.05)
    assert ink_of(Image.new("L", (20, 20), 255)).share == 0
    half = Image.new("L", (40, 40), 255)
    half.paste(0, (0, 0, 10, 40))
    assert ink_of(half).share == pytest.approx(0.25)


def test_a_photograph_is_full_of_ink() -> None:
    assert ink_of(Image.effect_noise((40, 60), 90).resize(A5, Image.Resampling.BICUBIC)).share > 0.5
