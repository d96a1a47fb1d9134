"""The true type of a file, by its content alone."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from documents.pdf import PdfPage, pdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.sniff import BMP, GIF, HEIC, JPEG, PDF, PNG, TIFF, WEBP, FileType, sniff

pillow_heif.register_heif_opener()
SECRET = b"Account 40817810099910004312"


def encoded(image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "white").save(out, image_format, **options)
    return out.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def tarred(name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def refusal(path: Path) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        sniff(path)
    return caught.value


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda: pdf([PdfPage()]), PDF, id="pdf"),
        pytest.param(lambda: b"\x1b%-12345X@PJL JOB\r\n" + b" " * 900 + pdf([PdfPage()]), PDF, id="pdf-after-printer-commands"),
        pytest.param(lambda: encoded("PNG"), PNG, id="png"),
        pytest.param(lambda: encoded("JPEG"), JPEG, id="jpeg"),
        pytest.param(lambda: encoded("TIFF"), TIFF, id="tiff"),
        pytest.param(lambda: encoded("TIFF", big_tiff=True), TIFF, id="bigtiff"),
        pytest.param(lambda: b"MM\0*" + encoded("TIFF")[4:], TIFF, id="tiff-big-endian"),
        pytest.param(lambda: encoded("BMP"), BMP, id="bmp"),
        pytest.param(lambda: encoded("WEBP"), WEBP, id="webp"),
        pytest.param(lambda: encoded("GIF"), GIF, id="gif"),
        pytest.param(lambda: encoded("HEIF"), HEIC, id="heic"),
    ],
)
def test_a_type_that_can_be_read_is_found_whatever_the_name(tmp_path: Path, make: Callable[[], bytes], expected: FileType) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(make())
    assert sniff(path) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(zipped({"a.txt": SECRET}), "a ZIP archive", id="zip"),
        pytest.param(zipped({"scan.pdf": b"%PDF-1.4 " + SECRET}, zipfile.ZIP_STORED), "a ZIP archive", id="zip-that-stores-a-pdf"),
        pytest.param(zipped({"word/document.xml": SECRET}), "a Word document", id="docx"),
        pytest.param(zipped({"xl/workbook.xml": SECRET}), "an Excel workbook", id="xlsx"),
        pytest.param(zipped({"mimetype": b"", "content.xml": SECRET}), "an OpenDocument file", id="odt"),
        pytest.param(b"PK\x03\x04" + SECRET, "a ZIP archive", id="zip-cut-off"),
        pytest.param(tarred("scan.pdf", b"%PDF-1.4 " + SECRET), "a tar archive", id="tar-that-holds-a-pdf"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + SECRET, "an old Microsoft Office document", id="doc"),
        pytest.param(b"{\\rtf1 " + SECRET, "an RTF document", id="rtf"),
        pytest.param(b"AT&TFORM\0\0\0\0DJVU" + SECRET, "a DjVu document", id="djvu"),
        pytest.param(b"\n <!DOCTYPE HTML><p>" + SECRET, "an HTML page", id="html"),
        pytest.param(SECRET, "a text file", id="text"),
        pytest.param("Счёт № 1".encode("cp1251"), "a text file", id="text-in-cp1251"),
        pytest.param("Счёт № 1".encode("utf-16"), "a text file", id="text-in-utf-16"),
        pytest.param(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "an AVIF image", id="avif"),
        pytest.param(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video or sound file", id="mp4"),
        pytest.param(b"\x7fELF\x02\x01\x01\0" + SECRET, 'a file of the type "ELF executable"', id="named-by-puremagic"),
        pytest.param(b"\x93NUMPY\x01\0" + SECRET, "of an unknown type", id="unknown"),
        pytest.param(b"BM\0" + SECRET, "of an unknown type", id="two-letters-are-no-bitmap"),
        pytest.param(b"\0" * 1024 + b"%PDF-1.4", "of an unknown type", id="pdf-header-too-late"),
        pytest.param(b"\0", "of an unknown type", id="one-byte"),
    ],
)
def test_other_types_are_named_in_words_that_hold_nothing_of_the_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)
    error = refusal(path)
    assert (error.code, error.details) == (ErrorCode.UNSUPPORTED_TYPE, {"found": words})
    assert error.message.startswith(f"The content is {words}, ")
    assert not error.transient


def test_a_file_of_0_bytes_is_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.touch()
    assert refusal(path).code is ErrorCode.EMPTY_FILE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"", b"BM", b"PK\x03\x04", b"\0\0\0\x18ftyp", b"RIFF", b"%PDF-"]), st.binary(max_size=600))
def test_whatever_the_bytes_there_is_a_type_or_a_code(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(start + rest)
    try:
        outcome: object = sniff(path)
    except DocumentError as error:
        outcome = error.code
    assert isinstance(outcome, FileType) or outcome in {ErrorCode.EMPTY_FILE, ErrorCode.UNSUPPORTED_TYPE}
