"""Ratios of two measurements that were taken one right after the other, so that a busy machine weighs on both alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """What was measured in each pair, in `unit`: ours, and the plain alternative."""

    name: str
    unit: str
    ours: tuple[float, ...]
    plain: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(ours / plain for ours, plain in zip(self.ours, self.plain, strict=True))

    def __str__(self) -> str:
        low, middle, high = min(self.ratios), median(self.ratios), max(self.ratios)
        return (
            f"{self.name}: {median(self.ours):.1f} {self.unit}, plain {median(self.plain):.1f} {self.unit}; "
            f"ratio {middle:.3f} ({low:.3f} to {high:.3f}, {len(self.ratios)} pairs)"
        )


def measure_pairs(name: str, unit: str, pairs: int, ours: Callable[[], float], plain: Callable[[], float]) -> Row:
    """Takes turns, ours first; `plain` may use what `ours` left behind."""
    measured = [(ours(), plain()) for _ in range(pairs)]
    return Row(name, unit, tuple(first for first, _ in measured), tuple(second for _, second in measured))
