"""The catalog in Russian says the same things as the one in English."""

from __future__ import annotations

import inspect
import re
from string import Formatter

import pytest

from watcher.domain.errors import CATALOG, DocumentError, ErrorCode
from watcher.domain.russian import CONTENTS, RUSSIAN, in_russian
from watcher.intake import sniff

# Names of settings, formats and numbers are the same in every language.
SAME = re.compile(r"\b[a-z]+\.[a-z_.]+\b|\b(?!GPU)[A-Z]{3,4}\b|\bWebP\b")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", ErrorCode)
def test_both_sentences_tell_the_same_details_and_settings(code: ErrorCode) -> None:
    english, russian = CATALOG[code].message, RUSSIAN[code]
    assert placeholders(russian) == placeholders(english)
    assert set(SAME.findall(russian)) - {"PDF"} == set(SAME.findall(english)) - {"PDF"}
    assert re.search("[а-я]", russian)
    assert russian.endswith(".")


def test_details_are_filled_in() -> None:
    told = in_russian(DocumentError(ErrorCode.ENGINE_TIMEOUT, page=3, limit=60.0))
    assert "страницы 3" in told
    assert "60 с." in told


def test_every_content_that_is_told_by_its_kind_has_a_russian_name() -> None:
    kinds = set(re.findall(r'"((?:an? |of an )[^"]+)"', inspect.getsource(sniff)))
    assert "a Word document" in kinds
    assert set(CONTENTS) == kinds


@pytest.mark.parametrize(
    ("found", "told"), [("a Word document", "(документ Word)"), ('a file of the type "Blender 3D data"', '(файл типа "Blender 3D data")')]
)
def test_what_was_found_is_told_in_russian(found: str, told: str) -> None:
    assert told in in_russian(DocumentError(ErrorCode.UNSUPPORTED_TYPE, found=found))
