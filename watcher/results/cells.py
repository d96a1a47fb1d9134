"""The cells of a table, from HTML that an engine made of it.

Cells get the places that browsers give them (the HTML standard's way of forming a table), but for one thing: where a cell would lie on
one that comes down from a row above it is cut short, so that each place of the grid belongs to one cell at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from watcher.domain.page import Cell
from watcher.results.tables import safe_table

_MOST_PLACES = 100_000
"""Places of the grid that are looked at: 300 pages of 50 rows and 6 columns have fewer. It bounds what hostile spans cost."""


def table_cells(html: str) -> list[Cell] | None:
    """Row by row. None where there are no cells, or more than a table of 100,000 places can hold. A `<br>` is a line break in their text.

    Rows of a second table go on below the first. A table within a cell is text of that cell. Text outside of cells is left out.
    """
    reader = _Reader()
    reader.feed(safe_table(html))
    reader.close()
    grid = _Grid()
    for table in reader.tables:
        for group in sorted(table, key=lambda group: group.tag == "tfoot"):  # browsers show it last wherever it stands
            if not grid.add(group):
                return None
    return grid.cells or None


@dataclass
class _Seen:
    """A cell as it stands in the HTML."""

    rows: int
    columns: int
    header: bool
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(" ".join(line.split()) for line in "".join(self.pieces).split("\n")).strip()


@dataclass
class _Group:
    """Rows between the tags of a `thead`, `tbody` or `tfoot`."""

    tag: str
    rows: list[list[_Seen]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads what `safe_table` returns: well-formed, each row in a group, each cell in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[_Group]] = []
        self._depth = 0  # of tables within tables
        self._cell: _Seen | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
        if self._cell is not None:
            self._cell.pieces.append({"br": "\n", "tr": "\n", "td": " ", "th": " ", "table": " ", "caption": " "}.get(tag, ""))
        elif tag in ("thead", "tbody", "tfoot"):
            self.tables[-1].append(_Group(tag))
        elif tag == "tr":
            self.tables[-1][-1].rows.append([])
        elif tag in ("td", "th"):
            group = self.tables[-1][-1]
            spans = {name: int(value or 1) for name, value in attrs}
            self._cell = _Seen(spans.get("rowspan", 1), spans.get("colspan", 1), tag == "th" or group.tag == "thead")
            group.rows[-1].append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._depth -= 1
        if self._cell is None:
            return
        if self._depth == 1 and tag in ("td", "th"):
            self._cell = None
        elif tag == "table":
            self._cell.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.pieces.append(data.replace("\n", " "))


class _Grid:
    """Rows one below the other, each cell in the first free place of its row."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self._row = 0
        self._looked_at = 0

    def add(self, group: _Group) -> bool:
        """Spans over rows end with the group. False where the grid grows too large."""
        end = self._row + len(group.rows)
        free_from: dict[int, int] = {}  # by column, the first row in which it is free
        for row in group.rows:
            column = 0
            for seen in row:
                column = self._free(column, free_from)
                width = self._room(column, seen.columns, free_from)
                height = min(seen.rows, end - self._row)
                free_from.update(dict.fromkeys(range(column, column + width), self._row + height))
                self.cells.append(Cell(row=self._row, column=column, text=seen.text, rows=height, columns=width, header=seen.header))
                column += seen.columns
                if self._looked_at > _MOST_PLACES:
                    return False
            self._row += 1
        return True

    def _free(self, column: int, free_from: dict[int, int]) -> int:
        while free_from.get(column, 0) > self._row:
            column += 1
            self._looked_at += 1
        return column

    def _room(self, column: int, most: int, free_from: dict[int, int]) -> int:
        """How many places are free from this one on."""
        end = column
        while end < column + most and free_from.get(end, 0) <= self._row:
            end += 1
            self._looked_at += 1
        return end - column
