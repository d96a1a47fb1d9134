"""From a drawn or decoded page to the two files that stand for it: lossless for the engine, JPEG for people."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageChops

from watcher.intake.ink import ink_of
from watcher.intake.port import RenderedPage, Rendering

_GLANCE = 8
"""Pixels along the side of the squares whose means tell of most pages with colour that they have some."""


def reduction(width: float, height: float, max_pixels: int) -> float:
    """The factor, at most 1, by which both sides are scaled so that the page has at most `max_pixels` after rounding up.

    Sides from 1e-38 to 1e38, as a PDF may give them. 1,000 x 1,000 with a bound of 250,000 gives 0.499.
    """
    if math.ceil(width) * math.ceil(height) <= max_pixels:
        return 1.0
    # Rounding up adds less than one pixel a side: (w f + 1)(h f + 1) = max_pixels, solved for f in the form that cancels no digits.
    spread = width + height
    return 2 * (max_pixels - 1) / (math.sqrt(spread * spread + 4 * width * height * (max_pixels - 1)) + spread)


def write_page(image: Image.Image, number: int, dpi: float, rendering: Rendering, target_dir: Path) -> RenderedPage:
    """Writes an upright image in sRGB, `L` or `RGB`, as `NNNN.ppm`, uncompressed, or as `.pgm` where it has no colour; and as `NNNN.jpg`."""
    image = _without_idle_channels(image)
    lossless = target_dir / f"{number:04d}{'.pgm' if image.mode == 'L' else '.ppm'}"
    image.save(lossless, format="PPM")
    picture = target_dir / f"{number:04d}.jpg"
    _for_people(image, rendering.jpeg_max_side).save(picture, format="JPEG", quality=rendering.jpeg_quality)
    ink = ink_of(image)
    return RenderedPage(number, lossless, picture, image.width, image.height, round(dpi, 2), ink.blank, ink.share)


def _without_idle_channels(image: Image.Image) -> Image.Image:
    """`L` where all colours are greys, as on most drawn pages: a third of the bytes to scale, press, write and read."""
    if image.mode == "L" or _has_colour(image.reduce(_GLANCE)) or _has_colour(image):
        return image
    return image.getchannel("R")


def _has_colour(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return any(ImageChops.difference(red, other).getbbox() for other in (green, blue))


def _for_people(image: Image.Image, max_side: int) -> Image.Image:
    factor = max_side / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
