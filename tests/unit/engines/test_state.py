"""One state made of those of several devices."""

from __future__ import annotations

import pytest

from watcher.domain.page import EngineInfo
from watcher.engines.state import EngineState, combined

OLD, NEW = EngineInfo(name="fake", version="1"), EngineInfo(name="fake", version="2")
LOADING = EngineState()
READY = EngineState("ready", info=NEW, restructures=True)
FAILED = EngineState("failed", reason="no models in /models")
WAITS = EngineState(reason="the server is down", info=OLD, waits=True)
RESTARTING = EngineState(info=OLD, restarts=2)


@pytest.mark.parametrize(
    ("states", "phase", "reason", "takes_pages"),
    [
        ([LOADING], "initializing", "", True),
        ([READY, FAILED, WAITS, LOADING], "ready", "", True),
        ([FAILED, FAILED], "failed", "no models in /models", False),
        ([FAILED, EngineState("failed", reason="no memory")], "failed", "no models in /models; no memory", False),
        ([FAILED, LOADING], "initializing", "", True),
        ([FAILED, WAITS], "initializing", "the server is down", False),
        ([WAITS, WAITS], "initializing", "the server is down", False),
        ([WAITS, RESTARTING], "initializing", "the server is down", True),
    ],
)
def test_phase_reason_and_whether_pages_are_taken(states: list[EngineState], phase: str, reason: str, takes_pages: bool) -> None:
    state = combined(states)
    assert (state.phase, state.reason, state.takes_pages) == (phase, reason, takes_pages)


def test_of_one_device_it_is_its_own() -> None:
    for state in (LOADING, READY, FAILED, WAITS, RESTARTING):
        assert combined([state]) == state


def test_what_it_is_comes_from_the_first_that_was_loaded_and_restarts_are_summed() -> None:
    state = combined([FAILED, RESTARTING, READY, EngineState(restarts=1)])
    assert (state.info, state.restructures, state.restarts) == (OLD, False, 3)
