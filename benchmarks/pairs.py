"""Ratios of two measurements that were taken one right after the other, so that a busy machine weighs on both alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.row import Goal, Plan, Result


@dataclass(frozen=True)
class Pairs:
    """What was measured in each pair, in one unit: ours, and the plain alternative."""

    ours: tuple[float, ...]
    plain: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(ours / plain for ours, plain in zip(self.ours, self.plain, strict=True))

    def result(
        self,
        name: str,
        against: str,
        unit: str,
        goal: Goal | None = None,
        counted: dict[str, tuple[float, ...]] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Result:
        """The ratios as a line of the table; `unit` is that of both measurements, `counted` what else was seen."""
        measured = {f"ours, {unit}": self.ours, f"plain, {unit}": self.plain, **(counted or {})}
        return Result(name=name, against=against, figures=self.ratios, goal=goal, measured=measured, notes=notes)


def measure_pairs(plan: Plan, name: str, ours: Callable[[], float], plain: Callable[[], float]) -> Pairs:
    """Takes turns, ours first; `plain` may use what `ours` left behind."""
    measured = []
    for number in range(1, plan.pairs + 1):
        plan.tell(f"{name}: pair {number} of {plan.pairs}, ours")
        first = ours()
        plan.tell(f"{name}: pair {number} of {plan.pairs}, plain ({first:.3g} ours)")
        measured.append((first, plain()))
    return Pairs(tuple(first for first, _ in measured), tuple(second for _, second in measured))
