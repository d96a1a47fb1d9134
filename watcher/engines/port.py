"""What an engine is: whole pages in, blocks out, several pages a call.

Engines are built and called in a child process only; everything that crosses is a picklable value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

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


@dataclass(frozen=True)
class PageReading:
    """What the engine made of one page; `truncated` where it stopped before the end."""

    blocks: tuple[ReadBlock, ...]
    seconds: float
    truncated: bool = False


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
        """One reading per page, in the same order. Any exception means that the whole call failed."""
        ...
