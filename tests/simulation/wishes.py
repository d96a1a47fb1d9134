"""What came of the documents that people had tried again or read anew."""

from __future__ import annotations

from collections import Counter

from simulation.people import Wish
from simulation.plan import Act, Plan
from simulation.store import Bucket
from simulation.written import LAYOUT, Written, finished_generations

from watcher.domain.claim import Outcome
from watcher.storage.memory import Conditions


def check_wishes(plan: Plan, bucket: Bucket, logs: dict[str, list[Written]]) -> Counter[str]:
    """Violations go to the history; returned is what is counted only."""
    events: Counter[str] = Counter()
    for log, written in logs.items():
        generations = [one.entry.generation for one in written]
        if plan.conditions is Conditions.ATOMIC and generations != sorted(generations):
            bucket.history.violation(f"{log} forgot a generation: {generations}")
        finished = finished_generations(bucket, log)
        for generation in range(1, generations[-1]):
            if generation not in finished:
                bucket.history.violation(f"{log}: generation {generation} was never finished, and another was begun")
        events["finished readings but the first"] += len(finished.keys() - {1})
        if generations[-1] > 1 and generations[-1] not in finished:
            events[f"readings anew that ended as {written[-1].entry.outcome.value}"] += 1
    for wish in bucket.people.wishes:
        events[f"told that it will be read: {wish.act.value}"] += 1
        if not bucket.history.faults and not any(drop.taken for drop in bucket.people.drops if drop.key == wish.key):
            events["wishes that nothing came in the way of"] += 1
            _check_fulfilled(bucket, wish, {log: written for log, written in logs.items() if log.startswith(_logs_of(wish))})
    return events


def _check_fulfilled(bucket: Bucket, wish: Wish, logs: dict[str, list[Written]]) -> None:
    if sum(map(len, logs.values())) <= wish.entries:
        bucket.history.violation(f"nobody took up the {wish.act.value} of {wish.key}")
    if wish.act is Act.REDO and any(written[-1].entry.outcome is Outcome.GONE for written in logs.values()):
        bucket.history.violation(f"the {wish.act.value} of {wish.key} came to nothing")


def _logs_of(wish: Wish) -> str:
    return f"{LAYOUT.claims}{wish.key.removeprefix(LAYOUT.incoming)}/"
