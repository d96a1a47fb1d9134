"""`python -m simulation --seeds 10000`: runs seeds in two processes; the first that fails is shrunk and its history printed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from multiprocessing import get_context

from simulation.plan import Plan, plan_of
from simulation.runner import run, settle, stay_on_one_processor
from simulation.shrink import shrink
from simulation.world import Outcome, simulate

from watcher.storage.memory import Conditions

PROCESSES = 2
BATCH = 50
IDLE = (" list incoming/", " list claims/")
"""What every replica asks again and again: left out of the history of a shrunk plan."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation", description="Histories of the daemon over a store that lies, and what they break.")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument(
        "--conditions", type=Conditions, choices=list(Conditions), default=Conditions.ATOMIC, help="how the store takes If-None-Match"
    )
    parser.add_argument("--verbose", action="store_true", help="print the history of --seed")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.conditions, arguments.verbose)
    return _many(range(arguments.start, arguments.start + arguments.seeds), arguments.conditions)


def _one(seed: int, conditions: Conditions, verbose: bool) -> int:
    stay_on_one_processor(0)
    outcome = simulate(plan_of(seed).without(conditions=conditions), verbose=verbose)
    if verbose:
        print(*outcome.history, sep="\n")
    if outcome.violations:
        _explain(outcome)
        return 1
    print(f"seed {seed}: no promise broken; {_counts(outcome.faults)}; {_counts(outcome.events)}")
    return 0


def _many(seeds: range, conditions: Conditions) -> int:
    began = time.monotonic()
    faults: Counter[str] = Counter()
    events: Counter[str] = Counter()
    failed: list[Outcome] = []
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    context = get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=settle, initargs=(context.Value("i", 0),)) as pool:
        for outcome in chain.from_iterable(pool.map(partial(run, conditions=conditions), batches)):
            faults += outcome.faults
            events += outcome.events
            if outcome.violations:
                failed.append(outcome)
                print(f"seed {outcome.plan.seed}: {outcome.violations[0].splitlines()[0]}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(seeds)} seeds from {seeds.start} in {seconds:.0f} s: {1000 * seconds / len(seeds):.1f} s for a thousand")
    print("faults injected:", _counts(faults))
    print("counted at the end:", _counts(events))
    if failed:
        print(f"{len(failed)} seeds broke a promise; the first of them:")
        _explain(failed[0])
        return 1
    print("no promise broken")
    return 0


def _explain(outcome: Outcome) -> None:
    small = shrink(outcome)
    history = simulate(small.plan, verbose=True).history
    print(*(line for line in history if not line.endswith(IDLE)), sep="\n")
    print(f"\nseed {outcome.plan.seed}, shrunk to {_described(small.plan)}:")
    print(*(f"  {violation}" for violation in small.violations), sep="\n")


def _described(plan: Plan) -> str:
    faults = len(plan.allowed or ())
    return f"{plan.replicas} replicas, {len(plan.actions)} acts of people, {faults} faults; {replace(plan, actions=(), allowed=None)}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"


if __name__ == "__main__":
    sys.exit(main())
