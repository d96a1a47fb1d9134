"""From a drawn or decoded page to the two files that stand for it: lossless for the engine, JPEG for people."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageStat

from watcher.intake.port import RenderedPage, Rendering

_BLOCK_SIDE = 8  # pixels
_BLANK_DEVIATION = 4  # of 255


def reduction(width: float, height: float, max_pixels: int) -> float:
    """The factor, at most 1, by which both sides are scaled so that the page has at most `max_pixels` after rounding up.

    Sides from 1e-38 to 1e38, as a PDF may give them. 1,000 x 1,000 with a bound of 250,000 gives 0.499.
    """
    if math.ceil(width) * math.ceil(height) <= max_pixels:
        return 1.0
    # Rounding up adds less than one pixel a side: (w f + 1)(h f + 1) = max_pixels, solved for f in the form that cancels no digits.
    spread = width + height
    return 2 * (max_pixels - 1) / (math.sqrt(spread * spread + 4 * width * height * (max_pixels - 1)) + spread)


def is_blank(image: Image.Image) -> bool:
    """Whether a page shows one colour only: of no 8 x 8 block does the mean luma or chroma lie further than 4 of 255 from the page's median.

    Averaging takes out the noise of scanners and JPEG: single pixels of a photograph of nothing, all black, deviate by up to 22, its
    blocks by 4. Text in 20 px letters that are 10 darker than their paper, which people hardly see, still deviates by 6.
    Images with a side under 64 pixels are divided into smaller blocks, at least 8 along it.
    """
    channels = image if image.mode == "L" else image.convert("YCbCr")
    side = min(_BLOCK_SIDE, max(1, min(image.size) // _BLOCK_SIDE))
    means = ImageStat.Stat(channels.reduce(side))
    return all(
        high - median <= _BLANK_DEVIATION and median - low <= _BLANK_DEVIATION
        for (low, high), median in zip(means.extrema, means.median, strict=True)
    )


def write_page(image: Image.Image, number: int, dpi: float, rendering: Rendering, target_dir: Path) -> RenderedPage:
    """Writes an upright grey (`L`) or colour (`RGB`) image in sRGB as `NNNN.pgm` or `.ppm`, which cost no compression, and `NNNN.jpg`."""
    lossless = target_dir / f"{number:04d}{'.pgm' if image.mode == 'L' else '.ppm'}"
    image.save(lossless, format="PPM")
    picture = target_dir / f"{number:04d}.jpg"
    _for_people(image, rendering.jpeg_max_side).save(picture, format="JPEG", quality=rendering.jpeg_quality)
    return RenderedPage(number, lossless, picture, image.width, image.height, round(dpi, 2), is_blank(image))


def _for_people(image: Image.Image, max_side: int) -> Image.Image:
    factor = max_side / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
