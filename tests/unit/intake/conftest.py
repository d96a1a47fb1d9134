"""Limits and a way of drawing that the tests of intake share."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.intake.port import Limits, Rendering


@pytest.fixture
def limits() -> Limits:
    return Limits(pages=10, image_pixels=1_000_000, parse_seconds=30, parse_memory_bytes=1 << 30)


@pytest.fixture
def rendering() -> Rendering:
    return Rendering(dpi=72, max_pixels=250_000, jpeg_quality=85, jpeg_max_side=400)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """The folder that pages are drawn into."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    return folder
