"""The simulator notices mistakes: each of these, planted into the real code, breaks a promise within 5,000 seeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from simulation.mistakes import MISTAKES
from simulation.plan import plan_of
from simulation.world import simulate

SEEDS = 5000


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_planted_mistake_is_caught(mistake: Callable[[], AbstractContextManager[None]]) -> None:
    with mistake():
        caught = next((seed for seed in range(SEEDS) if simulate(plan_of(seed)).violations), None)
    assert caught is not None
