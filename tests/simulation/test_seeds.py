"""A thousand histories of 2 to 6 replicas over a store that loses, delays and repeats, and people who replace and delete."""

from __future__ import annotations

import pytest
from simulation.plan import plan_of
from simulation.world import simulate

SEEDS = 1000
CASES = 10


@pytest.mark.parametrize("case", range(CASES))
def test_no_history_breaks_a_promise(case: int) -> None:
    broken = {seed: outcome.violations[0] for seed in range(case, SEEDS, CASES) if (outcome := simulate(plan_of(seed))).violations}
    assert not broken, "see `make sim`, or `python -m simulation --seed N --verbose`"


@pytest.mark.parametrize("seed", [3, 42, 463])
def test_a_seed_tells_the_same_history_each_time(seed: int) -> None:
    first, second = (simulate(plan_of(seed), verbose=True).history for _ in range(2))
    assert first == second
    assert len(first) > 50
