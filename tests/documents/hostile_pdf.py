"""PDF files that are made to harm whoever opens or draws them. None is anybody else's file: each is written here."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from documents.pdf import PdfPage, pdf, pdf_file

MIB = 2**20
_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_ROOT = b"/Root 1 0 R"


def stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(body), body)


def one_page(
    content: bytes, *, resources: bytes = b"", media_box: bytes = b"[0 0 200 100]", page: bytes = b"", others: Mapping[int, bytes] = {}
) -> bytes:
    """A page whose parts are given as they stand in the file; `content` is the object, `others` are objects from number 10 on."""
    objects = {
        1: _CATALOG,
        2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R /Resources << %s >> %s >>" % (media_box, resources, page),
        4: content,
        **others,
    }
    return pdf_file(objects, _ROOT)


def million_pages() -> bytes:
    """The root of its pages claims a million of them, and has one."""
    return pdf([PdfPage()]).replace(b"/Count 1 ", b"/Count 1000000 ")


def more_pages_than_it_has() -> bytes:
    return pdf([PdfPage()]).replace(b"/Count 1 ", b"/Count 40 ")


def negative_pages() -> bytes:
    return pdf([PdfPage()]).replace(b"/Count 1 ", b"/Count -5 ")


def looping_pages() -> bytes:
    """A node of the page tree is its own child."""
    return pdf_file({1: _CATALOG, 2: b"<< /Type /Pages /Count 3 /Kids [2 0 R 2 0 R 2 0 R] /Parent 2 0 R >>"}, _ROOT)


def deep_pages(depth: int = 100_000) -> bytes:
    """The only page lies this deep in the page tree."""
    objects = {
        number: b"<< /Type /Pages /Count 1 /Kids [%d 0 R] /Parent %d 0 R >>" % (number + 1, number - 1) for number in range(2, depth)
    }
    objects[1] = _CATALOG
    objects[depth] = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 200 100] >>" % (depth - 1)
    return pdf_file(objects, _ROOT)


def deep_arrays(depth: int = 200_000) -> bytes:
    """Arrays within arrays, where the page's content is expected."""
    return one_page(b"[" * depth + b"]" * depth)


def previous_table_is_itself() -> bytes:
    """The cross-reference table names itself as the one before it."""
    content = pdf([PdfPage()])
    start = content.rindex(b"xref\n0 ")
    return content.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def object_stream_of_itself() -> bytes:
    """An object stream that extends itself, and whose objects lie in it."""
    inner = b"5 0 6 10 " + b"<< /A 5 0 R >> " * 4
    return one_page(b"5 0 R", others={10: stream(inner, b"/Type /ObjStm /N 2 /First 9 /Extends 10 0 R"), 5: b"10 0 R"})


def length_of_itself() -> bytes:
    """The length of a stream is a reference to that stream."""
    return one_page(b"<< /Length 4 0 R >>\nstream\n0 g 0 0 9 9 re f\nendstream")


