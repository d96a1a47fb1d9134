"""Time as a value that is passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Clock:
    """`monotonic` in seconds, for leases and deadlines of this process alone; `now` aware UTC, for people and for hints that may be wrong."""

    monotonic: Callable[[], float]
    now: Callable[[], datetime]
