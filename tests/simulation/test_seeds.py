"""A thousand histories of 2 to 6 replicas over a store that loses, delays and repeats, and people who replace and delete."""

from __future__ import annotations

import pytest
from simulation.plan import plan_of
from simulation.world import simulate

from watcher.storage.memory import Conditions

SEEDS = 1000
SEEDS_WITH_BIDS = 400
CASES = 10


@pytest.mark.parametrize("case", range(CASES))
def test_no_history_breaks_a_promise(case: int) -> None:
    broken = {seed: outcome.violations[0] for seed in range(case, SEEDS, CASES) if (outcome := simulate(plan_of(seed))).violations}
    assert not broken, "see `make sim`, or `python -m simulation --seed N --verbose`"


@pytest.mark.parametrize("conditions", [Conditions.SEQUENTIAL, Conditions.IGNORED], ids=lambda conditions: conditions.value)
@pytest.mark.parametrize("case", range(CASES))
def test_no_history_breaks_a_promise_where_the_store_does_not_enforce_conditions(case: int, conditions: Conditions) -> None:
    plans = (plan_of(seed).without(conditions=conditions) for seed in range(case, SEEDS_WITH_BIDS, CASES))
    broken = {plan.seed: outcome.violations[0] for plan in plans if (outcome := simulate(plan)).violations}
    assert not broken, f"see `python -m simulation --conditions {conditions.value} --seed N --verbose`"


@pytest.mark.parametrize("seed", [3, 42, 463])
def test_a_seed_tells_the_same_history_each_time(seed: int) -> None:
    first, second = (simulate(plan_of(seed), verbose=True).history for _ in range(2))
    assert first == second
    assert len(first) > 50
