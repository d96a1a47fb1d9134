"""What intake finds out about a file, and what it makes of its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from watcher.domain.errors import ErrorCode


@dataclass(frozen=True)
class Limits:
    """Bounds on one document: `parse_seconds` to open it and to draw each page, `parse_memory_bytes` of the parsing child's address space."""

    pages: int
    image_pixels: int
    parse_seconds: float
    parse_memory_bytes: int


@dataclass(frozen=True)
class Rendering:
    """How pages are drawn: PDF pages at `dpi`, everything reduced until it has at most `max_pixels`; `jpeg_*` for the picture people see."""

    dpi: int
    max_pixels: int
    jpeg_quality: int
    jpeg_max_side: int


@dataclass(frozen=True)
class Inspection:
    """A file that can be read: its true type and how many pages it has."""

    media_type: str  # application/pdf, image/png, ...
    extension: str  # canonical, with the dot
    pages: int


@dataclass(frozen=True)
class RenderedPage:
    """One page drawn to scratch disk: `image` lossless for the engine, `picture` a JPEG for people. Sizes in pixels; upright."""

    number: int
    image: Path
    picture: Path
    width: int
    height: int
    dpi: float
    blank: bool  # one colour only


@dataclass(frozen=True)
class UnrenderablePage:
    """A page that cannot be drawn though the document opens; `reason` holds no document text.

    `code` is `PAGE_UNREADABLE`, or `PARSER_*` where drawing it crashes, hangs or grows too large, with the `details` that the catalog's
    sentence for that code needs.
    """

    number: int
    reason: str
    code: ErrorCode = ErrorCode.PAGE_UNREADABLE
    details: dict[str, str | int | float] = field(default_factory=dict)
