"""Seeds in processes of their own."""

from __future__ import annotations

import os
from multiprocessing.sharedctypes import Synchronized

from simulation.plan import plan_of
from simulation.world import Outcome, simulate

from watcher.storage.memory import Conditions


def stay_on_one_processor(number: int) -> None:
    """Handing the baton from thread to thread costs a tenth where they never move."""
    if hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[number % len(processors)]})


def settle(taken: Synchronized[int]) -> None:
    """Of several processes each on a processor of its own; `taken` counts them."""
    with taken.get_lock():
        stay_on_one_processor(taken.value)
        taken.value += 1


def run(seeds: range, conditions: Conditions = Conditions.ATOMIC) -> list[Outcome]:
    return [simulate(plan_of(seed).without(conditions=conditions)) for seed in seeds]
