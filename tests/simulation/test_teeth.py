"""The simulator notices mistakes: each of these, planted into the real code, breaks a promise within 5,000 seeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import chain

import pytest
from simulation import mistaken_wishes, mistakes
from simulation.history import OWN_ERROR
from simulation.plan import plan_of
from simulation.world import simulate

SEEDS = 5000
SELDOM = {mistakes.source_covered_by_a_marker: 2900}
"""Where to begin with those that were caught late, so that the test need not run thousands of seeds while the histories stay the same."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mistake", [*mistakes.MISTAKES, *mistaken_wishes.MISTAKES], ids=lambda mistake: mistake.__name__)
def test_a_planted_mistake_is_caught(mistake: Callable[[], AbstractContextManager[None]]) -> None:
    start = SELDOM.get(mistake, 0)
    with mistake():
        caught = next((seed for seed in chain(range(start, SEEDS), range(start)) if _breaks_a_promise(seed)), None)
    assert caught is not None


def _breaks_a_promise(seed: int) -> bool:
    """An exception would only tell that the mistake was planted badly."""
    violations = simulate(plan_of(seed)).violations
    return bool(violations) and OWN_ERROR not in violations[0]
