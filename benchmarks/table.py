"""The table of all rows and its notes, for a terminal and, from `results.json`, for docs/performance.md: `python -m benchmarks.table`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from benchmarks.results import RESULTS, read_results
from benchmarks.row import Result

HEADS = ("measured", "against", "median (least to most)", "to reach", "reached")
_COLOURS = {True: "green", False: "red", None: "default"}


def rich_table(results: Iterable[Result]) -> Table:
    table = Table(*HEADS, show_lines=True)
    for result in results:
        *texts, reached = map(Text, cells(result))
        table.add_row(*texts, Text(reached.plain, style=_COLOURS[result.reached]))
    return table


def markdown_table(results: Iterable[Result]) -> str:
    return "\n".join(map(_line, (HEADS, ["---"] * len(HEADS), *map(cells, results)))) + "\n"


def notes(results: Iterable[Result]) -> list[str]:
    """What a reader must know beside the figures, each once."""
    return list(dict.fromkeys(note for result in results for note in result.notes))


def cells(result: Result) -> Sequence[str]:
    """What stands in each column, as plain text."""
    told = f"not measured: {result.not_measured}" if result.not_measured else _figures(result)
    reached = {True: "yes", False: "no", None: "-"}[result.reached]
    return result.name, result.against or "-", told, f"{result.goal} {result.unit}".strip() if result.goal else "-", reached


def _figures(result: Result) -> str:
    least, most = result.spread
    unit = f" {result.unit}" if result.unit else ""
    times = f"{len(result.figures)} {'pairs' if result.against else 'runs'}"
    return f"{short(result.middle)}{unit}" + (
        f" ({short(least)} to {short(most)}, {times})" if len(result.figures) > 1 else " (measured once)"
    )


def short(figure: float) -> str:
    """Three digits that count, without an exponent."""
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def main() -> None:
    results = [result for row in read_results(RESULTS).rows.values() for result in row.results]
    sys.stdout.write(markdown_table(results) + "\n" + "".join(f"- {note}\n" for note in notes(results)))


if __name__ == "__main__":
    main()
