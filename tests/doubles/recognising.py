"""The recogniser with real children that run the stand-in engine, and pages on which that misbehaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime, timezone
from pathlib import Path

import psutil
import structlog
from PIL import Image
from structlog.typing import EventDict

from watcher.domain.clock import Clock
from watcher.engines.port import EngineSpec, PageImage
from watcher.engines.recogniser import EngineLimits, Recogniser, Recognition

GOOD, CRASH, HANG, REFUSE, DROP, SPOIL = (250, 250, 250), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)
SWELL, CHOKE = (255, 0, 255), (0, 0, 0)
MARKS = {"crash": CRASH, "hang": HANG, "refuse": REFUSE, "drop": DROP, "spoil": SPOIL, "swell": SWELL, "choke": CHOKE}
LIMITS = {
    "batch_pages": 4,
    "gather_seconds": 0.0,
    "page_seconds": 30.0,
    "call_seconds": 0.0,
    "load_seconds": 60.0,
    "recycle_pages": 1000,
    "recycle_bytes": 2**40,
    "restart_seconds": 0.05,
    "restart_max_seconds": 0.2,
}


class Bench:
    """A recogniser on devices by name; the pages it is given, and the events that it logs."""

    def __init__(self, folder: Path, limits: dict[str, float], specs: Mapping[str, EngineSpec]) -> None:
        self.events: list[EventDict] = []
        self.folder = folder
        log = structlog.wrap_logger(None, processors=[self._record], wrapper_class=structlog.make_filtering_bound_logger(0))
        clock = Clock(time.monotonic, lambda: datetime.now(timezone.utc))
        self.recogniser = Recogniser(specs, EngineLimits(**{**LIMITS, **limits}), clock, log)  # type: ignore[arg-type]
        self._pages = 0
        self._lock = threading.Lock()

    def _record(self, _: object, __: str, event: EventDict) -> EventDict:
        self.events.append(event)
        raise structlog.DropEvent

    def page(self, colour: tuple[int, int, int] = GOOD) -> PageImage:
        with self._lock:
            self._pages += 1
            path = self.folder / f"page-{self._pages}.png"
        Image.new("RGB", (60, 90), color=colour).save(path)
        return PageImage(path, 60, 90, dpi=72)

    def read(self, colour: tuple[int, int, int] = GOOD) -> Future[Recognition]:
        return self.recogniser.submit(self.page(colour))

    def names(self) -> list[str]:
        return [event["event"] for event in self.events]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, f"did not come true; {self.recogniser.state}; {self.names()}"
            time.sleep(0.01)

    def ready(self) -> Bench:
        self.recogniser.start()
        self.wait_for(lambda: self.recogniser.state.phase == "ready")
        return self


def engines() -> list[psutil.Process]:
    """Child processes of this test that live, other than the resource tracker of multiprocessing."""
    return [process for process in psutil.Process().children() if _is_engine(process)]


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "multiprocessing.spawn" in " ".join(process.cmdline())
    except psutil.Error:  # it died, and its parent has yet to look
        return False


def stand_ins(devices: Mapping[str, dict[str, object]] | None, options: dict[str, object]) -> dict[str, EngineSpec]:
    """The stand-in engine with `options`, on one device, or on each of `devices` with what is particular to it."""
    return {name: EngineSpec("fake", {**MARKS, **options, **own}) for name, own in (devices or {"cpu": {}}).items()}


def begin(outage: Path, reason: str) -> None:
    """What the engines that wait while this file exists wait for; with its content at once, or they would read half of it."""
    half = outage.with_suffix(".half")
    half.write_text(reason, encoding="utf-8")
    half.replace(outage)


MakeBench = Callable[..., Bench]
