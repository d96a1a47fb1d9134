"""A writer of minimal PDF files, the same bytes each time: pages of plain drawing operators, a form field, a password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from documents.encryption import CIPHERS, FILE_ID, Cipher

BLACK_SQUARE = b"0 g 10 10 30 30 re f"
"""Fills the square from (10, 10) to (40, 40), in points from the lower left corner."""


@dataclass(frozen=True)
class PdfPage:
    """Sizes in points; `content` are drawing operators; `rotate` is the /Rotate entry, degrees clockwise."""

    content: bytes = BLACK_SQUARE
    width: float = 200
    height: float = 100
    rotate: int = 0


def pdf(
    pages: Sequence[PdfPage],
    *,
    field: bytes | None = None,
    password: str | None = None,
    cipher: str = "RC4-40",
    broken_pages: Sequence[int] = (),
) -> bytes:
    """A PDF. `field`: what a form field of the first page looks like, 50 x 50 points at (100, 0). `broken_pages`, from 1, cannot be loaded.

    `password`, which may be empty: the file is encrypted by a `cipher` of `CIPHERS` and opens with this user password.
    """
    objects: dict[int, bytes] = {}
    encryption: Cipher | None = None if password is None else CIPHERS[cipher](password)

    def stream(number: int, body: bytes, entries: bytes = b"") -> None:
        if encryption is not None:
            body = encryption.encrypted(number, body)
        objects[number] = b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(body), body)

    numbers = [10 + 2 * index for index in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    form = b" /AcroForm << /Fields [3 0 R] >>" if field is not None else b""
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % form
    objects[2] = b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (len(pages), kids)
    for index, (number, page) in enumerate(zip(numbers, pages, strict=True)):
        stream(number + 1, page.content)
        annotations = b" /Annots [3 0 R]" if field is not None and index == 0 else b""
        objects[number] = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %f %f] /Rotate %d /Contents %d 0 R /Resources << >>%s >>" % (
            page.width,
            page.height,
            page.rotate,
            number + 1,
            annotations,
        )
        if index + 1 in broken_pages:
            objects[number] = b"[ (this is no page) ]"
    if field is not None:
        objects[3] = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f) /V (v) /F 4 /Rect [100 0 150 50] /P 10 0 R /AP << /N 4 0 R >> >>"
        stream(4, field, b"/Type /XObject /Subtype /Form /BBox [0 0 50 50] /Resources << >>")
    trailer = b"/Root 1 0 R /ID [<%s> <%s>]" % (FILE_ID.hex().encode(), FILE_ID.hex().encode())
    if encryption is not None:
        objects[5] = encryption.dictionary
        trailer += b" /Encrypt 5 0 R"
    return pdf_file(objects, trailer)


def pdf_file(objects: dict[int, bytes], trailer: bytes) -> bytes:
    """Objects by their number, of generation 0, with a cross-reference table."""
    out = bytearray(b"%PDF-1.4\n")
    offsets: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = max(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % offsets[n] if n in offsets else b"0000000000 65535 f \n" for n in range(size))
    return bytes(out) + b"xref\n0 %d\n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, table, size, trailer, len(out))
