"""What a dispatcher works with where no document is ever opened: everything about claims and the store is real, and there is neither parser nor engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.page import EngineInfo
from watcher.domain.retry import RetryPolicy
from watcher.engines.recogniser import EngineState
from watcher.metrics import Metrics
from watcher.pipeline.bench import Bench, Rules
from watcher.pipeline.retain import RemovalMode, SourceRemover
from watcher.storage.port import Store

LAYOUT = Layout()
POLICY = RetryPolicy(3, 30.0, 3600.0)


class DefectError(BaseException):
    """Nothing goes wrong where nothing is read. No `Exception`: nothing in the daemon may handle it."""


@dataclass
class _Reader:
    """No engine: it only says that it could read."""

    state: EngineState = field(default_factory=lambda: EngineState("ready", info=EngineInfo(name="none", version="0")))


class _Silence:
    """A log that keeps nothing, and takes no warning."""

    def bind(self, **bound: Any) -> _Silence:
        return self

    def debug(self, event: str, **details: Any) -> None:
        pass

    info = debug

    def warning(self, event: str, **details: Any) -> None:
        raise DefectError(f"{event} {details}")

    exception = error = warning


def bare_bench(store: Store, clock: Clock, jitter: Callable[[], float], uploads: Executor, metrics: Metrics) -> Bench:
    nothing: Any = None
    reader: Any = _Reader()
    silence: Any = _Silence()
    return Bench(
        store=store,
        layout=LAYOUT,
        rules=Rules("archive", POLICY, 1 << 30, 8, 8, 5.0, 3, {}, frozenset()),
        parser=nothing,
        recogniser=reader,
        uploads=uploads,
        remover=SourceRemover(store, RemovalMode.CHECKED),
        keep=nothing,
        mirror=None,
        scratch=Path(),
        clock=clock,
        jitter=jitter,
        log=silence,
        metrics=metrics,
        give_back=threading.Event(),
    )
