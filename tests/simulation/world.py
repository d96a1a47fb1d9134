"""A whole history: replicas that die and start again, people, a bucket; then rest, and the checks."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from simulation import commands
from simulation.actors import Process, Scheduler
from simulation.checks import at_rest, check_end
from simulation.guard import Guard
from simulation.history import History
from simulation.people import People
from simulation.plan import FAULTS_END, LEASE, Act, Action, FaultId, Plan
from simulation.replica import LAYOUT, START, Shared, SimulatedReplica
from simulation.store import Bucket

from watcher.pipeline.retain import RemovalMode
from watcher.storage.memory import Conditions, MemoryStore

REST_SECONDS = 60 * LEASE
"""How long after the last fault everything must have come to its end: each attempt may cost some leases."""
REST_SECONDS_PER_DROP = 4 * LEASE
"""In a versioned bucket each version that was replaced unread comes to light, and is read, when the one above it has left."""
LOOK_SECONDS = 100.0


@dataclass(frozen=True)
class Outcome:
    """What became of a plan. `faults` that befell somebody, by kind; `fired` those that befell requests. `events`
    are what the checks only count."""

    plan: Plan
    violations: tuple[str, ...]
    faults: Counter[str]
    events: Counter[str]
    history: tuple[str, ...]
    fired: tuple[FaultId, ...]


def simulate(plan: Plan, *, verbose: bool = False) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=_scratch_root()) as folder:
        world = _World(plan, Path(folder), verbose)
        try:
            return world.run()
        finally:
            world.close()


class _World:
    def __init__(self, plan: Plan, scratch: Path, verbose: bool) -> None:
        self._plan = plan
        self._scheduler = Scheduler()
        self._history = History(self._scheduler, verbose)
        inner = MemoryStore(
            clock=lambda: START + timedelta(seconds=self._scheduler.now),
            conditions=Conditions.ATOMIC
            if plan.conditions is Conditions.ATOMIC
            else Conditions.IGNORED,  # in turn: see ProcessStore.create
            versioned=plan.removal is RemovalMode.VERSIONED,
            honours_delete_conditions=plan.removal is RemovalMode.CONDITIONAL,
        )
        self._people = People(inner, LAYOUT, self._scheduler, self._history)
        self._guard = Guard(inner, plan.removal, plan.conditions, self._history)
        self._bucket = Bucket(inner, self._scheduler, self._history, self._people, self._guard)
        self._shared = Shared(plan, self._bucket, scratch)
        self._lives = [0] * plan.replicas
        self._replicas: dict[int, SimulatedReplica] = {}
        self._processes: list[Process] = []
        self._commands = 0
        self._random = Random(f"{plan.seed} restarts")

    def run(self) -> Outcome:
        for number in range(self._plan.replicas):
            self._start(number)
        for action in self._plan.actions:
            self._scheduler.at(action.at, lambda action=action: self._act(action))
        self._scheduler.run(FAULTS_END, self._broken)
        self._note("faults end")
        limit = FAULTS_END + REST_SECONDS + len(self._people.drops) * REST_SECONDS_PER_DROP
        while not self._broken() and not self._rests() and self._scheduler.now < limit:
            self._scheduler.run(self._scheduler.now + LOOK_SECONDS, self._broken)
        events: Counter[str] = Counter()
        if not self._broken():
            events = check_end(self._plan, self._bucket, self._shared.reads)
        return Outcome(
            self._plan,
            tuple(self._history.violations),
            self._history.faults,
            events,
            tuple(self._history.lines),
            tuple(self._history.fired),
        )

    def close(self) -> None:
        self._scheduler.close(self._processes)

    def _broken(self) -> bool:
        return bool(self._history.violations)

    def _rests(self) -> bool:
        return not self._bucket.writes_under_way and at_rest(self._plan, self._bucket)

    def _start(self, number: int) -> None:
        self._lives[number] += 1
        replica = SimulatedReplica(self._shared, f"r{number + 1}", self._lives[number])
        self._replicas[number] = replica
        self._processes.append(replica.process)
        self._guard.hearts[replica.process.name] = replica.heart
        self._note(f"{replica.process.name} starts")
        self._scheduler.at(self._scheduler.now + 1.0, lambda: self._look_after(number))

    def _look_after(self, number: int) -> None:
        """The platform: starts anew what has ended."""
        replica = self._replicas[number]
        if not replica.ended:
            self._scheduler.at(self._scheduler.now + 1.0, lambda: self._look_after(number))
            return
        self._guard.hearts.pop(replica.process.name)
        self._processes.remove(replica.process) if not replica.process.actors else None
        self._scheduler.at(self._scheduler.now + self._random.uniform(0.5, 1.5 * LEASE), lambda: self._start(number))

    def _act(self, action: Action) -> None:
        if action.act is Act.RESTART_ALL:
            self._note("everything is restarted")
            for replica in self._replicas.values():
                self._history.fault(replica.process.name, action.act.value)
                self._scheduler.kill(replica.process)
        elif action.act is Act.DELETE:
            self._people.delete(action.name)
        elif action.act is Act.REDROP:
            self._people.redrop(action.name)
        elif action.act in (Act.RETRY, Act.REDO):
            self._commands += 1
            command = commands.start(self._plan, self._bucket, action.act, action.name, self._commands, START)
            self._processes.append(command)
        else:
            self._people.drop(action.name, action.kind, action.pages)

    def _note(self, what: str) -> None:
        self._history.note("", f"--- {what}")


def _scratch_root() -> str | None:
    """Memory, where there is some: the scratch files of a seed are small and many."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None
