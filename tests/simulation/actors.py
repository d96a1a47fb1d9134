"""Virtual time: actors are threads of which exactly one runs at any moment, handed the baton in an order that depends on nothing but the seed."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


class KilledError(BaseException):
    """Unwinds the threads of a process that has died. Not an `Exception`: nothing in the daemon may handle it."""


@dataclass(eq=False)
class Process:
    """A process of the simulated world: dead it does nothing more, frozen it does nothing until `frozen_until`."""

    name: str
    dead: bool = False
    frozen_until: float = 0.0
    actors: list[Actor] = field(default_factory=list)


class Actor:
    """One thread of a process. `ticket` tells the wake-up that it waits for from those that were overtaken."""

    def __init__(self, process: Process, task: Callable[[], None]) -> None:
        self.process = process
        self.task = task
        self.ticket = 0
        self.ended = False
        self.worker: _Worker | None = None


class _Worker(threading.Thread):
    """A thread of the operating system that plays one actor after the other."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(daemon=True)
        self.scheduler = scheduler
        self.baton = threading.Lock()
        self.baton.acquire()
        self.actor: Actor | None = None
        self.start()

    def run(self) -> None:
        while True:
            self.baton.acquire()
            if self.actor is None:
                return
            self.scheduler._play(self.actor)
            self.actor = None
            self.scheduler._idle.append(self)
            self.scheduler._baton.release()


class Scheduler:
    """Events in the order of their time. `now` in seconds since the world began."""

    def __init__(self) -> None:
        self.now = 0.0
        self.current: Actor | None = None
        self.defect: BaseException | None = None
        self._events: list[tuple[float, int, Actor | None, int, Callable[[], None] | None]] = []
        self._numbers = count()
        self._baton = threading.Lock()
        self._baton.acquire()
        self._idle: list[_Worker] = []
        self._workers: list[_Worker] = []

    def at(self, time: float, call: Callable[[], None]) -> None:
        """Calls at that time, in no process: what happens in the store and in the hands of people."""
        heapq.heappush(self._events, (max(time, self.now), next(self._numbers), None, 0, call))

    def spawn(self, process: Process, task: Callable[[], None], delay: float = 0.0) -> Actor:
        actor = Actor(process, task)
        process.actors.append(actor)
        self._wake(actor, self.now + delay)
        return actor

    def sleep(self, seconds: float) -> None:
        """Called by an actor. Raises `KilledError` where its process has died."""
        actor = self._living()
        self._wake(actor, self.now + seconds)
        self._yield(actor)

    def wait(self, waiters: list[Actor]) -> None:
        """Called by an actor: waits to be woken as one of `waiters`."""
        actor = self._living()
        actor.ticket += 1
        waiters.append(actor)
        self._yield(actor)

    def wake(self, waiters: list[Actor]) -> None:
        for actor in waiters:
            self._wake(actor, self.now)
        waiters.clear()

    def kill(self, process: Process) -> None:
        """From now on the process does nothing; its threads unwind without effect."""
        process.dead = True
        for actor in list(process.actors):
            if not actor.ended and actor is not self.current:
                self._wake(actor, self.now)

    def run(self, until: float, stop: Callable[[], bool]) -> None:
        """Plays events up to that time, or until `stop`. Raises what an actor raised beyond its own handling: a defect of the simulator."""
        while self._events and self._events[0][0] <= until and not stop():
            time, _, actor, ticket, call = heapq.heappop(self._events)
            self.now = time
            if call is not None:
                call()
            elif actor is not None and not actor.ended and ticket == actor.ticket:
                if actor.process.frozen_until > time and not actor.process.dead:
                    self._wake(actor, actor.process.frozen_until)
                else:
                    self._resume(actor)
            if self.defect is not None:
                raise self.defect
        self.now = max(self.now, min(until, self._events[0][0]) if self._events else until)

    def close(self, processes: list[Process]) -> None:
        """Ends every thread."""
        for process in processes:
            process.dead = True
            for actor in list(process.actors):
                if not actor.ended:
                    self._resume(actor)
        for worker in self._idle:
            worker.actor = None
            worker.baton.release()

    def _living(self) -> Actor:
        actor = self.current
        assert actor is not None, "only actors wait"
        if actor.process.dead:
            raise KilledError
        return actor

    def _wake(self, actor: Actor, time: float) -> None:
        actor.ticket += 1
        heapq.heappush(self._events, (time, next(self._numbers), actor, actor.ticket, None))

    def _yield(self, actor: Actor) -> None:
        self._baton.release()
        assert actor.worker is not None
        actor.worker.baton.acquire()
        if actor.process.dead:
            raise KilledError

    def _resume(self, actor: Actor) -> None:
        if actor.worker is None:
            if actor.process.dead:
                actor.ended = True
                return
            actor.worker = self._idle.pop() if self._idle else _Worker(self)
            actor.worker.actor = actor
        self.current = actor
        actor.worker.baton.release()
        self._baton.acquire()
        self.current = None

    def _play(self, actor: Actor) -> None:
        try:
            actor.task()
        except KilledError:
            pass
        except BaseException as error:
            self.defect = error
        actor.ended = True
        actor.process.actors.remove(actor)
