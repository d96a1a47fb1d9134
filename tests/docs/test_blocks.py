"""Data that the pages show can be read, and settings that they show are taken."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml
from docs.markdown_pages import PAGES, Block, Page

from watcher.settings import load_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


READERS = {"json": json.loads, "yaml": yaml.safe_load, "toml": tomllib.loads}
DATA = [block for name in PAGES for block in Page(name).blocks if block.language in READERS]


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", DATA, ids=place)
def test_data_can_be_read(block: Block) -> None:
    assert READERS[block.language](block.text)


@pytest.mark.parametrize("block", [block for block in DATA if block.language == "toml"], ids=place)
def test_toml_is_taken_as_settings(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block.text, encoding="utf-8")
    assert load_settings(file, {}) != load_settings(None, {})
