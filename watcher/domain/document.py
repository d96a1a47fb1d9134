"""One version of one dropped document, and where everything of it stands in the bucket."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

MAX_KEY_BYTES = 1024
LONGEST_SUFFIX_BYTES = 128  # `/<v>/images/p0001_<label>_x1_y1_x2_y2.jpg` and every other name that we put behind a document's path
MAX_PART_BYTES = 255  # of one part of a path, since results also stand in folders of a disk


def version_of(etag: str, size: int) -> str:
    """12 hex digits of SHA-256 over ETag and size; every replica computes the same."""
    return hashlib.sha256(f"{etag}\n{size}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Document:
    """A version of a document: what was dropped, as a listing told it. `path` names it under each of our prefixes."""

    key: str
    etag: str
    size: int
    modified: datetime
    path: str
    version: str


@dataclass(frozen=True)
class Layout:
    """The prefixes of the bucket, each ending in a slash."""

    incoming: str = "incoming/"
    claims: str = "claims/"
    processed: str = "processed/"
    failed: str = "failed/"

    def document(self, key: str, etag: str, size: int, modified: datetime) -> Document:
        return Document(key, etag, size, modified, self._path(key), version_of(etag, size))

    def claim_log(self, document: Document) -> str:
        return f"{self.claims}{document.path}/{document.version}/"

    def folder(self, document: Document) -> str:
        return f"{self.processed}{document.path}/"

    def result(self, document: Document) -> str:
        return f"{self.processed}{document.path}/{document.version}/"

    def failure(self, document: Document) -> str:
        return f"{self.failed}{document.path}/{document.version}/"

    def _path(self, key: str) -> str:
        relative = key.removeprefix(self.incoming)
        longest_prefix = max(len(prefix.encode()) for prefix in (self.claims, self.processed, self.failed))
        fits = longest_prefix + len(relative.encode()) + LONGEST_SUFFIX_BYTES <= MAX_KEY_BYTES
        first, *others = relative.split("/")
        if fits and _is_plain(first) and all(_is_plain(part) and not _is_ours(part) for part in others):
            return relative
        return "~" + hashlib.sha256(relative.encode()).hexdigest()


def _is_ours(part: str) -> bool:
    """Whether a part below another could be what stands in that other document's folder: a version, or the pointers to the newest."""
    return re.fullmatch(r"[0-9a-f]{12}", part) is not None or part in ("index.html", "latest.json")


def _is_plain(part: str) -> bool:
    """Whether a part of a path may stand as it is in a bucket and on a disk: no traversal, nothing that a terminal or a reader would act on."""
    return (
        part not in ("", ".", "..")
        and len(part.encode()) <= MAX_PART_BYTES
        and not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in part)
        and "\\" not in part
    )
