"""`watcher put --wait`: what was dropped is followed to its end, and people are told where to look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column
from rich.text import Text

from watcher.cli.answers import plain
from watcher.cli.places import address_of, clickable, place_of
from watcher.domain import exits
from watcher.domain.clock import Clock
from watcher.domain.document import Document, Layout
from watcher.pipeline.ending import Ended, how_ended
from watcher.pipeline.progress import Progress, progress
from watcher.results.names import DOCUMENT_MD, PREVIEW_HTML
from watcher.settings import Settings
from watcher.storage.port import Store

_LOOK_SECONDS = 1.0
_SHOWN = 5
"""Documents whose pages are shown while they are read: each costs requests at every look. Replicas begin with the oldest, so these are the first."""
_NAME_WIDTH, _BAR_WIDTH = 42, 20  # with the numbers they fit in 80 columns


@dataclass(frozen=True)
class Follower:
    """`timeout` in seconds, None for none; `pause` waits for so many seconds."""

    settings: Settings
    store: Store
    layout: Layout
    console: Console
    timeout: float | None
    clock: Clock
    pause: Callable[[float], None]

    def follow(self, dropped: list[Document]) -> int:
        """Until all have ended, or the time is up. Returns the exit code. Raises `StoreError`."""
        started, failed, finished, waiting = self.clock.monotonic(), 0, 0, dropped
        with bar(self.console) as shown:
            pages = _Pages(shown)
            task = shown.add_task("reading", total=len(dropped))
            while True:
                still = []
                for document in waiting:
                    ended = how_ended(self.store, self.layout, document)
                    if ended is None:
                        still.append(document)
                        continue
                    failed, finished = failed + bool(ended.reason), finished + (not ended.reason)
                    shown.advance(task)
                    self._tell(document, ended)
                waiting = still
                left = self._seconds_left(started)
                if not waiting or left <= 0:
                    break
                if self.console.is_terminal:
                    pages.show([(document, self._progress(document)) for document in waiting[:_SHOWN]])
                self.pause(min(_LOOK_SECONDS, left))
            pages.show([])
        if finished and self.settings.s3.configured:
            self._print(Text("a private bucket asks for a login at these addresses: `watcher get NAME` downloads what was read"))
        if waiting:
            self._tell_unfinished(waiting)
            return exits.UNFINISHED
        return exits.SOME_FAILED if failed else exits.OK

    def _seconds_left(self, started: float) -> float:
        return float("inf") if self.timeout is None else started + self.timeout - self.clock.monotonic()

    def _progress(self, document: Document) -> Progress:
        return progress(self.store, self.layout, document, self.clock.now())

    def _tell(self, document: Document, ended: Ended) -> None:
        if ended.reason:
            self._print(plain(f"{document.key}: {ended.reason}"))
            if ended.place != document.key:
                self._place("more in", ended.place)
            return
        self._print(plain(f"{document.key}: finished"))
        self._place("preview", ended.place + PREVIEW_HTML, in_browser=True)
        self._place("Markdown", ended.place + DOCUMENT_MD)

    def _place(self, name: str, key: str, in_browser: bool = False) -> None:
        address = address_of(self.settings, key)
        shown = address if in_browser and self.settings.s3.configured else place_of(self.settings, key)
        self._print(Text(f"    {name:<8}  ").append_text(clickable(shown, address)))

    def _tell_unfinished(self, waiting: list[Document]) -> None:
        self._print(Text(f"time is up, and these have not ended: {len(waiting)}; they go on, and `watcher status` tells of them"))
        for document in waiting[:_SHOWN]:
            self._print(plain(f"{document.key}: {self._progress(document).words}"))
        if len(waiting) > _SHOWN:
            self._print(Text(f"... and {len(waiting) - _SHOWN} more"))

    def _print(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)


@dataclass
class _Pages:
    """A line for each document in progress."""

    shown: Bar
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def show(self, going_on: Iterable[tuple[Document, Progress]]) -> None:
        now = {document.key: found for document, found in going_on if found.pages_total}
        for key in self.tasks.keys() - now.keys():
            self.shown.remove_task(self.tasks.pop(key))
        for key, found in now.items():
            if key not in self.tasks:
                self.tasks[key] = self.shown.add_task(plain(f"  pages of {key}").markup)
            self.shown.update(self.tasks[key], completed=found.pages_done, total=found.pages_total)
        self.shown.refresh()


def bar(console: Console) -> Bar:
    name = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=_NAME_WIDTH))
    return Bar(name, BarColumn(_BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
