"""Images to read: one whose orientation can be told, files made of it, and a header that promises too much."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pillow_heif
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter, ImageFileDirectory_v2

pillow_heif.register_heif_opener()

PNG, JPEG, TIFF, BMP, WEBP, GIF, HEIC = (f"image/{name}" for name in ("png", "jpeg", "tiff", "bmp", "webp", "gif", "heic"))
FORMATS = [(PNG, "PNG"), (JPEG, "JPEG"), (TIFF, "TIFF"), (BMP, "BMP"), (WEBP, "WEBP"), (GIF, "GIF"), (HEIC, "HEIF")]
"""Media types with Pillow's names."""


def upright() -> Image.Image:
    """96 x 64, white; red in the upper left quarter, blue in the lower right one."""
    image = Image.new("RGB", (96, 64), "white")
    image.paste("red", (0, 0, 48, 32))
    image.paste("blue", (48, 32, 96, 64))
    return image


def stored(tmp_path: Path, image: Image.Image, image_format: str, **options: object) -> Path:
    """The image as a file without an extension."""
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


def declared_bmp(width: int, height: int) -> bytes:
    """A bitmap whose header declares this size, with next to nothing behind it."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(header), 0, 0, 14 + len(header)) + header + b"\0" * 64
