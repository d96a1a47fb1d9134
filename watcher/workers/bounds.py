"""What the kernel allows a child process, set by the child itself before it runs anything."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from watcher.workers.cores import use

_CPU_GRACE_SECONDS = 10
"""The caller's own deadline comes first: it kills at once and can tell why. This is for a child whose parent is frozen or too busy to look."""


@dataclass(frozen=True)
class Bounds:
    """`memory_bytes` of address space, `file_bytes` of the largest file it writes, `open_files` at a time; None: as the system has it.

    `processors`: how many it may keep busy at once; None: all that there are.
    `cores`: those that it may use; none: those of its parent.
    """

    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None
    processors: int | None = None
    cores: frozenset[int] = frozenset()

    def apply(self) -> None:
        """Also forbids core dumps, which would put a document's content on the disk."""
        use(self.cores)
        _lower(resource.RLIMIT_CORE, 0)
        for kind, bound in (
            (resource.RLIMIT_AS, self.memory_bytes),
            (resource.RLIMIT_FSIZE, self.file_bytes),
            (resource.RLIMIT_NOFILE, self.open_files),
        ):
            if bound is not None:
                _lower(kind, bound)

    @contextmanager
    def processor_time(self, seconds: float) -> Iterator[None]:
        """Within it the kernel ends this process by SIGXCPU after the processor time of `seconds` of work and some grace.

        The kernel counts from the start of the process, so the bound is moved on before each call and lifted after it.
        """
        unbounded, hard = resource.getrlimit(resource.RLIMIT_CPU)
        processors = self.processors or os.cpu_count() or 1
        used = resource.getrusage(resource.RUSAGE_SELF)
        bound = math.ceil(used.ru_utime + used.ru_stime + seconds * processors) + _CPU_GRACE_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (_at_most(bound, hard), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_CPU, (unbounded, hard))


def _lower(kind: int, bound: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = _at_most(bound, hard)
    resource.setrlimit(kind, (allowed, allowed))


def _at_most(bound: int, hard: int) -> int:
    return bound if hard == resource.RLIM_INFINITY else min(bound, hard)
