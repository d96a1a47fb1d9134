"""What follows from a temporary fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """`max_attempts` ends a document for good; waits double from `backoff_seconds` up to `backoff_max_seconds`."""

    max_attempts: int
    backoff_seconds: float
    backoff_max_seconds: float

    def spent(self, attempts: int) -> bool:
        return attempts >= self.max_attempts

    def delay(self, attempts: int, jitter: float) -> float:
        """Seconds to wait after the given number of attempts; `jitter` in [0, 1) takes up to half of it off, so that replicas spread."""
        doublings = min(max(attempts, 1) - 1, 60)
        full = min(self.backoff_max_seconds, self.backoff_seconds * 2.0**doublings)
        return full * (1 - jitter / 2)
