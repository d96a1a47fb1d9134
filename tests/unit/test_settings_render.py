"""The example file and the page of settings say what the program has."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.settings import Settings, load_settings
from watcher.settings.render import as_markdown, as_toml
from watcher.settings.s3 import S3_VARIABLES
from watcher.settings.tables import tables
from watcher.settings.wording import size, variables

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("path", "made", "how"),
    [("config.example.toml", as_toml(), "toml"), ("docs/settings.md", as_markdown(), "markdown")],
    ids=["toml", "markdown"],
)
def test_files_are_up_to_date(path: str, made: str, how: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == made, f"run: python -m watcher.settings.render {how} > {path}"


def test_example_file_loads_to_the_defaults() -> None:
    assert load_settings(ROOT / "config.example.toml", {}) == Settings()


def test_example_file_names_every_setting_with_a_comment_above() -> None:
    lines = as_toml().splitlines()
    names = [line.split(" = ")[0] for line in lines if " = " in line and not line.startswith("#")]
    assert names == [name for kind in tables().values() for name in kind.settings()]
    assert all(lines[number - 1].startswith("# ") for number, line in enumerate(lines) if " = " in line and not line.startswith("#"))


def test_page_names_every_variable() -> None:
    page = as_markdown()
    assert [variable for variable in (*variables(), *S3_VARIABLES.values()) if f"`{variable}`" not in page] == []


def test_every_setting_says_why_in_one_line() -> None:
    for kind in tables().values():
        for field in kind.settings().values():
            assert field.description
            assert "\n" not in field.description


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (1000, "1000 B"), (1024, "1 KiB"), (2**30, "1 GiB"), (3 * 2**29, "1536 MiB"), (2**50, "1 PiB")]
)
def test_sizes_are_exact(value: int, text: str) -> None:
    assert size(value) == text
