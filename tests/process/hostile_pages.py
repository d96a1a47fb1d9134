"""Pages that crash, hang or grow the child that draws them; importable by name, so that it can be sent to a spawned process.

No document at hand does this to today's parsers, so a stand-in: it misbehaves at one page number, and draws all others for real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from process import misbehaviour

from watcher.intake import child
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering, UnrenderablePage
from watcher.workers.pool import ChildPool

T = TypeVar("T")

MISDEEDS: dict[str, Callable[[], object]] = {
    "crash": misbehaviour.segfault,
    "abort": misbehaviour.abort,
    "hang": misbehaviour.hang_for_good,
    "loop": misbehaviour.loop_for_good,
    "grow": lambda: misbehaviour.allocate(1 << 40),
}


def inspect_or(misdeed: str, path: Path, limits: Limits) -> Inspection:
    MISDEEDS[misdeed]()
    return child.inspect(path, limits)


def render_or(
    misdeed: str, guilty: int, path: Path, media_type: str, numbers: Sequence[int], rendering: Rendering, limits: Limits, target_dir: Path
) -> list[RenderedPage | UnrenderablePage]:
    if guilty in numbers:
        MISDEEDS[misdeed]()
    return child.render(path, media_type, numbers, rendering, limits, target_dir)


class HostileChildren:
    """Real children to whom drawing page `guilty` does harm, and opening any file if there is no guilty page."""

    def __init__(self, pool: ChildPool, misdeed: str, guilty: int | None) -> None:
        self._pool = pool
        self._misdeed = misdeed
        self._guilty = guilty

    def call(self, function: Callable[..., T], *args: object, seconds: float) -> T:
        if function is child.render and self._guilty is not None:
            return self._pool.call(render_or, self._misdeed, self._guilty, *args, seconds=seconds)  # type: ignore[return-value]
        if function is child.inspect and self._guilty is None:
            return self._pool.call(inspect_or, self._misdeed, *args, seconds=seconds)  # type: ignore[return-value]
        return self._pool.call(function, *args, seconds=seconds)

    def close(self) -> None:
        self._pool.close()
