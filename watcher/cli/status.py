"""`watcher status`: the whole fleet at a glance, once, again and again, or for programs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn

from rich.console import Console

from watcher.cli.fleet_view import View, fleet_view
from watcher.cli.watching import Watching
from watcher.domain import exits
from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.fleet import Ends, Fleet
from watcher.domain.terminal import escaped_json
from watcher.opening import layout_of, open_store_to_look, utc_now
from watcher.pipeline.survey import Bounds, Surveyor
from watcher.pipeline.tally import count_finished
from watcher.settings import Settings
from watcher.storage.port import Store

_REQUESTS_AT_ONCE = 8


@dataclass
class _Asked:
    """Counts the answers of the bucket; any thread may tell it."""

    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, operation: str, status: str) -> None:
        with self._lock:
            self.requests += 1


def status(settings: Settings, *, as_json: bool = False, every: float | None = None) -> None:
    """Prints the picture; with `every`, draws it again so many seconds after the one before, until Ctrl-C. Raises `StoreError`."""
    asked, layout = _Asked(), layout_of(settings)
    store = open_store_to_look(settings, asked)
    requests = (lambda: asked.requests) if settings.s3.configured else None
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="status") as threads:
        surveyor = Surveyor(
            store,
            layout,
            tuple(settings.watch.ignore),
            keeps_source=settings.retention.source == "keep",
            bounds=Bounds(),
            spread=threads.map,
        )
        if every is not None:
            _watch(Watching(surveyor, store, layout, every, Console(), Clock(time.monotonic, utc_now), requests))
        fleet = surveyor.look(utc_now())
    if as_json:
        (*_, counted) = count_finished(store, layout, fleet.at)
        whole = fleet.model_copy(update={"finished": counted, "requests": requests() if requests else None})
        sys.stdout.write(escaped_json(whole.model_dump_json(indent=2)) + "\n")
        return
    console = Console()
    finished, so_far = _count(store, layout, fleet, console)
    whole = fleet.model_copy(update={"finished": finished})
    console.print(fleet_view(whole, utc_now(), View(console.width, layout.incoming), so_far))


def _count(store: Store, layout: Layout, fleet: Fleet, console: Console) -> tuple[Ends | None, Ends | None]:
    """All finished ones; or those that were counted until a person had enough of waiting."""
    ends: Ends | None = None
    try:
        with console.status("counting what is finished ...") as shown:
            for ends in count_finished(store, layout, fleet.at):
                shown.update(f"counting what is finished: {ends.documents:,} so far. Ctrl-C: do without")
    except KeyboardInterrupt:
        return None, ends
    return ends, None


def _watch(watching: Watching) -> NoReturn:
    code = exits.OK
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # the screen is to be given back
    try:
        watching.run()
    except SystemExit:
        code = 128 + signal.SIGTERM
    sys.stdout.flush()
    # A thread that still waits for a store that does not answer must not hold the process.
    os._exit(code)
