"""Everything that an attempt works with, as one value."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.page import EngineInfo
from watcher.domain.retry import RetryPolicy
from watcher.engines.recogniser import EngineUnavailableError
from watcher.lease.keeper import Keep
from watcher.metrics import Metrics
from watcher.pipeline.mirror import Mirror
from watcher.pipeline.ports import Parser, Recogniser
from watcher.pipeline.retain import SourceRemover
from watcher.storage.port import Store

Retention = Literal["archive", "keep", "delete"]


class GivenBackError(Exception):
    """The daemon is ending: the document goes back for another replica to go on with."""


class SourceGoneError(Exception):
    """A person took the document out of the inbox while it was read."""


def engine_info(recogniser: Recogniser) -> EngineInfo:
    """Raises `EngineUnavailableError` where no engine has ever told what it is."""
    info = recogniser.state.info
    if info is None:
        raise EngineUnavailableError("the engine is not loaded")
    return info


@dataclass(frozen=True)
class Rules:
    """The settings that an attempt obeys. `options` are those that may change results: the manifest tells them, and `omit_labels`."""

    retention: Retention
    policy: RetryPolicy
    file_bytes: int
    window_pages: int
    render_pages: int
    failed_pages_percent: float
    free_handovers: int
    options: dict[str, str | int | float | bool]
    omit_labels: frozenset[str]


@dataclass(frozen=True)
class Bench:
    """Shared by all attempts of this replica. `uploads` must start tasks in the order of their submission."""

    store: Store
    layout: Layout
    rules: Rules
    parser: Parser
    recogniser: Recogniser
    uploads: Executor
    remover: SourceRemover
    keep: Keep
    mirror: Mirror | None
    scratch: Path
    clock: Clock
    jitter: Callable[[], float]
    log: FilteringBoundLogger
    metrics: Metrics
    give_back: threading.Event
