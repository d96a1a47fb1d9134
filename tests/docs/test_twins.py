"""A page and its Russian twin say the same: the same headings, commands, links, rows and words of code, in the same order."""

from __future__ import annotations

import re

import pytest
from docs.markdown_pages import PAGES, TWINS, Page, words

twins = pytest.mark.parametrize(("english", "russian"), TWINS, ids=[english for english, _ in TWINS])


def neutral(link: str) -> str:
    """The same place whichever language it is in. Anchors are made of headings, which are translated."""
    return re.sub(r"\.ru(?=\.(md|webp|png|svg)$)", "", link.partition("#")[0])


def without_comments(code: str) -> str:
    return "\n".join(line.rstrip() for line in re.sub(r"(^|\s)#.*", "", code, flags=re.MULTILINE).splitlines())


def test_there_are_twins_of_what_people_need_first() -> None:
    assert {"README.md", "docs/failures.md", "docs/quick-fixes.md", "docs/variables.md"} <= {english for english, _ in TWINS}


@twins
def test_headings_are_of_the_same_levels(english: str, russian: str) -> None:
    assert Page(russian).heading_levels == Page(english).heading_levels


@twins
def test_code_is_the_same(english: str, russian: str) -> None:
    def blocks(name: str) -> list[tuple[str, str]]:
        return [(block.language, without_comments(block.text)) for block in Page(name).blocks]

    assert blocks(russian) == blocks(english)


@twins
def test_links_lead_to_the_same_places(english: str, russian: str) -> None:
    assert sorted({neutral(link) for link in Page(russian).links}) == sorted({neutral(link) for link in Page(english).links})


@twins
def test_tables_have_the_same_rows(english: str, russian: str) -> None:
    def first_words(name: str) -> list[list[list[str]]]:
        return [[words(row[0]) for row in table] for table in Page(name).tables()]

    assert first_words(russian) == first_words(english)


@twins
def test_each_names_the_other(english: str, russian: str) -> None:
    assert russian.rpartition("/")[2] in Page(english).links
    assert english.rpartition("/")[2] in Page(russian).links


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".ru.md")])
def test_russian_pages_are_in_russian(name: str) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`|\([^)]*\)", "", Page(name).text, flags=re.DOTALL)
    assert len(re.findall("[а-яё]", prose)) > 2 * len(re.findall("[a-z]", prose))