def flate_bomb(size: int = 1024 * MIB) -> bytes:
    """A megabyte that inflates to `size` bytes of drawing operators."""
    packer = zlib.compressobj(9)
    unit = b"q Q " * (MIB // 4)
    body = b"".join(packer.compress(unit) for _ in range(size // MIB)) + packer.flush()
    return one_page(stream(body, b"/Filter /FlateDecode"))


def twice_packed_bomb(size: int = 1024 * MIB) -> bytes:
    """Few bytes that inflate to a bomb that inflates to `size` bytes of space."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b" " * MIB) for _ in range(size // MIB)) + packer.flush()
    return one_page(stream(zlib.compress(body, 9), b"/Filter [/FlateDecode /FlateDecode]"))


def many_filters(count: int = 50_000) -> bytes:
    """A stream with a long chain of filters."""
    return one_page(stream(b"30>" * 10, b"/Filter [%s]" % (b"/AHx " * count)))


def huge_image_of_one_colour(side: int = 60_000) -> bytes:
    """An image of `side` by `side` pixels in a few kilobytes."""
    packer = zlib.compressobj(9)
    row = bytes(-(-side // 8))
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /FlateDecode"
    return one_page(
        stream(b"200 0 0 100 0 0 cm /I Do"), resources=b"/XObject << /I 10 0 R >>", others={10: stream(body, entries % (side, side))}
    )


def image_with_no_data(side: int = 100_000) -> bytes:
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceRGB" % (side, side)
    return one_page(stream(b"200 0 0 100 0 0 cm /I Do"), resources=b"/XObject << /I 10 0 R >>", others={10: stream(b"x", entries)})


def form_that_draws_itself() -> bytes:
    form = stream(b"0 g 0 0 9 9 re f /F Do", b"/Type /XObject /Subtype /Form /BBox [0 0 200 100] /Resources << /XObject << /F 10 0 R >> >>")
    return one_page(stream(b"/F Do"), resources=b"/XObject << /F 10 0 R >>", others={10: form})


def forms_that_multiply(levels: int = 12, times: int = 10) -> bytes:
    """Each form draws the next one ten times: 10 ** 12 squares."""
    others = {}
    for level in range(levels):
        entries = b"/Type /XObject /Subtype /Form /BBox [0 0 200 100] /Resources << /XObject << /F %d 0 R >> >>" % (11 + level)
        others[10 + level] = stream(b"/F Do " * times, entries)
    others[10 + levels] = stream(b"0 g 0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 200 100]")
    return one_page(stream(b"/F Do"), resources=b"/XObject << /F 10 0 R >>", others=others)


def glyph_that_draws_itself() -> bytes:
    """A Type 3 font whose letter is set in that font."""
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 97 /LastChar 97 /Widths [1000]"
        b" /Encoding << /Type /Encoding /Differences [97 /a] >> /CharProcs << /a 11 0 R >> /Resources << /Font << /T 10 0 R >> >> >>"
    )
    glyph = stream(b"1000 0 d0 BT /T 1000 Tf (aaaaaaaaaa) Tj ET")
    return one_page(stream(b"BT /T 20 Tf (aaaaaaaaaa) Tj ET"), resources=b"/Font << /T 10 0 R >>", others={10: font, 11: glyph})


def tiny_tiles() -> bytes:
    """A pattern of tiles a millionth of a point apart fills the page."""
    tile = stream(
        b"0 g 0 0 1 1 re f",
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.000001 /YStep 0.000001 /Resources << >>",
    )
    return one_page(stream(b"/Pattern cs /P scn 0 0 200 100 re f"), resources=b"/Pattern << /P 10 0 R >>", others={10: tile})


def many_strokes(count: int = 3_000_000) -> bytes:
    """Dashed curves over the whole page, with dashes too short to see."""
    line = b"0 0 m 200 100 0 100 200 0 c "
    return one_page(stream(zlib.compress(b"[0.001] 0 d 0.1 w " + line * count + b"S", 1), b"/Filter /FlateDecode"))


def huge_font(size: int = 64 * MIB) -> bytes:
    """An embedded font of zeros."""
    font = b"<< /Type /Font /Subtype /TrueType /BaseFont /A /FirstChar 97 /LastChar 97 /Widths [500] /FontDescriptor 11 0 R >>"
    descriptor = b"<< /Type /FontDescriptor /FontName /A /Flags 4 /FontBBox [0 0 1 1] /FontFile2 12 0 R >>"
    body = zlib.compress(b"\0\1\0\0\xff\xff" + bytes(size))
    return one_page(
        stream(b"BT /T 20 Tf (a) Tj ET"),
        resources=b"/Font << /T 10 0 R >>",
        others={10: font, 11: descriptor, 12: stream(body, b"/Filter /FlateDecode")},
    )


def with_media_box(box: bytes, entries: bytes = b"") -> bytes:
    return one_page(stream(b"0 g 10 10 30 30 re f"), media_box=box, page=entries)


MEDIA_BOXES = {
    "negative": b"[200 100 -200 -100]",
    "turned": b"[200 100 0 0]",
    "empty": b"[0 0 0 0]",
    "flat": b"[0 0 200 0]",
    "nan": b"[0 0 nan inf]",
    "no-numbers": b"[(a) /b null]",
    "no-array": b"7",
    "vast": b"[0 0 1000000000 1000000000]",
    "beyond-floats": b"[0 0 %s 1]" % (b"9" * 400),
    "far-away": b"[1000000000 1000000000 1000000200 1000000100]",
    "thin": b"[0 0 0.0000001 100000]",
}


def user_unit(unit: bytes) -> bytes:
    return with_media_box(b"[0 0 200 100]", b"/UserUnit " + unit)
