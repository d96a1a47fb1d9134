"""Documents to measure with, made on the spot."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

PAGE = (620, 877)
"""A4 at 75 dpi, in pixels."""


def one_page(number: int) -> bytes:
    """A PNG of one page with a line that no other has."""
    page = Image.new("L", PAGE, 255)
    ImageDraw.Draw(page).text((40, 40), f"document {number}", fill=0)
    file = BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def a4_pages(count: int) -> bytes:
    """A PDF whose pages each have a black bar near the top."""
    drawing = b"0 g 60 760 400 20 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (count, b" ".join(b"%d 0 R" % (4 + index) for index in range(count))),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R /Resources << >> >>"] * count,
    ]
    body, starts = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        table,
        size,
        len(body),
    )
