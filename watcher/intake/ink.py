"""How much ink is on a page, and whether none is. Runs in the parsing child.

Everything is measured on the means of 8 x 8 pixels: averaging takes out the noise of scanners and of JPEG, while text that people hardly see
(20 px letters 10 of 255 darker than their paper) still makes a difference of 6. A block is ink where its luma or chroma lies further from
the paper around it than noise explains. The paper is the median of the blocks nearby, so that shading, vignetting and stains do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageStat

from watcher.intake.port import Blank

_BLOCK_SIDE = 8  # pixels
_ONE_COLOUR = 4  # of 255: pixels of a photograph of nothing, all black, deviate by up to 22, its blocks by 4
_NEARBY = 9  # blocks; 9 mm at 200 dpi: wider than the strokes of any letter but a poster's
_NOISE_SIGMAS = 6  # the strongest of 100,000 blocks of Gaussian noise deviates by 4.4
_LOUDEST_NOISE = 10  # of 255: what deviates more is ink however restless the page is
_QUIET_SHARE = 0.25  # of the blocks tell how noisy the paper is: so much of a page is free of text
_QUIET_SIGMAS = 0.3186  # a quarter of normally distributed values lies within so many standard deviations of the mean
_SHADE = 64  # of 255: shaded paper deviates less from the page's median; what deviates more is not paper
_EDGE = 24  # of 255: what the border of a page deviates by where the scanner's lid shows
_EDGE_SHARE = 0.1  # of a line of blocks
_EDGE_DEPTH = 0.04  # of the page's side: 8 mm of A4
_LEAST_SIDE = 32  # blocks: smaller pictures have no paper around their content, and are blank only in one colour


@dataclass(frozen=True)
class Ink:
    """`share` of the page's area that bears ink, from 0 to 1, in blocks of 8 x 8 pixels; why the page is `blank`, or None where it is not."""

    share: float
    blank: Blank | None


def ink_of(image: Image.Image) -> Ink:
    """Of an upright page, `L` or `RGB`. Of images with a side under 64 pixels the blocks are smaller, at least 8 along it."""
    blocks = _blocks(image)
    if _within(blocks, _ONE_COLOUR):
        return Ink(0.0, Blank.ONE_COLOUR)
    if min(blocks.size) < _LEAST_SIDE:
        return Ink(_share(_deviation(blocks, _page_colour(blocks)), _ONE_COLOUR), None)
    inner = blocks.crop(_without_edges(blocks))
    deviation = _deviation(inner, inner.filter(ImageFilter.MedianFilter(_NEARBY)))
    share = _share(deviation, _threshold(deviation))
    return Ink(share, Blank.NO_INK if share == 0 and _within(inner, _SHADE) else None)


def _blocks(image: Image.Image) -> Image.Image:
    """The mean of each block. Blocks start at the corner where those of JPEG do, so that its noise averages out; small images keep partial ones."""
    side = min(_BLOCK_SIDE, max(1, min(image.size) // _BLOCK_SIDE))
    width, height = image.width // side, image.height // side
    box = (0, 0, width * side, height * side) if min(width, height) >= _LEAST_SIDE else None
    means = image.reduce(side, box=box)
    return means if means.mode == "L" else means.convert("YCbCr")


def _page_colour(blocks: Image.Image) -> Image.Image:
    median = tuple(ImageStat.Stat(blocks).median)
    return Image.new(blocks.mode, blocks.size, median if len(median) > 1 else median[0])


def _deviation(blocks: Image.Image, paper: Image.Image) -> Image.Image:
    """By how much each block differs from the paper, in the channel where it differs most: mode `L`."""
    first, *others = ImageChops.difference(blocks, paper).split()
    for channel in others:
        first = ImageChops.lighter(first, channel)
    return first


def _within(blocks: Image.Image, tolerance: int) -> bool:
    stat = ImageStat.Stat(blocks)
    return all(
        high - median <= tolerance and median - low <= tolerance for (low, high), median in zip(stat.extrema, stat.median, strict=True)
    )


def _share(deviation: Image.Image, threshold: float) -> float:
    counts = deviation.histogram()
    return sum(count for value, count in enumerate(counts) if value > threshold) / sum(counts)


def _threshold(deviation: Image.Image) -> float:
    """By how much a block must deviate to be ink: the paper's noise is told by the quietest quarter of the blocks."""
    counts = deviation.histogram()
    wanted = _QUIET_SHARE * sum(counts)
    value, below = 0, 0.0
    while below + counts[value] < wanted:
        below += counts[value]
        value += 1
    # A count of value v stands for deviations from v - 1/2 (of 0: from 0) to v + 1/2.
    start, width = (0.0, 0.5) if value == 0 else (value - 0.5, 1.0)
    sigma = (start + width * (wanted - below) / counts[value]) / _QUIET_SIGMAS
    return max(float(_ONE_COLOUR), min(_NOISE_SIGMAS * sigma, float(_LOUDEST_NOISE)))


def _without_edges(blocks: Image.Image) -> tuple[int, int, int, int]:
    """The box that is left when the lines where a scanner's lid shows are taken off the sides."""
    mask = _deviation(blocks, _page_colour(blocks)).point(lambda value: 255 if value > _EDGE else 0)
    width, height = mask.size
    columns = list(mask.resize((width, 1), Image.Resampling.BOX).tobytes())
    rows = list(mask.resize((1, height), Image.Resampling.BOX).tobytes())
    return (_edge(columns), _edge(rows), width - _edge(columns[::-1]), height - _edge(rows[::-1]))


def _edge(lines: list[int]) -> int:
    """How many of these lines, from the outermost on, are edge; `lines` are shares of 255. One more goes, which the edge touches."""
    most = int(len(lines) * _EDGE_DEPTH)
    depth = next((depth for depth in range(most) if lines[depth] <= _EDGE_SHARE * 255), most)
    return min(depth + 1, most) if depth else 0
