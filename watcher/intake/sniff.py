"""What a file truly is, by its content; its name is never asked. Runs in the parsing child."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import puremagic

from watcher.domain.errors import DocumentError, ErrorCode


@dataclass(frozen=True)
class FileType:
    """A type that can be read. `extension` is the canonical one, with the dot."""

    media_type: str
    extension: str


PDF = FileType("application/pdf", ".pdf")
PNG = FileType("image/png", ".png")
JPEG = FileType("image/jpeg", ".jpg")
TIFF = FileType("image/tiff", ".tiff")
BMP = FileType("image/bmp", ".bmp")
WEBP = FileType("image/webp", ".webp")
GIF = FileType("image/gif", ".gif")
HEIC = FileType("image/heic", ".heic")

_HEAD_BYTES = 4096
_PDF_HEADER_WITHIN = 1024  # readers accept junk before the header up to here (ISO 32000-1, annex H, note 13)
_TRUSTED_MAGIC_BYTES = 4  # signatures with fewer, or of zeros, match by chance

_IMAGES: tuple[tuple[bytes, FileType], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),  # BigTIFF, as the next
    (b"MM\0+", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
)
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_HEIF_BRANDS = frozenset({b"mif1", b"msf1"})

# Containers come before PDF: an archive that stores a PDF uncompressed has its header within the first 1,024 bytes, too.
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_REFUSED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x1f\x8b\x08", "a gzip archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
)
_ZIP_MEMBERS: tuple[tuple[str, str], ...] = (
    ("word/", "a Word document"),
    ("xl/", "an Excel workbook"),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an EPUB book"),
    ("content.xml", "an OpenDocument file"),
)


def sniff(path: Path) -> FileType:
    """Raises `DocumentError` with `EMPTY_FILE`, or with `UNSUPPORTED_TYPE` and what it is in words that hold nothing of the file."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise DocumentError(ErrorCode.EMPTY_FILE)
    known = _image_type(head)
    if known is not None:
        return known
    refused = _container_words(path, head)
    if refused is None and b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return PDF
    raise DocumentError(ErrorCode.UNSUPPORTED_TYPE, found=refused or _words(path, head))


def _image_type(head: bytes) -> FileType | None:
    for magic, file_type in _IMAGES:
        if head.startswith(magic):
            return file_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return BMP
    brands = _brands(head)
    if brands & _HEVC_BRANDS or (brands & _ANY_HEIF_BRANDS and not brands & _AVIF_BRANDS):
        return HEIC
    return None


def _brands(head: bytes) -> frozenset[bytes]:
    """Major and compatible brands of an ISO base media file (ISO/IEC 14496-12, 4.3); empty for other files."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return frozenset({head[8:12], *(head[start : start + 4] for start in range(16, end, 4))})


def _container_words(path: Path, head: bytes) -> str | None:
    for offset, magic, words in _REFUSED:
        if head[offset : offset + len(magic)] == magic:
            return words
    if head.startswith(_ZIP_MAGIC):
        return _zip_words(path)
    if head[4:8] == b"ftyp":
        return "an AVIF image" if _brands(head) & _AVIF_BRANDS else "a video or sound file"
    return None


def _zip_words(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        return "a ZIP archive"
    for member, words in _ZIP_MEMBERS:
        if any(name.startswith(member) for name in names):
            return words
    return "a ZIP archive"


def _words(path: Path, head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if _is_text(head):
        return "a text file"
    try:
        with path.open("rb") as file:
            matches = puremagic.magic_stream(file)
    except puremagic.PureError:
        return "of an unknown type"
    names = [match.name for match in matches if match.name and len(match.byte_match.strip(b"\0")) >= _TRUSTED_MAGIC_BYTES]
    return f'a file of the type "{names[0]}"' if names else "of an unknown type"


def _is_text(head: bytes) -> bool:
    """Text in UTF-8 or any single-byte encoding has no control characters but white space; UTF-16 has a mark."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or not any(byte < 32 and byte not in b"\t\n\f\r" for byte in head)
