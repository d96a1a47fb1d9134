"""The calls into the parsing child. The parsers' packages are imported here only, so that the daemon's own process never loads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from watcher.intake.limits import require_pages
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering, UnrenderablePage

_PDF = "application/pdf"


def initialize() -> None:
    """Loads the parsers, then closes stderr: native libraries print what they find in a document, which has no place in a log."""
    from watcher.intake import images, pdf  # noqa: F401

    with Path(os.devnull).open("wb") as sink:
        os.dup2(sink.fileno(), 2)


def inspect(path: Path, limits: Limits) -> Inspection:
    """Raises `DocumentError` where the file cannot be read at all or passes a limit."""
    from watcher.intake import images, pdf
    from watcher.intake.sniff import sniff

    found = sniff(path)
    pages = pdf.count_pages(path) if found.media_type == _PDF else images.count_pages(path, found.media_type, limits)
    require_pages(pages, limits)
    return Inspection(found.media_type, found.extension, pages)


def render(
    path: Path, media_type: str, numbers: Sequence[int], rendering: Rendering, limits: Limits, target_dir: Path
) -> list[RenderedPage | UnrenderablePage]:
    """Draws these pages into `target_dir`; raises `DocumentError` where the file as a whole cannot be decoded."""
    from watcher.intake import images, pdf

    if media_type == _PDF:
        return pdf.render(path, numbers, rendering, target_dir)
    return images.render(path, media_type, numbers, rendering, limits, target_dir)
