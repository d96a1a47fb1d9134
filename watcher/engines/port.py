"""What an engine is: whole pages in, blocks out, several pages a call.

Engines are built and called in a child process only; everything that crosses is a picklable value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from watcher.domain.page import Box, EngineInfo, TextFormat


@dataclass(frozen=True)
class PageImage:
    """One page to read: a lossless RGB or grey image file on scratch disk, upright, sizes in pixels; `dpi` 0 where unknown."""

    path: Path
    width: int
    height: int
    dpi: float


@dataclass(frozen=True)
class ReadBlock:
    """One block as the engine saw it, in reading order. `figure` is a JPEG of the cut-out for blocks that are pictures."""

    label: str
    box: Box
    text: str = ""
    format: TextFormat = TextFormat.PLAIN
    confidence: float | None = None
    figure: bytes | None = None
    missing: str = ""  # why text is missing here, in words without document text


@dataclass(frozen=True)
class PageReading:
    """What the engine made of one page. `remarks` are for the ledger, without document text: what went otherwise than usual, though nothing is missing."""

    blocks: tuple[ReadBlock, ...]
    seconds: float
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlacedBlock:
    """One block of a page that was read earlier, as far as the structure of the whole document depends on it."""

    label: str
    box: Box
    text: str


@dataclass(frozen=True)
class Revision:
    """What the whole document says of one block: `page` and `block` count from 0. `text` None: as it was; "" of a table that stands whole further up.

    `level` of a heading: 1 is the document's title, 2 to 6 all others.
    """

    page: int
    block: int
    text: str | None = None
    level: int | None = None


class EngineWaitError(Exception):
    """What the engine depends on cannot serve now (a model server is down, or overloaded): no page's fault. The text is safe to show, without secrets."""


class EngineFaultError(Exception):
    """A call failed. Unlike that of other errors, the text is ours and holds nothing of a document: it may be logged."""


class EngineMemoryError(EngineFaultError):
    """A page read alone, and at the least resolution that makes sense, needs more memory than the device has."""


@dataclass(frozen=True)
class EngineSpec:
    """All that a child needs to build an engine: its registered name and picklable options."""

    name: str
    options: dict[str, object] = field(default_factory=dict)


class Engine(Protocol):
    """Built by its module's `load(**options)` in the child. Not thread-safe."""

    @property
    def info(self) -> EngineInfo: ...

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        """One reading per page, in the same order. Any exception means that the whole call failed; EngineWaitError, that it was no page's fault."""
        ...


@runtime_checkable
class Restructuring(Protocol):
    """An engine that can also see what several pages have in common: tables that go on, levels of headings."""

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        """Of all pages of one document, in order."""
        ...
