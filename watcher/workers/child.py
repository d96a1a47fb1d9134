"""What happens inside a child process: how it is made harmless before it runs anything, and how errors leave it."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from watcher.workers.bounds import Bounds
from watcher.workers.secrecy import forget_secrets

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_bounds: Bounds | None = None


def prepare(parent: int, bounds: Bounds, initializer: Callable[..., object] | None, initargs: tuple[object, ...]) -> int:
    """Runs first in every child. `parent` is the process id it must not outlive; returns the child's own.

    Whatever `initializer` raises is raised; the `bounds` hold for it, too, but for that on processor time.
    """
    global _bounds
    _bounds = bounds
    _die_with(parent)
    forget_secrets()
    bounds.apply()
    if initializer is not None:
        _portable(initializer, initargs)
    return os.getpid()


def run(function: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
    """`function(*args)` with the processor time that `seconds` allow.

    An exception that would not survive pickling is replaced by a RuntimeError with its type and text.
    """
    if _bounds is None:
        sys.exit("a child that was not prepared runs nothing")  # pebble replaces a child that exited with 0 by itself
    with _bounds.processor_time(seconds):
        return _portable(function, args)


def _portable(function: Callable[..., T], args: tuple[object, ...]) -> T:
    try:
        return function(*args)
    except Exception as error:
        if _survives_pickling(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _survives_pickling(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes; an error in the parent's pickle would break its pipe
    except Exception:
        return False
    return True


def _die_with(parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)
