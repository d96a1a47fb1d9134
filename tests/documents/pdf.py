"""A writer of minimal PDF files, the same bytes each time: pages of plain drawing operators, a form field, a password."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

BLACK_SQUARE = b"0 g 10 10 30 30 re f"
"""Fills the square from (10, 10) to (40, 40), in points from the lower left corner."""

_PASSWORD_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")  # ISO 32000-1, 7.6.3.3
_FILE_ID = b"0123456789abcdef"


@dataclass(frozen=True)
class PdfPage:
    """Sizes in points; `content` are drawing operators; `rotate` is the /Rotate entry, degrees clockwise."""

    content: bytes = BLACK_SQUARE
    width: float = 200
    height: float = 100
    rotate: int = 0


def pdf(pages: Sequence[PdfPage], *, field: bytes | None = None, password: str | None = None, broken_pages: Sequence[int] = ()) -> bytes:
    """A PDF. `field`: what a form field of the first page looks like, 50 x 50 points at (100, 0). `broken_pages`, from 1, cannot be loaded.

    `password`, which may be empty: the file is encrypted (RC4, 40 bits) and opens with this user password.
    """
    objects: dict[int, bytes] = {}
    encryption = None if password is None else _Encryption(password)

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
    trailer = b"/Root 1 0 R /ID [<%s> <%s>]" % (_FILE_ID.hex().encode(), _FILE_ID.hex().encode())
    if encryption is not None:
        objects[5] = encryption.dictionary
        trailer += b" /Encrypt 5 0 R"
    return _file(objects, trailer)


def _file(objects: dict[int, bytes], trailer: bytes) -> bytes:
    out = b"%PDF-1.4\n"
    offsets: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = max(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % offsets[n] if n in offsets else b"0000000000 65535 f \n" for n in range(size))
    return out + b"xref\n0 %d\n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, table, size, trailer, len(out))


class _Encryption:
    """The standard security handler, revision 2 (ISO 32000-1, 7.6.3)."""

    def __init__(self, user_password: str) -> None:
        user = _padded(user_password)
        owner_entry = _rc4(hashlib.md5(_padded("owner")).digest()[:5], user)
        permissions = (-4).to_bytes(4, "little", signed=True)
        self._key = hashlib.md5(user + owner_entry + permissions + _FILE_ID).digest()[:5]
        user_entry = _rc4(self._key, _PASSWORD_PADDING)
        self.dictionary = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (
            owner_entry.hex().encode(),
            user_entry.hex().encode(),
        )

    def encrypted(self, number: int, body: bytes) -> bytes:
        key = hashlib.md5(self._key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
        return _rc4(key, body)


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PASSWORD_PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
