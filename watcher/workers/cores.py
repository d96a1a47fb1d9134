"""Which processor cores the daemon's own threads use, and which it leaves to what it starts.

Python lets one thread run at a time. On one core each hands over to the next without waking another core, which takes longer than what most of
them then do: docs/performance.md has the figures.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROCESSOR = 36  # of the fields after the name in /proc/[pid]/stat (proc_pid_stat(5)): the core that it last ran on


def _given() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else frozenset()


GIVEN = _given()
"""Those that this process had when it started; none where the system does not tell."""


def stay_on_one() -> None:
    """Keeps the calling thread, and all that it starts from now on, on the core where the kernel has put it."""
    with suppress(OSError, IndexError, ValueError):
        fields = Path("/proc/thread-self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        use({int(fields[_PROCESSOR])} & GIVEN)


def use(cores: Iterable[int]) -> None:
    """Of the calling thread and of what it starts from now on. Nothing happens where there are none, or the kernel refuses them."""
    chosen = set(cores)
    if chosen:
        with suppress(OSError):  # they may have been taken away meanwhile
            os.sched_setaffinity(0, chosen)
