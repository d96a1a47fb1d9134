"""Which processor cores the daemon's own threads use, and which it leaves to what it starts.

Python lets one thread run at a time. On one core each hands over to the next without waking another core, which takes longer than what most of
them then do: docs/performance.md has the figures.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable
from contextlib import suppress

_taken: set[int] = set()  # from this process; affinity is the process's, and so is this


def allowed() -> frozenset[int]:
    """Those that the calling thread may run on; none where the system does not tell."""
    if sys.platform.startswith("linux"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset()


def stay_on_one() -> None:
    """Keeps the calling thread, and all that it starts from now on, on one core.

    Any of them: where the kernel has put it, others that also start while nothing is to do would be too.
    """
    if cores := sorted(allowed()):
        _taken.update(cores)
        use([random.choice(cores)])  # noqa: S311  # no secret


def given() -> frozenset[int]:
    """Those that this process had before it kept to one, for what it starts. None where it never did: what it starts then has what it has itself."""
    return frozenset(_taken)


def use(cores: Iterable[int]) -> None:
    """Of the calling thread and of what it starts from now on. Nothing happens where there are none, or the kernel refuses them."""
    chosen = set(cores)
    if chosen and sys.platform.startswith("linux"):
        with suppress(OSError):  # they may have been taken away meanwhile
            os.sched_setaffinity(0, chosen)
