"""A failing plan made small: fewer replicas, documents, acts of people and faults, as long as it still fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from simulation.plan import Act, FaultId, Plan
from simulation.world import Outcome, simulate

MAX_RUNS = 400


def shrink(failed: Outcome) -> Outcome:
    """The smallest run found that breaks the same promise."""
    wanted = _what(failed)
    best = replace(failed, plan=replace(failed.plan, allowed=frozenset(failed.fired)))
    runs = 0
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(best):
            runs += 1
            if runs > MAX_RUNS:
                return best
            outcome = simulate(smaller)
            if outcome.violations and _what(outcome) == wanted:
                best = replace(outcome, plan=replace(smaller, allowed=frozenset(outcome.fired)))
                progress = True
                break
    return best


def _what(outcome: Outcome) -> str:
    """The kind of the first violation, whatever it befell."""
    return re.sub(r"\S*\d\S*", "", outcome.violations[0]).split("\n", maxsplit=1)[0]


def _smaller(outcome: Outcome) -> Iterator[Plan]:
    plan = outcome.plan
    faults = [id for id in outcome.fired if plan.allowed is None or id in plan.allowed]
    for part in _halves(faults):
        yield replace(plan, allowed=frozenset(faults) - set(part))
    if plan.replicas > 2:
        yield replace(plan, replicas=plan.replicas - 1)
    for name in sorted({action.name for action in plan.actions if action.act is Act.DROP}):
        yield _with_actions(plan, lambda action, name=name: action.name != name)
    for left_out in plan.actions:
        yield _with_actions(plan, lambda action, left_out=left_out: action is not left_out)
    if plan.concurrent_uploads:
        yield replace(plan, concurrent_uploads=False)
    if plan.documents > 1:
        yield replace(plan, documents=1)


def _with_actions(plan: Plan, keep: Callable[..., bool]) -> Plan:
    return replace(plan, actions=tuple(action for action in plan.actions if keep(action)))


def _halves(faults: list[FaultId]) -> Iterator[list[FaultId]]:
    """All of them, then halves, quarters, down to single ones."""
    size = len(faults)
    while size >= 1:
        for start in range(0, len(faults), size):
            yield faults[start : start + size]
        size = size // 2
