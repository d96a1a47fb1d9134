"""Replicas of the daemon as real processes, and what befalls each of them."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from servers.daemon import Daemon, Environment, running
from servers.proxy import Proxy

END_SECONDS = 60.0
WORK_SECONDS = 30.0
LOOK_SECONDS = 0.5


@dataclass
class Replica:
    """One replica through all its lives; each writes a log of its own into `logs`. `silence_seconds` is surely longer than a lease."""

    number: int
    proxy: Proxy
    environment: Environment
    logs: Path
    silence_seconds: float
    dice: random.Random
    fates: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _lives: int = 0
    _life: ExitStack = field(default_factory=ExitStack)
    _daemon: Daemon | None = None

    def start(self) -> None:
        self._lives += 1
        log = self.logs / f"{self.proxy.name}-{self._lives:03}.log"
        self._daemon = self._life.enter_context(running(log, **self.environment))

    def stop(self) -> None:
        """By SIGTERM, which must end it with exit code 0."""
        assert self._daemon is not None
        self._daemon.wait_for_event("daemon_started")  # before it, a signal ends it like any program
        try:
            code = self._daemon.end(signal.SIGTERM, END_SECONDS)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{self.proxy.name} goes on for {END_SECONDS:.0f} s after SIGTERM")
        else:
            if code:
                self.faults.append(f"{self.proxy.name} ended with {code} after SIGTERM")
        self.close()

    def close(self) -> None:
        self._life.close()

    def live(self, pause_seconds: float, stop: threading.Event) -> None:
        """Suffers one fate after the other, at least one, each about `pause_seconds` after it came to work.

        When it returns the replica runs, and nothing is in its way.
        """
        for name, fate in self._deck():
            self._come_to_work(stop)
            if stop.wait(pause_seconds * self.dice.uniform(0.5, 1.5)) and self.fates:
                return
            self.fates[name] += 1
            fate()

    def _come_to_work(self, stop: threading.Event) -> None:
        """Waits for this life's first document, though not for ever: there may be none left."""
        assert self._daemon is not None
        deadline = monotonic() + WORK_SECONDS
        while not self._daemon.events("document_claimed") and monotonic() < deadline and not stop.wait(LOOK_SECONDS):
            pass

    def _deck(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every fate as often as any other; four replicas begin with different ones."""
        fates = {"killed": self.killed, "frozen": self.frozen, "terminated": self.terminated, "cut_off": self.cut_off}
        yield list(fates.items())[self.number % len(fates)]
        while True:
            yield from self.dice.sample(list(fates.items()), len(fates))

    def killed(self) -> None:
        assert self._daemon is not None
        self._daemon.send(signal.SIGKILL)
        self.close()
        self._pause(0.5)
        self.start()

    def terminated(self) -> None:
        self.stop()
        self._pause(0.5)
        self.start()

    def frozen(self) -> None:
        assert self._daemon is not None
        self._daemon.send(signal.SIGSTOP)
        self._pause(self.silence_seconds)
        self._daemon.send(signal.SIGCONT)

    def cut_off(self) -> None:
        self.proxy.cut_off.set()
        self._pause(self.silence_seconds)
        self.proxy.cut_off.clear()

    def _pause(self, seconds: float) -> None:
        threading.Event().wait(seconds * self.dice.uniform(1.0, 2.0))
