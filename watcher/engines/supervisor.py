"""One engine in one child process: loaded, tried out, called within deadlines, and replaced when it breaks or grows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.errors import ErrorCode
from watcher.engines import child
from watcher.engines.port import (
    EngineFaultError,
    EngineMemoryError,
    EngineSpec,
    EngineWaitError,
    PageImage,
    PageReading,
    PlacedBlock,
    Revision,
)
from watcher.engines.state import EngineState
from watcher.workers.pool import (
    ChildCrashedError,
    ChildError,
    ChildPool,
    ChildPoolClosedError,
    ChildTimeoutError,
    ChildUnstartableError,
)

_LOOK_SECONDS = 10.0
"""Between looks at the memory of what the child started: each goes through all processes of the machine while the engine has nothing to do."""
_P = TypeVar("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class EngineLimits:
    """A call holds at most `batch_pages`; one that is not full waits `gather_seconds` for each further page.

    `page_seconds` for each page of a call, and `call_seconds` for the call; `load_seconds` for loading and for trying out.

    `recycle_*`: replaced between calls, beyond so much. After a failed load it waits `restart_seconds`, twice as long after each further
    one, at most `restart_max_seconds`.
    """

    batch_pages: int
    gather_seconds: float
    page_seconds: float
    call_seconds: float
    load_seconds: float
    recycle_pages: int
    recycle_bytes: int
    restart_seconds: float
    restart_max_seconds: float


class EngineUnavailableError(Exception):
    """No engine is there to read with, through no fault of the document. The text says why."""


class FailedCallError(Exception):
    """A call failed, by one of its pages or not. `reason` holds no document text."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(f"{code.value}: {reason}")
        self.code = code
        self.reason = reason


class UnservedCallError(Exception):
    """What the engine depends on did not serve this call, though it serves. The text says why; no page is to blame."""


