"""The most memory that the processes took which were started meanwhile, each at its own peak."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_TICK_SECONDS = 0.1


@dataclass
class Peaks:
    """In kB by process, as the kernel keeps them (VmHWM): looking now and then misses none of a process that lives a little."""

    by_process: dict[int, int] = field(default_factory=dict)

    @property
    def megabytes(self) -> float:
        """Of all of them together, in MB (10^6 bytes)."""
        return sum(self.by_process.values()) * 1024 / 1e6


@contextmanager
def peaks_of_children() -> Iterator[Peaks]:
    """Of all processes that are started below this one while the block runs."""
    peaks = Peaks()
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_TICK_SECONDS):
            for process in psutil.Process().children(recursive=True):
                if process.pid not in before and (peak := _high_water(process.pid)):
                    peaks.by_process[process.pid] = peak

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
