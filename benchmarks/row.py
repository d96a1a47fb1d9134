"""What a row of the table is measured with, and what comes of it: each row is one function in a file of its own, `Plan` in, `Result`s out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict
from servers.s3_server import S3Server


class NotMeasuredError(Exception):
    """This machine lacks what the row needs. The text names it, and how to get it."""


class Goal(BaseModel):
    """What the median of a result's figures is to be."""

    model_config = ConfigDict(frozen=True)

    bound: Literal["at least", "at most"]
    value: float

    def reached(self, figure: float) -> bool:
        return figure >= self.value if self.bound == "at least" else figure <= self.value

    def __str__(self) -> str:
        return f"{'>=' if self.bound == 'at least' else '<='} {self.value:g}"


def at_least(value: float) -> Goal:
    return Goal(bound="at least", value=value)


def at_most(value: float) -> Goal:
    return Goal(bound="at most", value=value)


class Result(BaseModel):
    """One line of the table. `figures`: one for each pair, ratios of ours to the plain alternative where `unit` is empty, else in that unit.

    `against`: the plain alternative, empty where there is none. `measured`: what the figures were made of and what was counted beside them, by
    names that end in their unit, such as "ours, documents/s". `notes`: what a reader must know to understand the figures.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    against: str = ""
    figures: tuple[float, ...] = ()
    unit: str = ""
    goal: Goal | None = None
    measured: dict[str, tuple[float, ...]] = {}
    notes: tuple[str, ...] = ()
    not_measured: str = ""

    @property
    def middle(self) -> float:
        return median(self.figures)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.figures), max(self.figures)

    @property
    def reached(self) -> bool | None:
        """None where nothing was measured, or nothing is to be reached."""
        return self.goal.reached(self.middle) if self.goal and self.figures else None


@dataclass(frozen=True)
class Plan:
    """How a row is to measure. `short`: as little as still runs every step of it; its figures mean nothing.

    `scratch`: an empty folder of the row's own. `tell`: shows a person how far it has come. `ceph`: the real S3 server, started when it is first
    called for; raises `NotMeasuredError` where it is not installed.
    """

    pairs: int
    short: bool
    scratch: Path
    tell: Callable[[str], None]
    ceph: Callable[[], S3Server]


Measure = Callable[[Plan], Iterable[Result]]
