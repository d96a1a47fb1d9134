"""The model server that runs beside the daemon (`ocr.server.command`): started in the background, looked at, restarted when it breaks, and ended."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.retry import RetryPolicy
from watcher.workers.cores import given, use

_OURS = ("CLOUDRU_", "WATCHER_")  # variables that the server has no business with
_TICK_SECONDS = 0.25
_FLUSH_SECONDS = 5.0
_LAST_LINES = 20
_LINE_BYTES = 2000
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine


@dataclass(frozen=True)
class ServerLimits:
    """Seconds. `start`: until it answers; `hung`: without an answer, once it did; `stop`: from SIGTERM to SIGKILL; `look`: between two looks at its health.

    After it ended it is started again `restart` later, twice as long after each further time, at most `restart_max`.
    """

    start: float
    hung: float
    stop: float
    look: float
    restart: float
    restart_max: float


@dataclass(frozen=True)
class ServerState:
    """`reason` is safe to show: why it is not ready. It holds no path, and nothing that the server said. `served`: it has been ready at least once."""

    phase: Literal["starting", "ready", "failed"] = "starting"
    reason: str = "the model server of ocr.server.command is starting"
    starts: int = 0
    served: bool = False


class ModelServer:
    """`url`, up to /v1, is where the command's server will answer. `start` once; `close` ends all of its processes. Thread-safe."""

    def __init__(
        self,
        command: str,
        url: str,
        limits: ServerLimits,
        clock: Clock,
        jitter: Callable[[], float],
        log: FilteringBoundLogger,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._command = command
        self._url = url
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._backoff = RetryPolicy(0, limits.restart, limits.restart_max)
        self._environment = {name: value for name, value in environ.items() if not name.startswith(_OURS)}
        self._log = log
        self._state = ServerState()
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)

    @property
    def state(self) -> ServerState:
        return self._state

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Returns when no process of the server is left."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        # One thread starts it, looks at it and waits for it: the kernel takes the end of the thread that started a process for its parent's.
        failures = 0
        while not self._closing.is_set():
            began = self._clock.monotonic()
            reason = self._run_once()
            if self._closing.is_set():
                break
            lasted = self._state.phase == "ready" and self._clock.monotonic() - began > self._limits.restart_max
            failures = 1 if lasted else failures + 1
            delay = self._backoff.delay(failures, self._jitter())
            self._state = replace(self._state, phase="failed", reason=reason)
            self._log.error("model_server_failed", reason=reason, last_lines=list(self._said), retry_seconds=delay)
            self._closing.wait(delay)

    def _run_once(self) -> str:
        """Why it is not running any more."""
        use(given())  # the server is to have all cores
        self._said.clear()
        try:
            arguments = self._arguments()
        except ValueError as error:
            return str(error)
        self._log.info("model_server_starting", program=arguments[0])
        self._state = replace(self._state, phase="starting", starts=self._state.starts + 1)
        leash = [sys.executable, "-m", "watcher.workers.leash", str(os.getpid()), str(self._limits.stop)]
        with subprocess.Popen(  # noqa: S603 - whoever sets the command may run what they like
            [*leash, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        ) as process:
            listening = threading.Thread(target=self._listen, args=(process,), name="model-server-output", daemon=True)
            listening.start()
            try:
                return self._watch(process)
            finally:
                self._end(process)
                listening.join(_FLUSH_SECONDS)

    def _arguments(self) -> list[str]:
        try:
            arguments = shlex.split(self._command)
        except ValueError as error:
            raise ValueError(f"ocr.server.command cannot be taken apart: {error}") from None
        if not arguments:
            raise ValueError("ocr.server.command names no program")
        program = shutil.which(arguments[0], path=self._environment.get("PATH"))
        if program is None:
            self._log.error("model_server_not_found", program=arguments[0])
            if Path(arguments[0]).exists():
                raise ValueError("ocr.server.command names a file that is no program, or may not be run")
            raise ValueError("ocr.server.command names a program that is not found: install it, or give its whole path")
        return [program, *arguments[1:]]

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Until it ends, hangs, or is to be closed."""
        started = looked = self._clock.monotonic()
        answered: float | None = None
        fault = "it was not asked yet"
        while not self._closing.wait(_TICK_SECONDS):
            now = self._clock.monotonic()
            if process.poll() is not None:
                return self._told_end(process.returncode, now - started, answered is not None)
            if now - looked < (self._limits.look if answered is not None else min(self._limits.look, 1.0)):
                continue
            looked, fault = now, self._fault()
            if not fault:
                if answered is None:
                    self._log.info("model_server_ready", seconds=now - started)
                    self._state = replace(self._state, phase="ready", reason="", served=True)
                answered = now
            elif answered is None and now - started > self._limits.start:
                return (
                    f"the server of ocr.server.command did not answer within {self._limits.start:g} s (ocr.server.start_seconds): {fault}"
                )
            elif answered is not None and now - answered > self._limits.hung:
                return f"the server of ocr.server.command has not answered for {self._limits.hung:g} s (ocr.server.hung_seconds): {fault}"
        return ""

    def _told_end(self, code: int, seconds: float, had_answered: bool) -> str:
        signalled = -code if code < 0 else code - 128  # the leash itself, or what it held
        how = f"was killed by signal {signalled}" if signalled > 0 else f"ended with exit code {code}"
        before = "" if had_answered else ", before it answered"
        return f"the program of ocr.server.command {how} after {seconds:.0f} s{before}: its last lines stand in the log"

    def _fault(self) -> str:
        """Why it does not count as serving; empty where it does."""
        parts = urlsplit(self._url)
        origin = (parts.scheme, parts.netloc.rpartition("@")[2])
        health = self._status(urlunsplit((*origin, "/health", "", "")))
        if health in (404, 405):  # not every server has it
            health = self._status(urlunsplit((*origin, f"{parts.path}/models", "", "")))
        if isinstance(health, str):
            return f"{origin[1]} {health}"
        return "" if health in (200, 401, 403) else f"{origin[1]} answers {health}"  # who asks for a key is there

    def _status(self, address: str) -> int | str:
        try:
            with _NO_PROXY.open(address, timeout=max(1.0, self._limits.look)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except (OSError, HTTPException, ValueError) as error:
            cause = getattr(error, "reason", error)
            return f"does not answer ({type(cause).__name__})"

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - it was opened with a pipe
        while line := process.stdout.readline(_LINE_BYTES):
            text = line.decode(errors="replace").rstrip()
            if text:
                self._said.append(text)
                self._log.debug("model_server_said", line=text)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(self._limits.stop + 20.0)  # the leash kills after `stop`
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
