from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.engines.layout import Detected, blocks

HEIGHT = 20


def line(text: str, left: int, top: int, width: int | None = None) -> Detected:
    return Detected(text, (left, top, left + (10 * len(text) if width is None else width), top + HEIGHT), 0.9)


def column(name: str, left: int, top: int, lines: int = 4) -> list[Detected]:
    return [line(f"{name}{number} running text to the end", left, top + 25 * number, width=300) for number in range(lines)]


def test_no_lines_are_no_blocks() -> None:
    assert blocks([]) == []


def test_two_columns_are_read_one_after_the_other_below_their_heading() -> None:
    page = column("b", 340, 100) + column("a", 0, 100) + [line("A heading over both columns of the page", 0, 0, width=640)]
    found = blocks(page)
    assert [block.text.split()[0] for block in found] == ["A", "a0", "b0"]
    assert found[1].box == (0, 100, 300, 195)
    assert found[1].label == "text"


def test_gaps_part_blocks_from_top_to_bottom() -> None:
    found = blocks(column("c", 0, 400) + column("a", 0, 0) + column("b", 0, 200))
    assert [block.text[0] for block in found] == ["a", "b", "c"]


def test_short_cells_beside_each_other_are_a_table_read_row_by_row() -> None:
    cells = [line(f"{column}{row}", 100 * column, 25 * row) for column in range(3) for row in range(3)]
    (table,) = blocks(cells)
    assert table.label == "table"
    assert table.text == "00\t10\t20\n01\t11\t21\n02\t12\t22"


def test_pieces_of_one_line_are_joined_in_their_order() -> None:
    (block,) = blocks([line("second", 150, 3), line("first", 0, 0)])
    assert block.text == "first second"


def test_confidence_is_weighed_by_characters() -> None:
    (block,) = blocks([Detected("abc", (0, 0, 30, 20), 1.0), Detected("d", (0, 22, 30, 42), 0.0)])
    assert block.confidence == 0.75


boxes = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(1, 400), st.integers(1, 60))


@given(st.lists(boxes, max_size=60))
def test_every_line_lands_in_exactly_one_block(drawn: list[tuple[int, int, int, int]]) -> None:
    page = [
        Detected(f"w{number}x", (left, top, left + width, top + height), 0.5) for number, (left, top, width, height) in enumerate(drawn)
    ]
    words = [word for block in blocks(page) for word in block.text.split()]
    assert sorted(words) == sorted(line.text for line in page)


def test_a_page_of_very_many_single_words_is_no_burden() -> None:
    assert len(blocks([line("word", 0, 100 * number) for number in range(1500)])) == 1500