class Supervisor:
    """`load` and `read` belong to one thread; `state` and `close` to any."""

    def __init__(self, spec: EngineSpec, limits: EngineLimits, clock: Clock, log: FilteringBoundLogger) -> None:
        self._limits = limits
        self._clock = clock
        self._log = log.bind(engine=spec.name)
        self._pool = ChildPool(
            f"engine {spec.name}",
            processes=1,
            memory_bytes=None,  # its models decide; growth is answered by recycling
            calls_per_child=0,
            initializer=child.load,
            initargs=(spec,),
            start_seconds=limits.load_seconds,
        )
        self._lock = threading.Lock()
        self._state = EngineState()
        self._pages_since_load = 0
        self._fruitless_loads = 0
        self._broken = False  # the next load is a restart
        self._fresh = True  # the child has not been tried out
        self._bounded_bytes = True
        self._looked_at = float("-inf")

    @property
    def state(self) -> EngineState:
        with self._lock:
            return self._state

    def load(self) -> None:
        """Starts the engine where it does not run, and tries it out. Raises EngineUnavailableError, whose text is then also the state's reason."""
        if not self.state.waits:
            self._log.info("engine_loading")
        started = self._clock.monotonic()
        if self._broken:
            self._set(restarts=self.state.restarts + 1)
        try:
            info = self._pool.call(child.try_out, seconds=self._limits.load_seconds + self._limits.call_seconds)
            restructures = self._pool.call(child.restructures, seconds=self._limits.load_seconds)
        except ChildPoolClosedError as error:
            raise EngineUnavailableError("the engine was stopped") from error
        except Exception as error:
            raise self._not_loaded(error) from error
        self._broken = False
        self._fruitless_loads = 0
        held = self._pool.memory_bytes()
        if self._fresh:
            self._fresh = False
            self._pages_since_load = 0
            self._looked_at = float("-inf")
            self._bounded_bytes = held <= self._limits.recycle_bytes
            if not self._bounded_bytes:
                self._log.warning("engine_larger_than_its_limit", bytes=held, limit=self._limits.recycle_bytes)
        self._set(phase="ready", reason="", info=info, restructures=restructures, waits=False)
        self._log.info("engine_ready", version=info.version, seconds=round(self._clock.monotonic() - started, 3), bytes=held)

    def restart_delay(self) -> float:
        """Seconds to wait before the next load."""
        if self._fruitless_loads == 0:
            return 0.0
        doublings = min(self._fruitless_loads - 1, 60)
        return min(self._limits.restart_seconds * 2.0**doublings, self._limits.restart_max_seconds)

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        """One reading per page. Raises FailedCallError, after which the state tells whether to load again, UnservedCallError, or EngineUnavailableError."""
        readings = self._call(child.read, tuple(pages), self._limits.call_seconds + self._limits.page_seconds * len(pages))
        self._pages_since_load += len(pages)
        self._recycle()
        return readings

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        """Of all pages of one document; it may take as long as one page. Raises as `read` does."""
        return self._call(child.restructure, pages, self._limits.page_seconds)

    def _call(self, function: Callable[[Sequence[_P]], list[_T]], pages: Sequence[_P], seconds: float) -> list[_T]:
        if self._pool.lost_child:  # it died while idle: the next one is tried out before it is given pages
            self._lose()
            self.load()
        try:
            return self._pool.call(function, pages, seconds=seconds)
        except ChildPoolClosedError as error:
            raise EngineUnavailableError("the engine was stopped") from error
        except ChildUnstartableError as error:  # it died just now
            raise self._not_loaded(error) from error
        except (ChildCrashedError, ChildTimeoutError) as error:
            self._lose()
            raise FailedCallError(_code(error), _reason(error)) from error
        except EngineWaitError as error:
            self._check()
            raise UnservedCallError(str(error)) from error
        except Exception as error:
            self._check()
            code = ErrorCode.ENGINE_MEMORY if isinstance(error, EngineMemoryError) else ErrorCode.ENGINE_ERROR
            raise FailedCallError(code, _reason(error) if isinstance(error, EngineFaultError) else type(error).__name__) from error

    def memory_bytes(self) -> int:
        """Resident, of the child and of what it started."""
        return self._pool.memory_bytes()

    def close(self) -> None:
        self._pool.close()

    def _check(self) -> None:
        """Some engines cannot go on after an exception (a GPU in error refuses every further page): they are replaced. Others have to wait."""
        try:
            self._pool.call(child.try_out, seconds=self._limits.load_seconds + self._limits.call_seconds)
        except ChildPoolClosedError as error:
            raise EngineUnavailableError("the engine was stopped") from error
        except EngineWaitError as error:
            raise self._has_to_wait(error) from error
        except Exception as error:
            self._log.warning("engine_spoilt", reason=type(error).__name__)
            self._broken = True
            self._replace()

    def _recycle(self) -> None:
        if self._pages_since_load >= self._limits.recycle_pages:
            self._log.info("engine_recycled", pages=self._pages_since_load)
        elif self._bounded_bytes and (held := self._held()) > self._limits.recycle_bytes:
            self._log.info("engine_recycled", bytes=held)
        else:
            return
        self._replace()

    def _held(self) -> int:
        """Bytes of the child; now and then also of what it started."""
        now = self._clock.monotonic()
        everything = now - self._looked_at >= _LOOK_SECONDS
        if everything:
            self._looked_at = now
        return self._pool.memory_bytes(started=everything)

    def _replace(self) -> None:
        self._pool.restart()
        self._fresh = True
        self._set(phase="initializing")

    def _lose(self) -> None:
        self._broken = self._fresh = True
        self._set(phase="initializing")

    def _not_loaded(self, error: Exception) -> EngineUnavailableError:
        cause = error.__cause__ if isinstance(error, ChildUnstartableError) else error
        return self._has_to_wait(cause) if isinstance(cause, EngineWaitError) else self._failed(_reason(error))

    def _has_to_wait(self, error: EngineWaitError) -> EngineUnavailableError:
        """The child is as good as it was, and stays."""
        reason = str(error)
        self._fruitless_loads += 1
        self._broken = False
        if not self.state.waits or self.state.reason != reason:
            self._log.warning("engine_waits", reason=reason)
        self._set(phase="initializing", reason=reason, waits=True)
        return EngineUnavailableError(reason)

    def _failed(self, reason: str) -> EngineUnavailableError:
        self._fruitless_loads += 1
        self._broken = self._fresh = True
        self._pool.restart()
        self._set(phase="failed", reason=reason, waits=False)
        self._log.error("engine_failed", reason=reason, retry_seconds=self.restart_delay())
        return EngineUnavailableError(reason)

    def _set(self, **changes: object) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]


def _code(error: ChildError) -> ErrorCode:
    return ErrorCode.ENGINE_TIMEOUT if isinstance(error, ChildTimeoutError) else ErrorCode.ENGINE_CRASHED


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ChildError) else f"{type(error).__name__}: {error}"
