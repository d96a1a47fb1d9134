"""What stands in the cells of tables: spans of time, and text that must fit."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text


@dataclass(frozen=True)
class OneLine:
    """Text that is cut in the middle where it is too long: names of documents differ at their end."""

    text: str

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if cell_len(self.text) > width:
            head = set_cell_size(self.text, width // 3).rstrip()
            tail = self.text[-width:]
            while tail and cell_len(tail) > width - cell_len(head) - 1:
                tail = tail[1:]
            yield Text(f"{head}…{tail.lstrip()}", no_wrap=True)
        else:
            yield Text(self.text, no_wrap=True)

    def __rich_measure__(self, _console: Console, options: ConsoleOptions) -> Measurement:
        longest = cell_len(self.text)
        return Measurement(min(longest, 12), longest).with_maximum(options.max_width)


def span(seconds: float) -> str:
    """Two units at most: `45 s`, `3 min 5 s`, `2 h 10 min`, `4 d 1 h`."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def about(seconds: float) -> str:
    """One unit: `45 s`, `3 min`, `26 h`, `4 d`."""
    whole = max(int(seconds), 0)
    for unit, name, most in ((1, "s", 60), (60, "min", 120), (3600, "h", 48)):
        if whole // unit < most:
            return f"{whole // unit} {name}"
    return f"{whole // 86400} d"
