"""The stable error codes of documents that could not be read, with the sentence that tells a person what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from watcher.domain.plural import Counted


class ErrorCode(str, Enum):
    """Codes never change their meaning: people's scripts compare them."""

    EMPTY_FILE = "empty_file"
    UNSUPPORTED_TYPE = "unsupported_type"
    FILE_TOO_LARGE = "file_too_large"
    CORRUPT_PDF = "corrupt_pdf"
    CORRUPT_IMAGE = "corrupt_image"
    ENCRYPTED_PDF = "encrypted_pdf"
    NO_PAGES = "no_pages"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_PIXELS = "too_many_pixels"
    PAGE_UNREADABLE = "page_unreadable"
    PARSER_CRASHED = "parser_crashed"
    PARSER_TIMEOUT = "parser_timeout"
    PARSER_MEMORY = "parser_memory"
    ENGINE_CRASHED = "engine_crashed"
    ENGINE_TIMEOUT = "engine_timeout"
    ENGINE_ERROR = "engine_error"
    ENGINE_MEMORY = "engine_memory"
    WORKER_LOST = "worker_lost"
    UNSTORABLE_NAME = "unstorable_name"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class ErrorInfo:
    """`message` is a format string over the details that `DocumentError` carries, numbers as `Counted`; `transient` errors are tried again."""

    message: str
    transient: bool = False


CATALOG: dict[ErrorCode, ErrorInfo] = {
    ErrorCode.EMPTY_FILE: ErrorInfo("The file is empty (0 bytes). Upload it again; the upload was probably broken off."),
    ErrorCode.UNSUPPORTED_TYPE: ErrorInfo(
        "The content is {found}, which cannot be read. Convert it to PDF, PNG, JPEG, TIFF, BMP, WebP, GIF or HEIC and drop it again."
    ),
    ErrorCode.FILE_TOO_LARGE: ErrorInfo(
        "The file has {found} bytes, more than the {limit} that {setting} allows. Split it, or raise that (for watch.scratch: name a folder on a"
        " larger disk) and drop it again."
    ),
    ErrorCode.CORRUPT_PDF: ErrorInfo(
        "The PDF is damaged and cannot be opened. Open it in a viewer, save or print it as a new PDF, and drop that one."
    ),
    ErrorCode.CORRUPT_IMAGE: ErrorInfo(
        "The image is damaged or cut off and cannot be decoded. Export or scan it again, and drop the new file."
    ),
    ErrorCode.ENCRYPTED_PDF: ErrorInfo("The PDF asks for a password. Save a copy without a password and drop that one."),
    ErrorCode.NO_PAGES: ErrorInfo("The document has no pages. Check that the right file was exported, and drop it again."),
    ErrorCode.TOO_MANY_PAGES: ErrorInfo(
        "The document has {found} pages, more than the {limit} allowed. Split it, or raise limits.pages and drop it again."
    ),
    ErrorCode.TOO_MANY_PIXELS: ErrorInfo(
        "An image of {found} pixels is larger than the {limit} allowed. Reduce its resolution, or raise limits.image_pixels and drop it again."
    ),
    ErrorCode.PAGE_UNREADABLE: ErrorInfo(
        "{found:Page {page}|#} of {total}{found:| pages} cannot be read{found:|, the first is page {page}}. Save or print the document as a new PDF and drop that one."
    ),
    ErrorCode.PARSER_CRASHED: ErrorInfo(
        "The file crashes the program that opens it, each time it was tried: it is damaged, or takes more memory than limits.parse_memory_bytes allows. Save it in another way, for instance printed as PDF, and drop that one.",
        transient=True,
    ),
    ErrorCode.PARSER_TIMEOUT: ErrorInfo(
        "Opening the file or drawing a page took longer than {limit} s. Simplify or split it, or raise limits.parse_seconds and drop it again.",
        transient=True,
    ),
    ErrorCode.PARSER_MEMORY: ErrorInfo(
        "Opening the file or drawing a page takes more memory than the {limit} bytes allowed. Reduce its resolution or split it, or raise limits.parse_memory_bytes and drop it again.",
        transient=True,
    ),
    ErrorCode.ENGINE_CRASHED: ErrorInfo(
        "Page {page} crashes the recognition engine, each time it was tried. Scan that page again or remove it, and drop the document again.",
        transient=True,
    ),
    ErrorCode.ENGINE_TIMEOUT: ErrorInfo(
        "Page {page} took the recognition engine longer than {limit} s. Reduce its resolution, or raise ocr.page_seconds and drop it again.",
        transient=True,
    ),
    ErrorCode.ENGINE_ERROR: ErrorInfo(
        "The recognition engine refuses page {page}. See the daemon's log for this document, and drop it again once it is mended.",
        transient=True,
    ),
    ErrorCode.ENGINE_MEMORY: ErrorInfo(
        "Page {page} needs more memory than the device of the recognition engine has. Lower render.dpi or render.max_pixels, use a larger GPU (ocr.devices) or a model server elsewhere (ocr.server.url), and drop the document again.",
        transient=True,
    ),
    ErrorCode.WORKER_LOST: ErrorInfo(
        "{found:The only attempt|Every one of the # attempts} ended with the daemon dying or losing its claim. Look at the daemon's log and memory before dropping it again.",
    ),
    ErrorCode.UNSTORABLE_NAME: ErrorInfo(
        "The store cannot hold results under the document's name. Drop it again under a shorter name, or one that is not also a folder's."
    ),
    ErrorCode.INTERNAL_ERROR: ErrorInfo(
        "The daemon made an error of its own ({found}). Report it with the daemon's log, and drop the document again after an update.",
        transient=True,
    ),
}


class DocumentError(Exception):
    """A document, or one page of it, cannot be read. `details` fill the catalog's sentence and hold no document text."""

    def __init__(self, code: ErrorCode, page: int | None = None, **details: str | int | float) -> None:
        super().__init__(code.value)
        self.code = code
        self.page = page
        self.details = details

    @property
    def transient(self) -> bool:
        return CATALOG[self.code].transient

    @property
    def message(self) -> str:
        return CATALOG[self.code].message.format(**self.told)

    @property
    def told(self) -> dict[str, str | int | None]:
        """The details as sentences say them: not "60.0 s", not "1 pages"."""
        return {"page": self.page, **{name: _plain(value) for name, value in self.details.items()}}

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.code, self.page, self.details)


def _plain(value: str | int | float) -> str | int:
    if isinstance(value, float):
        return f"{value:g}"
    return Counted(value) if isinstance(value, int) else value


def _rebuild(code: ErrorCode, page: int | None, details: dict[str, str | int | float]) -> DocumentError:
    return DocumentError(code, page, **details)
