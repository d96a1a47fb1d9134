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
RESULT_FOLDER = re.compile(r"(?P<version>[0-9a-f]{12})(?:-(?P<generation>[1-9][0-9]*))?")
"""What `result_folder` gives."""

_HASHED = re.compile(r"~[0-9a-f]{64}")


def version_of(etag: str, size: int) -> str:
    """12 hex digits of SHA-256 over ETag and size; every replica computes the same."""
    return hashlib.sha256(f"{etag}\n{size}".encode()).hexdigest()[:12]


def result_folder(version: str, generation: int) -> str:
    """The name of the folder of a reading. Results are never overwritten, so a document that is read anew gets another one."""
    return version if generation == 1 else f"{version}-{generation}"


def split_result_folder(name: str) -> tuple[str, int]:
    """Version and generation of what `result_folder` gave. Raises `ValueError` for anything else."""
    match = RESULT_FOLDER.fullmatch(name)
    if match is None:
        raise ValueError(f"not the folder of a result: {name!r}")
    return match["version"], int(match["generation"] or 1)


@dataclass(frozen=True)
class Document:
    """A version of a document: what was dropped, as a listing told it. `path` names it under each of our prefixes.

    `generation` counts its readings; more than one where a person asked for another. They share one claim log and one place in `failed/`.
    """

    key: str
    etag: str
    size: int
    modified: datetime
    path: str
    version: str
    generation: int = 1


@dataclass(frozen=True)
class Layout:
    """The prefixes of the bucket, each ending in a slash."""

    incoming: str = "incoming/"
    claims: str = "claims/"
    processed: str = "processed/"
    failed: str = "failed/"

    def document(self, key: str, etag: str, size: int, modified: datetime) -> Document:
        return Document(key, etag, size, modified, self.path(key), version_of(etag, size))

    def claim_log(self, document: Document) -> str:
        return f"{self.claims}{document.path}/{document.version}/"

    def folder(self, document: Document) -> str:
        return f"{self.processed}{document.path}/"

    def result(self, document: Document) -> str:
        return f"{self.folder(document)}{result_folder(document.version, document.generation)}/"

    def failure(self, document: Document) -> str:
        return f"{self.failed}{document.path}/{document.version}/"

    def path(self, key: str) -> str:
        """Under which each of our prefixes but the inbox has what belongs to a key of the inbox."""
        relative = key.removeprefix(self.incoming)
        longest_prefix = max(len(prefix.encode()) for prefix in (self.claims, self.processed, self.failed))
        fits = longest_prefix + len(relative.encode()) + LONGEST_SUFFIX_BYTES <= MAX_KEY_BYTES
        first, *others = relative.split("/")
        if fits and _is_plain(first) and not _HASHED.fullmatch(first) and all(_is_plain(part) and not is_ours(part) for part in others):
            return relative
        return "~" + hashlib.sha256(relative.encode()).hexdigest()  # `_HASHED`: a file of that name is hashed itself


def is_ours(part: str) -> bool:
    """Whether a part below another could be what stands in that other document's folder: a result, or the pointers to the newest."""
    return RESULT_FOLDER.fullmatch(part) is not None or part in ("index.html", "latest.json")


def is_hashed(path: str) -> bool:
    """Whether it is what `Layout.path` gives for a name that cannot stand in our places."""
    return _HASHED.fullmatch(path) is not None


def _is_plain(part: str) -> bool:
    """Whether a part of a path may stand as it is in a bucket and on a disk: no traversal, nothing that a terminal or a reader would act on."""
    return (
        part not in ("", ".", "..")
        and len(part.encode()) <= MAX_PART_BYTES
        and not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in part)
        and "\\" not in part
    )
