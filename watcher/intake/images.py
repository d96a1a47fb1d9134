"""Raster images through Pillow and libheif. Runs in the parsing child.

The pages of a TIFF are pages. Everything else is one page: of an animated GIF, WebP or PNG the first frame is read, because an animation
is one picture that moves; of a JPEG with several pictures (MPO) and of a HEIC the main one, the others being depth maps and thumbnails.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count, islice
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.jpeg import with_end
from watcher.intake.limits import require_pages, require_pixels
from watcher.intake.port import Limits, RenderedPage, Rendering, UnrenderablePage
from watcher.intake.raster import reduction, write_page
from watcher.intake.sniff import JPEG, TIFF

pillow_heif.options.DECODE_THREADS = 1  # a parsing child has one processor's time
pillow_heif.register_heif_opener()
# Pillow's own bound does not tell the number that people need; `_opened` checks what the header declares at the same moment.
Image.MAX_IMAGE_PIXELS = None

_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/heic": "HEIF",
}
_SRGB = ImageCms.createProfile("sRGB")
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {  # EXIF 2.32, 4.6.4 A
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TIFF_SUBFILE_TYPE = 254
_TIFF_NOT_A_PAGE = 0b101  # a smaller version of another image, or a mask (TIFF 6.0, NewSubfileType)


def count_pages(path: Path, media_type: str, limits: Limits) -> int:
    """Reads headers only. Raises `DocumentError` with `CORRUPT_IMAGE`, `TOO_MANY_PAGES` or, of any page, `TOO_MANY_PIXELS`."""
    with _opened(path, media_type, limits) as image:
        frames = _frames(image, media_type, limits.pages + 1)
        require_pages(len(frames), limits)
        for frame in frames:
            _seek(image, frame, limits)
        return len(frames)


def render(
    path: Path, media_type: str, numbers: Sequence[int], rendering: Rendering, limits: Limits, target_dir: Path
) -> list[RenderedPage | UnrenderablePage]:
    """Decodes the pages of these numbers, from 1, upright, on white, in 8 bits, in sRGB.

    Raises `DocumentError` with `CORRUPT_IMAGE` if the only page is damaged or cut off: a part is not passed off as the whole.
    """
    try:
        return _render(path, media_type, numbers, rendering, limits, target_dir)
    except DocumentError as error:
        if error.code is not ErrorCode.CORRUPT_IMAGE or media_type != JPEG.media_type:
            raise
        with _damage_named():
            whole = with_end(path)
        if whole is None:
            raise
    return _render(io.BytesIO(whole), media_type, numbers, rendering, limits, target_dir)


def _render(
    file: Path | io.BytesIO, media_type: str, numbers: Sequence[int], rendering: Rendering, limits: Limits, target_dir: Path
) -> list[RenderedPage | UnrenderablePage]:
    with _opened(file, media_type, limits) as image:
        frames = _frames(image, media_type, max(2, *numbers))
        pages: list[RenderedPage | UnrenderablePage] = []
        for number in numbers:
            try:
                page, dpi = _decoded(image, frames[number - 1], rendering, limits)
            except DocumentError as error:
                if len(frames) == 1 or error.code is not ErrorCode.CORRUPT_IMAGE:
                    raise
                pages.append(UnrenderablePage(number, "the page is damaged or cut off and cannot be decoded"))
            else:
                pages.append(write_page(page, number, dpi, rendering, target_dir))
        return pages


@contextmanager
def _opened(file: Path | io.BytesIO, media_type: str, limits: Limits) -> Iterator[Image.Image]:
    with _damage_named():
        image = Image.open(file, formats=[_FORMATS[media_type]])
    with image:
        require_pixels(image.width * image.height, limits)
        yield image


@contextmanager
def _damage_named() -> Iterator[None]:
    """Decoders raise nearly anything on damaged data. Only lack of memory and errors of the operating system are not the file's fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote what they found in the file
            yield
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DocumentError(ErrorCode.CORRUPT_IMAGE) from None


def _frames(image: Image.Image, media_type: str, most: int) -> list[int]:
    """Where the first pages are, `most` at most: of a chain of a million nothing more is to be known."""
    if media_type != TIFF.media_type:
        return [0]
    with _damage_named():
        return list(islice(_tiff_pages(image), most)) or [0]


def _tiff_pages(image: Image.Image) -> Iterator[int]:
    for frame in count():
        try:
            image.seek(frame)
        except EOFError:
            return
        kind = image.tag_v2.get(_TIFF_SUBFILE_TYPE, 0)  # type: ignore[attr-defined]
        if not (isinstance(kind, int) and kind & _TIFF_NOT_A_PAGE):
            yield frame


def _seek(image: Image.Image, frame: int, limits: Limits) -> None:
    with _damage_named():
        image.seek(frame)
    require_pixels(image.width * image.height, limits)


def _decoded(image: Image.Image, frame: int, rendering: Rendering, limits: Limits) -> tuple[Image.Image, float]:
    """The frame as it goes to disk, and its resolution in dots per inch, 0 where the file does not say."""
    _seek(image, frame, limits)
    declared = max(image.size)
    with _damage_named():
        factor = reduction(*image.size, rendering.max_pixels)
        if factor < 1:
            image.draft(None, (math.ceil(image.width * factor), math.ceil(image.height * factor)))  # JPEG decodes at half, quarter, eighth
        image.load()
        dpi = _dpi(image)
        turn = _UPRIGHT.get(_orientation(image))
        page = _in_srgb(_reduced(_flat(image), rendering.max_pixels), image.info.get("icc_profile"))
    if turn is not None:
        page = page.transpose(turn)
    return page, dpi * max(page.size) / declared


def _flat(image: Image.Image) -> Image.Image:
    """The image as `L`, `RGB` or `CMYK`, 8 bits a channel, transparent parts on white; not copied where it is so already."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.mode in {"I", "F"}:  # their white is not defined
        low, high = (float(bound) for bound in image.getextrema())  # type: ignore[arg-type]
        factor = 255 / (high - low) if high > low else 0.0
        return image.point(lambda value: value * factor - low * factor).convert("L")
    if image.has_transparency_data:
        solid = image if image.mode == "RGBA" else image.convert("RGBA")
        paper = Image.new("RGB", solid.size, "white")
        paper.paste(solid, mask=solid.getchannel("A"))
        return paper
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _reduced(image: Image.Image, max_pixels: int) -> Image.Image:
    factor = reduction(*image.size, max_pixels)
    if factor == 1:
        return image
    size = (math.ceil(image.width * factor), math.ceil(image.height * factor))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "L":
        return image
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):  # an unusable profile: as if there were none
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
            if converted is not None:
                return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """Of TIFF and HEIC, Pillow and libheif have turned the image already and say 1."""
    with suppress(Exception):  # damaged EXIF: no reason to refuse the image
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    return 1


def _dpi(image: Image.Image) -> float:
    with suppress(TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        dpi = float(image.info["dpi"][0]) if "dpi" in image.info else 0.0
        if 1 < dpi < 100_000:
            return dpi
    return 0.0
