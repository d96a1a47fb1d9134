"""A clock that tests set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from watcher.domain.clock import Clock

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass
class SetClock:
    """`skew` is by how many seconds this replica's wall clock is wrong."""

    seconds: float = 0.0
    skew: float = 0.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.seconds, lambda: START + timedelta(seconds=self.seconds + self.skew))

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
