"""Names of the files of a result, relative to the folder of its version; `INDEX_HTML` and `LATEST` to the document's folder.

Names hold ASCII letters, digits and `_ - . /` only: object stores and consoles disagree about everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from watcher.domain.page import Box

DOCUMENT_MD = "document.md"
DOCUMENT_JSON = "document.json"
STRUCTURE = "structure.json"
PREVIEW_HTML = "preview.html"
MANIFEST = "manifest.json"
ERROR_JSON = "error.json"
INDEX_HTML = "index.html"
LATEST = "latest.json"

_LABEL_LENGTH = 40
_FOLDERS = ("pages", "images")
_NAME = re.compile(rf"(?:(?:{'|'.join(_FOLDERS)})/)?(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{{0,199}})")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])", re.IGNORECASE)
_PAGE_JSON = re.compile(r"pages/(\d{4})\.json")
_TYPES = {
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
}


def page_json(number: int) -> str:
    return f"pages/{number:04d}.json"


def page_picture(number: int) -> str:
    return f"pages/{number:04d}.jpg"


def checkpoints(names: Iterable[str]) -> list[int]:
    """The pages whose JSON is among `names`, in order."""
    return sorted(int(match[1]) for match in map(_PAGE_JSON.fullmatch, names) if match)


def figure(number: int, label: str, box: Box) -> str:
    """Named by page as well as by box: the same box on two pages is two figures."""
    return f"images/p{number:04d}_{plain_label(label)}_{'_'.join(map(str, box))}.jpg"


def source_name(extension: str) -> str:
    """`source.<ext>` of the original; `extension` as the person wrote it, with or without its dot. `source` where it is no plain one."""
    plain = extension.lower().removeprefix(".")
    return f"source.{plain}" if re.fullmatch(r"[a-z0-9]{1,16}", plain) else "source"


def is_source(name: str) -> bool:
    """Whether it is what `source_name` gives."""
    return re.fullmatch(r"source(\.[a-z0-9]{1,16})?", name) is not None


def is_result_name(name: str) -> bool:
    """Whether a file of a result could have this name, and every system's disk can hold it: Windows takes `con` and `aux.md` for devices."""
    match = _NAME.fullmatch(name)
    if match is None or name in _FOLDERS:
        return False
    file = match["file"]
    return not file.endswith(".") and not is_device(file)


def is_device(file: str) -> bool:
    """Whether Windows takes a file's name for a device."""
    return _DEVICE.fullmatch(file.partition(".")[0].rstrip(" ")) is not None


def plain_label(label: str) -> str:
    """`label` reduced to `[a-z0-9_]`, at most 40 characters; `figure` where nothing remains."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower())[:_LABEL_LENGTH].strip("_") or "figure"


def content_type(name: str) -> str:
    """The media type to store a file with. Only HTML of ours is HTML: the original of a document never runs in the bucket's origin."""
    path = PurePosixPath(name)
    if path.name in (PREVIEW_HTML, INDEX_HTML):
        return "text/html; charset=utf-8"
    return _TYPES.get(path.suffix.lower(), "application/octet-stream")
