"""The fleet drawn again and again, on the whole screen of a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from watcher.cli.answers import plain
from watcher.cli.cells import span
from watcher.cli.fleet_view import View, fleet_view
from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.fleet import Ends, Fleet
from watcher.pipeline.survey import Surveyor
from watcher.pipeline.tally import count_finished
from watcher.storage.port import RefusedError, Store, StoreError

LOOK_SHARE = 1 / 3
COUNT_SHARE = 1 / 10
"""The parts of the time, at most, that go into asking for pictures, and for what is finished: where they take long they come less often."""
_DRAWN_A_SECOND = 2
_FOOTER_LINES, _FAULT_LINES = 2, 4


@dataclass(frozen=True)
class _Fault:
    at: datetime
    text: str


class Watching:
    """`every`: seconds between two pictures. `asked` tells how many requests the store was sent so far; None of a folder.

    `pause` sleeps for so many seconds.
    """

    def __init__(
        self,
        surveyor: Surveyor,
        store: Store,
        layout: Layout,
        every: float,
        console: Console,
        clock: Clock,
        asked: Callable[[], int] | None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._surveyor = surveyor
        self._store = store
        self._layout = layout
        self._every = every
        self._console = console
        self._clock = clock
        self._asked = asked or (lambda: 0)
        self._pause = pause
        self._fleet: Fleet | None = None
        self._fault: _Fault | None = None
        self._counting: Iterator[Ends] | None = None
        self._so_far: Ends | None = None
        self._finished: Ends | None = None
        self._count_due = 0.0
        self._count_seconds = 0.0
        self._look_requests = self._count_requests = 0
        self._requests_of_count = 0

    def run(self) -> None:
        """Until Ctrl-C. While the store does not answer, the picture stays, and says so. Raises `RefusedError` where it refuses the first."""
        with Live(console=self._console, screen=True, refresh_per_second=_DRAWN_A_SECOND, get_renderable=self.drawn):
            try:
                while True:
                    self.turn()
            except KeyboardInterrupt:
                return

    def turn(self) -> None:
        """One picture, and what can be counted until the next one is due."""
        began = self._clock.monotonic()
        self._look()
        ended = self._clock.monotonic()
        due = ended + max(self._every, (ended - began) * (1 / LOOK_SHARE - 1))
        while (left := due - self._clock.monotonic()) > 0:
            if not self._count():
                self._pause(left)

    def drawn(self) -> RenderableType:
        fleet, now = self._fleet, self._clock.now()
        footer = self._footer(fleet, now)
        if fleet is None:
            return Group(plain(f"looking at {self._store.location} ..."), footer)
        view = View(self._console.width, self._layout.incoming, self._console.height - (_FAULT_LINES if self._fault else _FOOTER_LINES))
        whole = fleet.model_copy(update={"finished": self._finished})
        return Group(fleet_view(whole, now, view, self._so_far), footer)

    def _look(self) -> None:
        before = self._asked()
        try:
            self._fleet = self._surveyor.look(self._clock.now())
            self._fault = None
        except StoreError as error:
            if self._fleet is None and isinstance(error, RefusedError):
                raise
            self._fault = _Fault(self._clock.now(), str(error))
        self._look_requests = self._asked() - before

    def _count(self) -> bool:
        """Goes on counting, by one request at most. False where it is not due."""
        began, before = self._clock.monotonic(), self._asked()
        if self._counting is None:
            if began < self._count_due:
                return False
            self._counting, self._count_seconds, self._count_requests = count_finished(self._store, self._layout, self._clock.now()), 0.0, 0
        try:
            ends = next(self._counting, None)
        except StoreError as error:
            self._fault, ends, self._so_far = _Fault(self._clock.now(), str(error)), None, None
        ended = self._clock.monotonic()
        self._count_seconds += ended - began
        self._count_requests += self._asked() - before
        if ends is not None:
            self._so_far = ends
            return True
        self._counting = None
        self._finished, self._so_far = self._so_far or self._finished, None
        self._requests_of_count = self._count_requests
        self._count_due = ended + max(self._every, self._count_seconds * (1 / COUNT_SHARE - 1))
        return True

    def _footer(self, fleet: Fleet | None, now: datetime) -> Text:
        if fault := self._fault:
            shown = f"shown is what stood {span((now - fleet.at).total_seconds())} ago, " if fleet else ""
            told = plain(f"{fault.at.astimezone():%H:%M:%S} {fault.text} ({shown}tried again every {self._every:g} s, Ctrl-C ends)")
            return Text("! ", "red", overflow="fold").append_text(told)
        parts = [f"{now.astimezone():%H:%M:%S}", f"every {self._every:g} s"]
        if self._look_requests:
            parts.append(f"{self._look_requests:,} requests a picture")
        if self._requests_of_count > 1:
            parts.append(f"{self._requests_of_count:,} to count what is finished")
        return Text(" · ".join([*parts, "Ctrl-C ends"]), "dim", no_wrap=True, overflow="ellipsis")
