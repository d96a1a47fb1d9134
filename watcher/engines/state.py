"""How an engine is doing, on one device or on several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from watcher.domain.page import EngineInfo

Phase = Literal["initializing", "ready", "failed"]


@dataclass(frozen=True)
class EngineState:
    """`failed`: it could not be loaded, for `reason`; it is tried again. `info` is that of the last engine that was loaded.

    `waits`: what it depends on cannot serve, for `reason`, so it is initializing again, without a restart. `restarts` counts loads
    after a failure. `restructures`: that engine can say what the pages of a document have in common.
    """

    phase: Phase = "initializing"
    reason: str = ""
    info: EngineInfo | None = None
    restarts: int = 0
    restructures: bool = False
    waits: bool = False

    @property
    def takes_pages(self) -> bool:
        """Whether pages that are given now will be read: by an engine that is ready, or about to be."""
        return self.phase != "failed" and not self.waits

    @property
    def serves(self) -> bool:
        """Whether documents may be claimed for it: it has been loaded, and is at most being replaced."""
        return self.info is not None and self.takes_pages


def combined(states: Sequence[EngineState]) -> EngineState:
    """Of one engine on several devices: ready where any is, failed where all are. `info` is that of the first that has been loaded."""
    loaded = next((state for state in states if state.info), states[0])
    phases = {state.phase for state in states}
    phase: Phase = "ready" if "ready" in phases else "initializing" if "initializing" in phases else "failed"
    reasons = [] if phase == "ready" else [state.reason for state in states if state.phase == phase and state.reason]
    return EngineState(
        phase=phase,
        reason="; ".join(dict.fromkeys(reasons)),
        info=loaded.info,
        restarts=sum(state.restarts for state in states),
        restructures=loaded.restructures,
        waits=phase == "initializing" and not any(state.takes_pages for state in states),
    )
