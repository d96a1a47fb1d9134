"""What happened, as one line per event: who, when, what, and the answer."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simulation.actors import Scheduler
from simulation.plan import FaultId

OWN_ERROR = "made an error of its own"


@dataclass
class History:
    """`lines` are kept only where `verbose`; `faults` count what befell requests, by kind; `befallen` tells when, by
    process, and `fired` which requests."""

    scheduler: Scheduler
    verbose: bool = False
    lines: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    befallen: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    fired: list[FaultId] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def note(self, who: str, what: str) -> None:
        if self.verbose:
            self.lines.append(f"{self.scheduler.now:9.2f}  {who:<10} {what}")

    def fault(self, process: str, kind: str, id: FaultId | None = None) -> None:
        self.faults[kind] += 1
        self.befallen.setdefault(process, []).append((self.scheduler.now, kind))
        if id is not None:
            self.fired.append(id)

    def violation(self, what: str) -> None:
        self.note("!!!", what)
        self.violations.append(what)


class EventLog:
    """Stands in for the daemon's log: what it says becomes part of the history, and its own defects become violations."""

    def __init__(self, history: History, who: str, **bound: Any) -> None:
        self._history = history
        self._who = who
        self._bound = bound

    def bind(self, **more: Any) -> EventLog:
        return EventLog(self._history, self._who, **{**self._bound, **more})

    def info(self, event: str, **details: Any) -> None:
        if self._history.verbose:
            shown = {**self._bound, **details}
            self._history.note(self._who, f"  log: {event} " + " ".join(f"{name}={value}" for name, value in shown.items()))

    debug = warning = error = info

    def exception(self, event: str, **details: Any) -> None:
        self._history.violation(f"{self._who} {OWN_ERROR}: {event} {details}\n{traceback.format_exc()}")
