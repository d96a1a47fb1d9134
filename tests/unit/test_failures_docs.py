"""docs/failures.md and its Russian twin tell of exactly the words that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.domain.errors import CATALOG, ErrorCode
from watcher.domain.waits import Wait
from watcher.settings.tables import tables
from watcher.storage.reasons import REASONS, Reason

DOCS = Path(__file__).parents[2] / "docs"
WORDS = [*(code.value for code in ErrorCode), *(wait.value for wait in Wait), *(reason.value for reason in Reason)]


def sections(name: str) -> dict[str, str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    found = re.findall(r"^### `([a-z0-9_]+)`\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(found) == len(re.findall("^### ", text, re.MULTILINE))
    assert len(found) == len(dict(found)), "a word has two sections"
    return dict(found)


def settings_named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:" + "|".join(tables()) + r")\.[a-z_]+\b", text)) | set(re.findall(r"\b[A-Z0-9]+_[A-Z0-9_]+\b", text))


@pytest.mark.parametrize("name", ["failures.md", "failures.ru.md"])
def test_every_word_has_its_section_and_every_section_its_word(name: str) -> None:
    assert list(sections(name)) == WORDS


def test_catalogs_are_complete() -> None:
    assert (set(CATALOG), set(REASONS)) == (set(ErrorCode), set(Reason))


@pytest.mark.parametrize("word", WORDS)
def test_both_languages_name_the_same_settings(word: str) -> None:
    english, russian = sections("failures.md")[word], sections("failures.ru.md")[word]
    assert english.strip()
    assert re.search("[а-я]", russian)
    assert settings_named(russian) == settings_named(english)


@pytest.mark.parametrize("code", ErrorCode)
def test_settings_of_a_sentence_stand_in_its_section(code: ErrorCode) -> None:
    dispensable = {"ocr.devices", "ocr.server.url", "ocr.server"}  # told in words
    assert settings_named(CATALOG[code].message) - dispensable <= settings_named(sections("failures.md")[code.value])


@pytest.mark.parametrize("name", ["failures.md", "failures.ru.md"])
def test_settings_that_are_named_exist(name: str) -> None:
    known = {f"{table}.{field}" for table, kind in tables().items() for field in kind.model_fields}
    named = {setting for text in sections(name).values() for setting in settings_named(text) if "." in setting}
    assert named
    assert named <= known
