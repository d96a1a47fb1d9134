from __future__ import annotations

from collections.abc import Sequence

import pytest

from watcher.engines.tesseract_layout import Word, blocks

WIDTH, HEIGHT = 1000, 1400
TYPE = 20  # height of a usual line


def block(
    kind: str, top: int, *lines: str, left: int = 100, size: int = TYPE, confidence: float = 0.9, gap: int = 10, tabs: int = 0
) -> list[Word]:
    """Words of one block of monospaced type; a `|` in a line leaves a gap of `tabs` pixels."""
    words: list[Word] = []
    right = left + max(len(line) for line in lines) * size // 2
    box = (left, top, right, top + len(lines) * (size + gap) - gap)
    for number, line in enumerate(lines):
        x, y = left, top + number * (size + gap)
        for index, text in enumerate(line.split()):
            if text == "|":
                x += tabs
                continue
            end = x + len(text) * size // 2
            words.append(Word(text, (x, y, end, y + size), confidence, kind, box, size, not words, index == 0))
            x = end + size // 2
    return words


def picture(box: tuple[int, int, int, int], kind: str = "FLOWING_IMAGE") -> list[Word]:
    return [Word("", box, 0.95, kind, box, 0.0, True, True)]


def labels(words: Sequence[Word]) -> list[str]:
    return [found.label for found in blocks(words, WIDTH, HEIGHT)]


BODY = ("a line of running text that is as", "long as running text is apt to be")


def test_a_page_without_words_has_no_blocks() -> None:
    assert blocks([], WIDTH, HEIGHT) == []


@pytest.mark.parametrize("kind", ["HORZ_LINE", "VERT_LINE", "NOISE", "UNKNOWN", ""])
def test_what_is_not_for_reading_is_left_out(kind: str) -> None:
    assert labels(picture((0, 0, 500, 500), kind)) == []


@pytest.mark.parametrize(
    ("box", "kept"),
    [((100, 100, 300, 300), [(100, 100, 300, 300)]), ((-5, 100, 2000, 300), [(0, 100, WIDTH, 300)]), ((100, 100, 130, 900), []), ((0, 9, 0, 99), [])],
)  # fmt: skip
def test_pictures_are_kept_within_the_page_unless_they_are_specks(box: tuple[int, int, int, int], kept: list[object]) -> None:
    assert [found.box for found in blocks(picture(box), WIDTH, HEIGHT)] == kept


@pytest.mark.parametrize(
    ("title", "label"),
    [
        (block("FLOWING_TEXT", 50, "Annual report", size=32), "paragraph_title"),
        (block("HEADING_TEXT", 50, "Annual report", size=32), "paragraph_title"),
        (block("HEADING_TEXT", 50, "no larger than the text"), "text"),
        (block("FLOWING_TEXT", 50, "three", "large", "lines", size=32), "text"),
        (block("FLOWING_TEXT", 50, "2024", size=32), "text"),
        (block("FLOWING_TEXT", 50, "MHAH", size=60, confidence=0.2), "text"),
        (block("FLOWING_TEXT", 50, "word " * 30, size=32), "text"),
    ],
)
def test_headings_are_told_by_their_size(title: list[Word], label: str) -> None:
    assert labels(title + block("FLOWING_TEXT", 400, *BODY)) == [label, "text"]


def test_text_that_goes_on_right_below_is_one_block() -> None:
    (found,) = blocks(block("FLOWING_TEXT", 100, *BODY) + block("HEADING_TEXT", 158, "goes on to its end"), WIDTH, HEIGHT)
    assert found.text == " ".join([*BODY, "goes on to its end"])
    assert found.box == (100, 100, 430, 178)


@pytest.mark.parametrize(
    "second",
    [
        block("FLOWING_TEXT", 200, "lower down"),
        block("FLOWING_TEXT", 158, "in another column", left=500),
        block("CAPTION_TEXT", 158, "a caption"),
        block("TABLE", 158, "a | table"),
    ],
)
def test_other_blocks_stay_apart(second: list[Word]) -> None:
    assert len(labels(block("FLOWING_TEXT", 100, *BODY) + second)) == 2


def test_rows_of_a_table_are_lines_and_wide_gaps_are_tabs() -> None:
    (found,) = blocks(block("TABLE", 100, "Hexagon bolt | piece | 14.50", "Valve | piece | 655.00", tabs=60), WIDTH, HEIGHT)
    assert found.text == "Hexagon bolt\tpiece\t14.50\nValve\tpiece\t655.00"


def test_confidence_is_that_of_its_characters_and_stays_within_0_and_1() -> None:
    words = block("FLOWING_TEXT", 100, "abc") + block("FLOWING_TEXT", 300, "d", confidence=-0.01)
    assert [found.confidence for found in blocks(words, WIDTH, HEIGHT)] == [pytest.approx(0.9), 0.0]
