"""SECURITY.md names files and settings that exist, and says of some things what the code does."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from watcher.pipeline.scratch import make_scratch
from watcher.settings.tables import tables

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", TEXT)
    assert len(named) > 20
    assert [(text, path) for text, path in named if text != path or not (ROOT / path).is_file()] == []


def test_every_setting_that_is_named_exists() -> None:
    known = {f"{table}.{field}" for table, kind in tables().items() for field in kind.model_fields}
    named = set(re.findall(r"`(http\.[a-z_]+)", TEXT))
    assert named
    assert named <= known


def test_nobody_else_may_enter_scratch_folders(tmp_path: Path) -> None:
    assert stat.S_IMODE(make_scratch(str(tmp_path)).stat().st_mode) == 0o700


def test_the_image_runs_as_a_user_without_rights() -> None:
    users = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert users[-1] == "1000"
