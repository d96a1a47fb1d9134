"""Child processes for work that may hang, crash or grow: every call returns or raises, within its deadline.

Each child runs in a pebble pool of its own with one worker. pebble starts the process, carries calls and results, notices
its death, and ends it (SIGTERM, then SIGKILL after 3 s). Sharing one pebble pool among several children would not do: a
child that dies while idle breaks the whole pool, a failing initializer loses its reason, and its deadlines follow the wall clock.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TypeVar, cast

import psutil
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from watcher.workers.bounds import Bounds
from watcher.workers.child import prepare, run
from watcher.workers.cores import given

T = TypeVar("T")

_TICK_SECONDS = 0.5  # how often a waiting call looks whether its child's pipe is still served
_LEAK_WARNING = "ignore:resource_tracker:UserWarning:multiprocessing.resource_tracker"


class ChildError(Exception):
    """The child failed, as opposed to the function that it ran."""


class ChildCrashedError(ChildError):
    """The child died in the call: by a signal, by an exit code, or out of memory. The text says which."""


class ChildTimeoutError(ChildError):
    """The call ran past its deadline, by the clock or in processor time; its child has been killed."""


class ChildUnstartableError(ChildError):
    """The child cannot be started, or its initializer failed. The text carries the reason."""


class ChildPoolClosedError(ChildError):
    """The pool was closed before the call ended."""


class ChildPool:
    """At most `processes` children, started when first needed and replaced after a crash, a timeout or `calls_per_child` calls (0: never).

    `memory_bytes` bounds each child's address space, the others what `Bounds` says. `initializer(*initargs)` runs once in each new child, within `start_seconds`.
    Functions, arguments, results and exceptions cross by pickle: functions must be importable by name. Thread-safe.
    """

    def __init__(
        self,
        name: str,
        *,
        processes: int,
        memory_bytes: int | None,
        calls_per_child: int,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[object, ...] = (),
        start_seconds: float = 60.0,
        file_bytes: int | None = None,
        open_files: int | None = None,
        processors: int | None = None,
    ) -> None:
        # The kernel ends a child when the *thread* that started it ends, so all are started by one thread that lives as long as the pool.
        self._spawner = ThreadPoolExecutor(1, f"{name}-spawner", initializer=_block_ctrl_c)
        setup = (os.getpid(), Bounds(memory_bytes, file_bytes, open_files, processors, given()), initializer, initargs)
        self._children = [_Child(name, self._spawner, setup, start_seconds) for _ in range(processes)]
        self._calls_per_child = calls_per_child
        self._idle = list(self._children)
        self._worn: set[_Child] = set()  # to be replaced after the call they are in
        self._closed = False
        self._changed = threading.Condition()

    def call(self, function: Callable[..., T], *args: object, seconds: float) -> T:
        """`function(*args)` in a child. Waits for an idle one; neither that nor the child's start counts towards `seconds`.

        Raises the function's own exception, or a ChildError. MemoryError and SystemExit count as a crash: the child is replaced.
        """
        child = self._take()
        try:
            return child.call(function, args, seconds)
        finally:
            self._give_back(child)

    def restart(self) -> None:
        """Replaces the children by fresh ones: idle ones at once, busy ones after the call they are in."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._worn = set(self._children) - set(idle)
        for child in idle:
            child.stop()
        with self._changed:
            self._idle += idle
            self._changed.notify_all()

    @property
    def lost_child(self) -> bool:
        """Whether a child died while nobody called it. The next call would replace it."""
        with self._changed:
            return any(child.lost for child in self._idle)

    def memory_bytes(self, *, started: bool = True) -> int:
        """Resident memory of all children, and of processes that they `started`, which takes a walk through all of the machine's."""
        return sum(_resident_bytes(child.pid, started=started) for child in self._children if child.pid is not None)

    def close(self) -> None:
        """Ends the children; calls that run or wait raise ChildPoolClosedError. Returns when no child is left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            busy = [child for child in self._children if child not in self._idle]
            for child in busy:
                child.interrupt()
            self._changed.wait_for(lambda: len(self._idle) == len(self._children))
        for child in self._children:
            child.stop()
        self._spawner.shutdown()

    def _take(self) -> _Child:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._closed)
            if self._closed:
                raise ChildPoolClosedError("the pool is closed")
            return self._idle.pop()  # the one used last: it is warm

    def _give_back(self, child: _Child) -> None:
        with self._changed:
            worn = child in self._worn or 0 < self._calls_per_child <= child.calls
            self._worn.discard(child)
        if worn:
            child.stop()
        with self._changed:
            self._idle.append(child)
            self._changed.notify_all()


class _Child:
    """One child process at a time. Used by one caller at a time; `interrupt` may come from any thread, once."""

    def __init__(self, name: str, spawner: Executor, setup: tuple[object, ...], start_seconds: float) -> None:
        self.pid: int | None = None
        self.calls = 0  # of the present process
        self._name = name
        self._spawner = spawner
        self._setup = setup
        self._start_seconds = start_seconds
        self._pool: ProcessPool | None = None
        self._future: ProcessFuture[object] | None = None
        self._interrupted = False
        self._lock = threading.Lock()

    @property
    def lost(self) -> bool:
        return self._pool is not None and self._is_gone(self._pool)

    def call(self, function: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
        if self.lost:
            self.stop()
        pool = self._pool or self._start()
        self.calls += 1
        try:
            return cast(T, self._result(pool, run, (function, args, seconds), seconds))
        except ChildError:
            self.stop()
            raise

    def interrupt(self) -> None:
        with self._lock:
            self._interrupted = True
            if self._future is not None:
                self._future.cancel()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Ends the process, by SIGKILL if it does not heed SIGTERM; the next call starts another."""
        pool, self._pool, self.pid, self.calls = self._pool, None, None, 0
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _start(self) -> ProcessPool:
        try:
            pool = self._pool = self._spawner.submit(_started_pool).result()
            self.pid = self._result(pool, prepare, self._setup, self._start_seconds)
        except ChildPoolClosedError:
            self.stop()
            raise
        except Exception as error:
            self.stop()
            reason = str(error) if isinstance(error, ChildError) else f"{type(error).__name__}: {error}"
            raise ChildUnstartableError(f"{self._name} cannot start: {reason}") from error
        return pool

    def _result(self, pool: ProcessPool, function: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
        with self._lock:
            if self._interrupted:
                raise ChildPoolClosedError("the pool is closed")
            try:
                future: ProcessFuture[T] = pool.schedule(function, args)
            except RuntimeError as broken:  # it died since it was asked
                raise ChildCrashedError(f"{self._name} ended before it took the call") from broken
            self._future = future  # type: ignore[assignment]  # only ever cancelled
        error = self._outcome(pool, future, seconds)
        if error is None:
            return future.result()
        if isinstance(error, ProcessExpired) and error.exitcode == -signal.SIGXCPU:
            raise ChildTimeoutError(f"{self._name} used more processor time than {seconds:g} s of work may")
        if isinstance(error, ProcessExpired):
            raise ChildCrashedError(f"{self._name} {_cause_of_death(error.exitcode)}")
        if isinstance(error, BrokenProcessPool):
            raise ChildCrashedError(f"{self._name} ended before it took the call")
        if isinstance(error, MemoryError):
            raise ChildCrashedError(f"{self._name} ran out of the memory it may use") from error
        if not isinstance(error, Exception):
            raise ChildCrashedError(f"{self._name} was ended by {type(error).__name__}") from error
        raise error

    def _outcome(self, pool: ProcessPool, future: ProcessFuture[T], seconds: float) -> BaseException | None:
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                return future.exception(timeout=max(0.0, min(left, _TICK_SECONDS)))
            except CancelledError:
                raise ChildPoolClosedError("the pool is closed") from None
            except FutureTimeoutError:
                if left <= 0:
                    raise ChildTimeoutError(f"{self._name} gave no answer within {seconds:g} s") from None
                if self._is_gone(pool) and not future.done():
                    return ProcessExpired("", code=0)  # type: ignore[no-untyped-call]

    def _is_gone(self, pool: ProcessPool) -> bool:
        """pebble takes exit code 0 for a normal end, and forgets calls that arrive while it breaks down: neither ends a call."""
        return not pool.active or (self.pid is not None and not psutil.pid_exists(self.pid))


def _started_pool() -> ProcessPool:
    pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
    if not pool.active:  # asking starts it
        raise BrokenProcessPool("no process could be started")
    return pool


def _block_ctrl_c() -> None:
    """Ctrl-C reaches the whole terminal group, and children must not heed it: pebble ignores it in them, this covers their start."""
    _start_resource_tracker()  # which would unblock the signal again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _start_resource_tracker() -> None:
    """Python's process that removes the semaphores of a killed daemon: it is to do so without a warning among the log's lines."""
    if _LEAK_WARNING not in sys.warnoptions:  # what processes are started with; this one has read them
        sys.warnoptions.append(_LEAK_WARNING)
    resource_tracker.ensure_running()


def _cause_of_death(exitcode: int) -> str:
    if exitcode >= 0:
        return f"ended with exit code {exitcode}"
    try:
        return f"was killed by {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"was killed by signal {-exitcode}"


def _resident_bytes(pid: int, *, started: bool) -> int:
    try:
        process = psutil.Process(pid)
        family = [process, *(process.children(recursive=True) if started else ())]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
