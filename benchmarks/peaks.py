"""The most memory that processes which were started meanwhile held together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICK_SECONDS = 0.1


@dataclass
class Peak:
    """`kilobytes`: of those that lived at the same time, each counted at the most that it ever held, as the kernel keeps it (VmHWM): so that looking now
    and then misses no peak, and a process that takes another's place is not counted beside it."""

    kilobytes: int = 0

    @property
    def megabytes(self) -> float:
        """In MB (10^6 bytes)."""
        return self.kilobytes * 1024 / 1e6

    def see(self, held: int) -> None:
        self.kilobytes = max(self.kilobytes, held)


@contextmanager
def peak_of_children() -> Iterator[Peak]:
    """Of all processes that are started below this one while the block runs."""
    peak = Peak()
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_TICK_SECONDS):
            started = [process.pid for process in psutil.Process().children(recursive=True) if process.pid not in before]
            peak.see(sum(map(_high_water, started)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
