"""How much ink is on a page, and whether none is. Runs in the parsing child.

Everything is measured on blocks of 8 x 8 pixels, in two ways. Their means: averaging takes out the noise of scanners and of JPEG, while text
that people hardly see (20 px letters 10 of 255 darker than their paper) still makes a difference of 6. A block is ink where its luma or chroma
lies further from the paper around it than noise explains. The paper is the median of the blocks nearby, so that shading, vignetting and
stains do not count. And their texture, the mean deviation of their pixels from the block's mean: thin strokes, and text that fills the page
so evenly that it would pass for paper, make it rougher than the noise on most blocks.
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
_ROUGH = 5  # of 255: blocks of a photograph of nothing have a texture of up to 5 where most have none
_ROUGHEST_NOISE = 6  # of 255: by so much, at most, blocks of noise of sigma 6 exceed the median block, pressed as JPEG or not
_ROUGHEST_PAPER = 6  # of 255: the median block of noise of sigma 6 has 5; of text without margins more
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
    side = min(_BLOCK_SIDE, max(1, min(image.size) // _BLOCK_SIDE))
    whole = _whole_blocks(image, side)
    means = whole.reduce(side)
    blocks = means if means.mode == "L" else means.convert("YCbCr")
    rough = _roughness(whole, means, side)
    if _within(blocks, _ONE_COLOUR) and _is_paper(rough):
        return Ink(0.0, Blank.ONE_COLOUR)
    if min(blocks.size) < _LEAST_SIDE:
        return Ink(_share(_above(_deviation(blocks, _page_colour(blocks)), _ONE_COLOUR), _rough(rough)), None)
    box = _without_edges(blocks)
    inner, rough = blocks.crop(box), rough.crop(box)
    deviation = _deviation(inner, inner.filter(ImageFilter.MedianFilter(_NEARBY)))
    share = _share(_above(deviation, _threshold(deviation)), _rough(rough))
    blank = share == 0 and _within(inner, _SHADE) and _is_paper(rough)
    return Ink(share, Blank.NO_INK if blank else None)


def _whole_blocks(image: Image.Image, side: int) -> Image.Image:
    """Blocks start at the corner where those of JPEG do, so that its noise averages out. Small images keep the partial ones at their end."""
    width, height = image.width // side, image.height // side
    return image.crop((0, 0, width * side, height * side)) if min(width, height) >= _LEAST_SIDE else image


def _roughness(image: Image.Image, means: Image.Image, side: int) -> Image.Image:
    """The texture of each block, mode `L`."""
    flat = means.convert("L").resize((means.width * side, means.height * side), Image.Resampling.NEAREST)
    return ImageChops.difference(image.convert("L"), flat.crop((0, 0, *image.size))).reduce(side)


def _is_paper(rough: Image.Image) -> bool:
    return ImageStat.Stat(rough).median[0] <= _ROUGHEST_PAPER and _rough(rough).getbbox() is None


def _rough(rough: Image.Image) -> Image.Image:
    """A mask of the blocks that are rougher than noise makes them, given that most blocks are paper."""
    most = ImageStat.Stat(rough).median[0]
    return _above(rough, most + min(_ROUGHEST_NOISE, _ROUGH + most / 2))


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


def _above(values: Image.Image, threshold: float) -> Image.Image:
    return values.point(lambda value: 255 if value > threshold else 0)


def _share(one: Image.Image, other: Image.Image) -> float:
    """Of the blocks in either mask."""
    counts = ImageChops.lighter(one, other).histogram()
    return counts[255] / sum(counts)


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
    mask = _above(_deviation(blocks, _page_colour(blocks)), _EDGE)
    width, height = mask.size
    columns = list(mask.resize((width, 1), Image.Resampling.BOX).tobytes())
    rows = list(mask.resize((1, height), Image.Resampling.BOX).tobytes())
    return (_edge(columns), _edge(rows), width - _edge(columns[::-1]), height - _edge(rows[::-1]))


def _edge(lines: list[int]) -> int:
    """How many of these lines, from the outermost on, are edge; `lines` are shares of 255. One more goes, which the edge touches."""
    most = int(len(lines) * _EDGE_DEPTH)
    depth = next((depth for depth in range(most) if lines[depth] <= _EDGE_SHARE * 255), most)
    return min(depth + 1, most) if depth else 0
