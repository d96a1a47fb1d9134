"""Model servers beside the test, with real processes of a stand-in that misbehaves, and what can be seen of them."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import structlog
from servers.s3_server import free_port
from structlog.typing import EventDict

from watcher.domain.clock import Clock
from watcher.engines.model_servers.local import ModelServer, ServerLimits

STUBBORN = Path(__file__).parents[1] / "servers" / "stubborn.py"
LIMITS: dict[str, float] = {"start": 30.0, "hung": 30.0, "stop": 5.0, "look": 0.1, "restart": 0.05, "restart_max": 0.2}
WAIT_SECONDS = 60.0


class Bench:
    """Model servers that are closed at the end, and the events that they log."""

    def __init__(self, stack: ExitStack) -> None:
        self.events: list[EventDict] = []
        self.port = free_port()
        self._stack = stack
        self._log = structlog.wrap_logger(None, processors=[self._record], wrapper_class=structlog.make_filtering_bound_logger(0))

    def _record(self, _: object, name: str, event: EventDict) -> EventDict:
        self.events.append({**event, "level": name})
        raise structlog.DropEvent

    def started(self, command: str, environ: dict[str, str] | None = None, **limits: float) -> ModelServer:
        clock = Clock(time.monotonic, lambda: datetime.now(timezone.utc))
        url = f"http://127.0.0.1:{self.port}/v1"
        variables = dict(os.environ) if environ is None else environ
        server = ModelServer(command, url, ServerLimits(**{**LIMITS, **limits}), clock, lambda: 0.0, self._log, variables)
        self._stack.callback(server.close)
        server.start()
        return server

    def stubborn(self, *habits: str, **limits: float) -> ModelServer:
        return self.started(shlex.join([sys.executable, str(STUBBORN), str(self.port), *habits]), **limits)

    def named(self, event: str) -> list[EventDict]:
        return [found for found in self.events if found["event"] == event]

    def processes(self) -> list[psutil.Process]:
        """Whatever runs for this bench, below this process or elsewhere."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if str(self.port) in (process.info["cmdline"] or []) and process.status() != psutil.STATUS_ZOMBIE
        ]


def wait_until(happened: Callable[[], Any], why: str = "it did not happen") -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := happened()):
        assert time.monotonic() < deadline, why
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_ready(server: ModelServer) -> Callable[[], bool]:
    return lambda: server.state.phase == "ready"


def has_failed(server: ModelServer) -> Callable[[], bool]:
    return lambda: server.state.phase == "failed"
