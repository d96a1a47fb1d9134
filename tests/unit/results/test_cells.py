from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.page import Cell
from watcher.results.cells import table_cells
from watcher.results.tables import safe_table


def places(html: str) -> list[tuple[object, ...]]:
    return [(cell.row, cell.column, cell.rows, cell.columns, cell.text) for cell in table_cells(html) or []]


def covered(cell: Cell) -> set[tuple[int, int]]:
    rows, columns = range(cell.row, cell.row + cell.rows), range(cell.column, cell.column + cell.columns)
    return {(row, column) for row in rows for column in columns}


def test_cells_have_the_places_that_browsers_give_them() -> None:
    html = (
        "<table><tr><th rowspan=2>a<th colspan=2>b</tr><tr><td>c<td>d</tr>"
        "<tr><td rowspan=2 colspan=2>e<td>f</tr><tr><td>g<td>h</tr></table>"
    )

    assert places(html) == [
        (0, 0, 2, 1, "a"), (0, 1, 1, 2, "b"), (1, 1, 1, 1, "c"), (1, 2, 1, 1, "d"),
        (2, 0, 2, 2, "e"), (2, 2, 1, 1, "f"), (3, 2, 1, 1, "g"), (3, 3, 1, 1, "h"),
    ]  # fmt: skip
    assert [cell.header for cell in table_cells(html) or []] == [True, True] + [False] * 6


def test_a_cell_that_would_lie_on_one_from_above_is_cut_short() -> None:
    html = "<table><tr><td>a<td rowspan=2>b</tr><tr><td colspan=3>c<td>d</tr></table>"

    assert places(html) == [(0, 0, 1, 1, "a"), (0, 1, 2, 1, "b"), (1, 0, 1, 1, "c"), (1, 3, 1, 1, "d")]


def test_spans_end_with_their_part_of_the_table_and_the_foot_comes_last() -> None:
    html = "<table><tfoot><tr><td>foot</tfoot><thead><tr><td rowspan=9>head</thead><tbody><tr><td>body</tbody></table>"

    assert places(html) == [(0, 0, 1, 1, "head"), (1, 0, 1, 1, "body"), (2, 0, 1, 1, "foot")]
    assert [cell.header for cell in table_cells(html) or []] == [True, False, False]


def test_the_text_of_a_cell_is_plain() -> None:
    assert places("<table><tr><td> 10<sup>5</sup>\n H<sub>2</sub>O <br> &lt;b&gt; &amp;amp; <b>x</b></table>") == [
        (0, 0, 1, 1, "105 H2O\n<b> &amp; x")
    ]


def test_a_table_within_a_cell_is_text_of_that_cell_and_the_next_table_goes_on_below() -> None:
    html = "<table><tr><td>a<table><tr><td>b<td>c</tr><tr><td>d</table>e<td>f</table> between <table><tr><td>g</table>"

    assert places(html) == [(0, 0, 1, 1, "a\nb c\nd e"), (0, 1, 1, 1, "f"), (1, 0, 1, 1, "g")]


@pytest.mark.parametrize(
    "html", ["", "text", "<td>a", "<table></table>", "<table><caption>a</caption></table>", "<table><tr></tr></table>"]
)
def test_where_there_are_no_cells_there_is_nothing(html: str) -> None:
    assert table_cells(html) is None


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td colspan=1000 rowspan=1000>a" * 500,
        "<table>" + "<tr><td rowspan=1000>" * 1000,
        "<table><tr>" + "<td>" * 100_001,
    ],
)
def test_a_table_that_would_cost_too_much_has_no_cells(html: str) -> None:
    assert table_cells(html) is None


def test_a_large_table_has_all_its_cells() -> None:
    cells = table_cells("<table>" + ("<tr>" + "<td>a" * 6) * 15_000) or []

    assert (len(cells), cells[-1].row, cells[-1].column) == (90_000, 14_999, 5)


def test_tables_within_tables_without_end_are_no_danger() -> None:
    assert [cell.text.split() for cell in table_cells("<table><tr><td>a" * 5000) or []] == [["a"] * 5000]


class InCells(HTMLParser):
    """Words within any cell, by a count of open cells alone."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._open = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open += tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self._open -= tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.words += data.split() if self._open else []


TAGS = ["<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "<thead>", "<tfoot>", "</tbody>", "<caption>", "<br>", "<sup>", "</sup>", "<td colspan=2>",
        "<td colspan=99>", "<th rowspan=3>", "<td rowspan=1000 colspan=1000>", "<td rowspan=0>", "<td rowspan=x>", "<!-- x", "<script>", "</script>", "<style>", "<b", "&lt;td&gt;", "&amp;lt;", "]]>"]  # fmt: skip
ONE_PIECE = st.one_of(st.sampled_from(TAGS), st.just("WORD"), st.text(max_size=3))
PIECES = st.lists(ONE_PIECE, max_size=40).map(
    lambda pieces: "".join(f" w{at} " if piece == "WORD" else piece for at, piece in enumerate(pieces))
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(PIECES, PIECES.map(lambda pieces: "<table><tr><td>" + pieces)))
def test_each_text_is_in_one_cell_and_no_two_cells_share_a_place(html: str) -> None:
    cells = table_cells(html) or []
    words = re.findall(r"\bw\d+\b", " ".join(InCells(safe_table(html)).words))

    assert sorted(re.findall(r"\bw\d+\b", "\n".join(cell.text for cell in cells))) == sorted(words)
    taken: set[tuple[int, int]] = set()
    for cell in cells:
        assert cell.columns <= 1000
        assert not taken & covered(cell)
        taken |= covered(cell)
    assert cells == sorted(cells, key=lambda cell: (cell.row, cell.column))
    assert {cell.row for cell in cells} <= set(range(safe_table(html).count("<tr>")))
