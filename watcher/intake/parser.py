"""The daemon's side of parsing: every look into a document happens in a child process with a deadline and a bound on its memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake import child
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering, UnrenderablePage
from watcher.workers.pool import ChildCrashedError, ChildError, ChildPool, ChildTimeoutError

T = TypeVar("T")

_LARGEST_PIXEL_BYTES = 3  # of the lossless file, in colour; the JPEG is smaller
_HEADER_BYTES = 2**20
_OPEN_FILES = 64  # the document, a page's two files and what the interpreter holds


class Children(Protocol):
    """What the parser needs of a `ChildPool`."""

    def call(self, function: Callable[..., T], *args: object, seconds: float) -> T: ...

    def close(self) -> None: ...


def start_parser(limits: Limits, rendering: Rendering, *, processes: int, calls_per_child: int) -> Parser:
    """A parser with children of its own. `calls_per_child`: after so many calls a child is replaced by a fresh one; 0 means never."""
    pool = ChildPool(
        "parser",
        processes=processes,
        memory_bytes=limits.parse_memory_bytes,
        calls_per_child=calls_per_child,
        initializer=child.initialize,
        file_bytes=_LARGEST_PIXEL_BYTES * rendering.max_pixels + _HEADER_BYTES,
        open_files=_OPEN_FILES,
        processors=1,
    )
    return Parser(pool, limits, rendering)


class Parser:
    """Opens and draws documents. Thread-safe. `ChildUnstartableError` and `ChildPoolClosedError` pass through: no document is at fault."""

    def __init__(self, children: Children, limits: Limits, rendering: Rendering) -> None:
        self._children = children
        self._limits = limits
        self._rendering = rendering

    def inspect(self, path: Path) -> Inspection:
        """Raises `DocumentError` for a file that cannot be read, and with `PARSER_*` where looking at it crashes, hangs or grows too large."""
        try:
            return self._children.call(child.inspect, path, self._limits, seconds=self._limits.parse_seconds)
        except ChildTimeoutError as error:
            raise DocumentError(ErrorCode.PARSER_TIMEOUT, limit=self._limits.parse_seconds) from error
        except ChildCrashedError as error:
            if _is_out_of_memory(error):
                raise DocumentError(ErrorCode.PARSER_MEMORY, limit=self._limits.parse_memory_bytes) from error
            raise DocumentError(ErrorCode.PARSER_CRASHED) from error

    def render(self, path: Path, inspection: Inspection, numbers: Sequence[int], target_dir: Path) -> list[RenderedPage | UnrenderablePage]:
        """Draws the pages of these numbers, from 1, into the existing folder `target_dir`; the answer is in their order.

        After a crash or a timeout each page is tried once more, alone, so that only the guilty one becomes an `UnrenderablePage`; not so a page
        that had all of the call's time already. A call has `parse_seconds` for each of its pages. Raises `DocumentError` where the whole file turns out to be damaged.
        """
        try:
            return self._draw(path, inspection, numbers, target_dir)
        except ChildTimeoutError as error:
            if len(numbers) == 1:
                return [self._lost(numbers[0], error)]
        except ChildCrashedError:
            pass
        return [self._draw_alone(path, inspection, number, target_dir) for number in numbers]

    def warm_up(self) -> None:
        """Starts a child, so that the first document need not wait for it. One that cannot start says so at that document."""
        with suppress(ChildError):
            self._children.call(child.initialize, seconds=self._limits.parse_seconds)

    def close(self) -> None:
        """Ends the children."""
        self._children.close()

    def _draw(self, path: Path, inspection: Inspection, numbers: Sequence[int], target_dir: Path) -> list[RenderedPage | UnrenderablePage]:
        arguments = (path, inspection.media_type, tuple(numbers), self._rendering, self._limits, target_dir)
        return self._children.call(child.render, *arguments, seconds=self._limits.parse_seconds * len(numbers))

    def _draw_alone(self, path: Path, inspection: Inspection, number: int, target_dir: Path) -> RenderedPage | UnrenderablePage:
        try:
            (page,) = self._draw(path, inspection, [number], target_dir)
        except (ChildTimeoutError, ChildCrashedError) as error:
            return self._lost(number, error)
        return page

    def _lost(self, number: int, error: ChildTimeoutError | ChildCrashedError) -> UnrenderablePage:
        if isinstance(error, ChildTimeoutError):
            limit = self._limits.parse_seconds
            return UnrenderablePage(number, f"drawing the page took longer than {limit:g} s", ErrorCode.PARSER_TIMEOUT, {"limit": limit})
        if _is_out_of_memory(error):
            bound = self._limits.parse_memory_bytes
            reason = f"drawing the page takes more than {bound} bytes of memory"
            return UnrenderablePage(number, reason, ErrorCode.PARSER_MEMORY, {"limit": bound})
        return UnrenderablePage(number, "drawing the page crashes the parser", ErrorCode.PARSER_CRASHED)


def _is_out_of_memory(error: ChildCrashedError) -> bool:
    return isinstance(error.__cause__, MemoryError)
