"""What a seed stands for: the settings, the documents, what people do when, and which faults may befall which request. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from watcher.pipeline.bench import Retention
from watcher.pipeline.retain import RemovalMode
from watcher.storage.memory import Conditions

LEASE = 60.0
POLL = 15.0
SWEEP = 70.0
FAULTS_END = 900.0
"""Virtual seconds after which nothing goes wrong any more and nobody touches the inbox."""


class Fault(str, Enum):
    """What may befall one request, or the process that sends it."""

    CRASH = "crash before the request"
    CRASH_SENT = "crash after the request"
    FREEZE = "freeze before the request"
    FREEZE_SENT = "freeze while the request is under way"
    SKEW = "wall clock set wrong"
    DELAY = "slow answer"
    DROP = "request lost"
    DROP_ANSWER = "applied, answer lost"
    LATE = "applied after the sender gave up"
    ERROR_500 = "500, not applied"
    ERROR_500_APPLIED = "500, applied"
    ERROR_503 = "503"
    CONFLICT = "409"
    REPLACE = "source replaced"
    DELETE = "source deleted"
    REDROP = "same content dropped again"
    SIGTERM = "SIGTERM"
    ENGINE = "engine unavailable"


class Kind(str, Enum):
    HEALTHY = "healthy"
    SLOW = "slow"  # takes longer than a lease to read
    FLAKY = "flaky"  # a page that cannot be read at first
    CRASHING = "crashing"  # kills every process that reads it
    LATE = "late"  # takes longer than a lease to read, and its last page kills every process that reads it
    REFUSED = "refused"  # a page that the engine never reads
    DAMAGED = "damaged"  # cannot be opened


class Act(str, Enum):
    DROP = "drop"
    REPLACE = "replace"
    DELETE = "delete"
    REDROP = "redrop"
    RETRY = "retry"  # what failed comes back by a command
    REDO = "redo"  # what is finished is read anew
    RESTART_ALL = "restart all"


@dataclass(frozen=True)
class Action:
    """What a person does at a time. `name` of the document; `kind` and `pages` of what is dropped."""

    at: float
    act: Act
    name: str = ""
    kind: Kind = Kind.HEALTHY
    pages: int = 1


@dataclass(frozen=True)
class FaultId:
    """The n-th request of a process: the same in every replay, whatever happens to the others."""

    process: str
    request: int


@dataclass(frozen=True)
class Plan:
    """`allowed` None: every fault that the seed draws; else these alone. `rate`: the part of requests that something befalls."""

    seed: int
    replicas: int
    documents: int  # at once in each replica
    concurrent_uploads: bool
    retention: Retention
    removal: RemovalMode
    max_attempts: int
    free_handovers: int
    rate: float
    kinds: tuple[Fault, ...]
    actions: tuple[Action, ...]
    allowed: frozenset[FaultId] | None = None
    conditions: Conditions = Conditions.ATOMIC  # how the store takes `If-None-Match`; replicas claim by bids where it is not enforced

    def without(self, **changes: object) -> Plan:
        return replace(self, **changes)  # type: ignore[arg-type]


_TIMING = (Fault.FREEZE, Fault.FREEZE_SENT, Fault.DELAY, Fault.DROP, Fault.LATE)
_RATES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2)
_KINDS = (Kind.HEALTHY,) * 5 + (Kind.SLOW, Kind.SLOW, Kind.FLAKY, Kind.CRASHING, Kind.LATE, Kind.REFUSED, Kind.DAMAGED)


def plan_of(seed: int) -> Plan:
    """In some seeds two replicas contest few documents that take long, and all that goes wrong costs time: there leases are put to the test."""
    random = Random(seed)
    contest = random.random() < 0.3
    names = [f"d{number}.pdf" if number % 2 else f"folder/d{number}.pdf" for number in range(random.randint(1, 4))]
    kinds = (Kind.SLOW,) if contest else _KINDS
    first = [Action(random.uniform(0, 60), Act.DROP, name, random.choice(kinds), random.randint(1, 4)) for name in names]
    later = [_action(random, names) for _ in range(random.choice((0, 0, 1, 2, 4)))]
    wishes = [_wish(random, names) for _ in range(random.choice((0, 0, 1, 4)))]
    return Plan(
        seed=seed,
        replicas=2 if contest else random.randint(2, 6),
        documents=random.choice((1, 1, 1, 2)),
        concurrent_uploads=random.random() < 0.5,
        retention=random.choice(("archive", "archive", "keep", "delete")),
        removal=random.choice(tuple(RemovalMode)),
        max_attempts=random.randint(1, 4),
        free_handovers=random.randint(0, 3),
        rate=random.choice((0.1, 0.2)) if contest else random.choice(_RATES),
        kinds=_TIMING if contest else _kinds(random),
        actions=tuple(sorted(first + later + wishes, key=lambda action: action.at)),
    )


def _kinds(random: Random) -> tuple[Fault, ...]:
    """Few kinds in some seeds, so that the same thing befalls several replicas at once."""
    share = random.choice((0.2, 0.6, 1.0))
    return tuple(fault for fault in Fault if random.random() < share) or (Fault.DROP_ANSWER,)


def _action(random: Random, names: list[str]) -> Action:
    act = random.choice((Act.REPLACE, Act.REPLACE, Act.DELETE, Act.REDROP, Act.REDROP, Act.RESTART_ALL))
    return Action(random.uniform(0, FAULTS_END * 0.7), act, random.choice(names), random.choice(_KINDS), random.randint(1, 4))


def _wish(random: Random, names: list[str]) -> Action:
    """Some of them at the same time as another."""
    return Action(round(random.uniform(0, FAULTS_END * 0.7), -2), random.choice((Act.RETRY, Act.REDO, Act.REDO)), random.choice(names))


@dataclass(frozen=True)
class Decision:
    """What befalls one request: `fault` None for nothing. `latency` in seconds; `size` in [0, 1) says how bad."""

    id: FaultId
    latency: float
    fault: Fault | None
    size: float


class Fate:
    """The decisions of one process, request by request."""

    def __init__(self, plan: Plan, process: str) -> None:
        self._plan = plan
        self._process = process
        self._random = Random(f"{plan.seed} {process}")
        self._requests = 0

    def next(self, weight: float) -> Decision:
        """`weight`: how much more often than at the plan's rate something befalls this request. Draws the same number of times whatever is allowed, so that leaving one fault out moves no other."""
        latency, strikes, which, size = (self._random.random() for _ in range(4))
        self._requests += 1
        id = FaultId(self._process, self._requests)
        kinds = self._plan.kinds
        fault = kinds[int(which * len(kinds))] if strikes < min(0.5, weight * self._plan.rate) else None
        if self._plan.allowed is not None and id not in self._plan.allowed:
            fault = None
        return Decision(id, 0.01 + latency**3, fault, size)
