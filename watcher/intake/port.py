"""What intake finds out about a file, and what it makes of its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
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


class Blank(str, Enum):
    """Why there is nothing to read on a page."""

    ONE_COLOUR = "one colour only"
    NO_INK = "no ink"  # noise and shading at most


@dataclass(frozen=True)
class RenderedPage:
    """One page drawn to scratch disk: `image` lossless for the engine, `picture` a JPEG for people. Sizes in pixels; upright."""

    number: int
    image: Path
    picture: Path
    width: int
    height: int
    dpi: float
    blank: Blank | None  # None: there is something on it
    ink: float  # share of the page's area that bears ink, 0 to 1


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
