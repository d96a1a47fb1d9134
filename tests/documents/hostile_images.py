"""Image files that are made to harm whoever decodes them: headers that promise too much, chains that loop, formats within formats."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

import pillow_heif
from documents.pdf import PdfPage, pdf
from PIL import Image

pillow_heif.register_heif_opener()


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def small() -> Image.Image:
    return Image.effect_noise((48, 32), 60).convert("RGB")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, data: bytes) -> bytes:
    """One bit a pixel; `data` as it stands in the file."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def one_colour_png(width: int, height: int) -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(1 + -(-width // 8))
    return png(width, height, b"".join(packer.compress(row) for _ in range(height)) + packer.flush())


def png_of_more_data_than_pixels() -> bytes:
    """Eight by eight pixels, and half a gigabyte of data behind them."""
    packer = zlib.compressobj(9)
    return png(8, 8, b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush())


def huge_jpeg() -> bytes:
    content = bytearray(encoded(small(), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 65_535, 65_535)
    return bytes(content)


def jpeg_without_height() -> bytes:
    content = bytearray(encoded(small(), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 7] = b"\0\0"
    return bytes(content)


def huge_gif() -> bytes:
    content = bytearray(encoded(small(), "GIF"))
    content[6:10] = b"\xff\xff\xff\xff"
    return bytes(content)


def gif_of_no_frames() -> bytes:
    return b"GIF89a\x10\0\x10\0\x80\0\0" + b"\xff" * 6 + b";"


def gif_of_many_frames(count: int = 2000) -> bytes:
    frames = [Image.new("P", (16, 16), index % 7) for index in range(count)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def huge_webp() -> bytes:
    """An extended header with a canvas of four billion pixels."""
    canvas = (2**24 - 1).to_bytes(3, "little") + (255).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas + encoded(small(), "WEBP", lossless=True)[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def animated_webp() -> bytes:
    return encoded(small(), "WEBP", save_all=True, append_images=[Image.new("RGB", (48, 32), "red")] * 20, duration=10)


def huge_heic() -> bytes:
    """The property that tells the image's size says 60,000 by 60,000."""
    content = bytearray(encoded(small(), "HEIF"))
    at = content.index(b"ispe")
    while at >= 0:
        content[at + 8 : at + 16] = struct.pack(">II", 60_000, 60_000)
        at = content.find(b"ispe", at + 4)
    return bytes(content)


def heic_cut_off() -> bytes:
    content = encoded(small(), "HEIF")
    return content[: len(content) - 40]


def heic_of_boxes_in_boxes(depth: int = 5000) -> bytes:
    """Boxes nested so deep that the innermost lies thousands down."""
    content = encoded(small(), "HEIF")
    head = content[: int.from_bytes(content[:4], "big")]
    boxes = b""
    for _ in range(depth):
        boxes = struct.pack(">I", 8 + len(boxes) + 4) + b"meta" + b"\0\0\0\0" + boxes
    return head + boxes


def _tiff(directories: Iterable[tuple[dict[int, tuple[int, int]], int]]) -> bytes:
    """Directories one after the other, each of tags with (type, value), and where the next one lies."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    for tags, following in directories:
        out += struct.pack("<H", len(tags))
        out += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(tags.items()))
        out += struct.pack("<I", following)
    return bytes(out)


_SHORT, _LONG = 3, 4


def _page(width: int, height: int) -> dict[int, tuple[int, int]]:
    """One bit a pixel, uncompressed, one strip at the start of the file."""
    tags = {256: width, 257: height, 273: 0, 279: min((width + 7) // 8 * height, 2**32 - 1), 278: height}
    return {**{tag: (_LONG, value) for tag, value in tags.items()}, 258: (_SHORT, 1), 259: (_SHORT, 1), 262: (_SHORT, 1), 277: (_SHORT, 1)}


def huge_tiff() -> bytes:
    return _tiff([(_page(2**31 - 1, 2**31 - 1), 0)])


def looping_tiff() -> bytes:
    """Two directories, each the next of the other."""
    tags = _page(8, 2)
    length = 2 + 12 * len(tags) + 4
    return _tiff([(tags, 8 + length), (tags, 8)])


def tiff_of_many_pages(count: int = 30_000) -> bytes:
    tags = _page(8, 2)
    length = 2 + 12 * len(tags) + 4
    return _tiff((tags, 8 + length * (index + 1) if index + 1 < count else 0) for index in range(count))


def jpeg_and_zip() -> bytes:
    return encoded(small(), "JPEG") + b"PK\x05\x06" + bytes(18)


def pdf_behind_gif() -> bytes:
    """Opens as a GIF and, further down, as a PDF."""
    return encoded(small(), "GIF") + pdf([PdfPage()])


def script_in_gif() -> bytes:
    """A picture to a browser, a program to an interpreter: its first bytes are `GIF89a=1;`."""
    return b"GIF89a=1;alert(1)//" + bytes(40) + b";"


def png_in_pdf_header() -> bytes:
    """Begins as a PNG and holds the header of a PDF where readers look for it."""
    return b"\x89PNG\r\n\x1a\n" + pdf([PdfPage()])
