"""What follows from a temporary fault."""

from __future__ import annotations

import pytest

from watcher.domain.retry import RetryPolicy

POLICY = RetryPolicy(max_attempts=3, backoff_seconds=30, backoff_max_seconds=100)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 30), (1, 30), (2, 60), (3, 100), (2000, 100)])
def test_waits_double_up_to_the_longest(attempts: int, seconds: float) -> None:
    assert POLICY.delay(attempts, jitter=0) == seconds


def test_jitter_takes_up_to_half_off() -> None:
    assert POLICY.delay(1, jitter=0.5) == 22.5
    assert POLICY.delay(1, jitter=1) == 15


@pytest.mark.parametrize(("attempts", "spent"), [(0, False), (2, False), (3, True), (4, True)])
def test_attempts_are_spent_at_their_limit(attempts: int, spent: bool) -> None:
    assert POLICY.spent(attempts) is spent
