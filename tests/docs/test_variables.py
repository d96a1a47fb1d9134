"""docs/variables.md names what the program, the image and start.sh have, with their values."""

from __future__ import annotations

import re

import pytest
from docs.markdown_pages import ROOT, Page, words

from watcher.settings.s3 import IGNORED_VARIABLES, S3_VARIABLES
from watcher.settings.tables import tables
from watcher.settings.wording import size, variables

PAGES = ["docs/variables.md", "docs/variables.ru.md"]
STORE, WORTH_KNOWING, IMAGE, START, BESIDES = range(5)
SIZES = {"file_bytes", "max_bytes"}

pages = pytest.mark.parametrize("name", PAGES)


def rows(name: str, table: int) -> dict[str, str]:
    """The second column by the first, without backticks."""
    _, *body = list(Page(name).tables())[table]
    return {words(row[0])[0]: row[1].strip("`") for row in body}


def default(variable: str) -> str:
    table, name = variables()[variable]
    value = tables()[table].settings()[name].default
    if name in SIZES:
        return size(value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value == () or not isinstance(value, (str, int)) else str(value)


@pages
def test_the_four_of_the_store(name: str) -> None:
    assert list(rows(name, STORE)) == list(S3_VARIABLES.values())


@pages
def test_defaults_are_those_of_the_settings(name: str) -> None:
    told = rows(name, WORTH_KNOWING)
    assert len(told) > 10
    assert told == {variable: default(variable) for variable in told}


@pages
def test_what_the_image_sets(name: str) -> None:
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows(name, IMAGE) == dict(re.findall(r"(WATCHER_\w+)=(\S+)", block))


@pages
def test_what_start_sh_sets(name: str) -> None:
    exports = re.findall(r'^export (\w+)="\$\{\1:-(.*)\}"$', (ROOT / "start.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert exports
    assert rows(name, START) == dict(exports)


@pages
def test_what_has_no_effect(name: str) -> None:
    last = Page(name).text.rstrip().splitlines()[-1]
    assert tuple(words(last)) == IGNORED_VARIABLES


@pages
def test_all_settings_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"\bWATCHER_[A-Z_]+\b", Page(name).text)) - {"WATCHER_CONFIG"}
    assert named <= set(variables())
