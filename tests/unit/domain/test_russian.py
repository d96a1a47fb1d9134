"""The catalog in Russian says the same things as the one in English."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from watcher.domain.errors import CATALOG, DocumentError, ErrorCode
from watcher.domain.russian import RUSSIAN, in_russian

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
