"""What the engine depends on cannot serve: no page is charged and no child is killed; all goes on when it is back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.recognising import CHOKE, GOOD, Bench, MakeBench, begin, engines

from watcher.engines import child
from watcher.engines.recogniser import EngineUnavailableError
from watcher.workers.pool import ChildPool

REASON = "the model server at 127.0.0.1:8080 refuses connections"


@pytest.fixture
def outage(tmp_path: Path) -> Path:
    """While this file exists."""
    return tmp_path / "outage"


def waits(bench: Bench) -> bool:
    return bench.recogniser.state.waits


def test_pages_are_refused_and_the_child_is_kept_until_it_can_read_again(make_bench: MakeBench, outage: Path) -> None:
    bench = make_bench(waits=str(outage)).ready()
    (before,) = engines()
    begin(outage, REASON)
    with pytest.raises(EngineUnavailableError, match="refuses connections"):
        bench.read().result(60)
    bench.wait_for(lambda: waits(bench))
    state = bench.recogniser.state
    assert (state.phase, state.reason, state.takes_pages) == ("initializing", REASON, False)
    assert state.info is not None
    with pytest.raises(EngineUnavailableError, match="refuses connections"):
        bench.read().result(0)
    outage.unlink()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.read().result(60).retried is False
    assert [process.pid for process in engines()] == [before.pid]
    assert bench.recogniser.state.restarts == 0


def test_all_that_waits_is_refused_at_once(make_bench: MakeBench, outage: Path) -> None:
    bench = make_bench(waits=str(outage))
    early = [bench.read() for _ in range(20)]
    begin(outage, REASON)
    bench.recogniser.start()
    for page in early:
        assert isinstance(page.exception(60), EngineUnavailableError)


def test_it_is_told_once_and_again_only_where_the_reason_changes(
    make_bench: MakeBench, outage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []
    call = ChildPool.call

    def counted(pool: ChildPool, function: Callable[..., object], *arguments: Any, seconds: float) -> object:
        tries.append(function)
        return call(pool, function, *arguments, seconds=seconds)

    monkeypatch.setattr(ChildPool, "call", counted)
    begin(outage, REASON)
    bench = make_bench(waits=str(outage))
    bench.recogniser.start()
    bench.wait_for(lambda: waits(bench))
    bench.wait_for(lambda: tries.count(child.try_out) > 3)
    begin(outage, "the model server at 127.0.0.1:8080 answers 500")
    bench.wait_for(lambda: "500" in bench.recogniser.state.reason)
    outage.unlink()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.names() == ["engine_loading", "engine_waits", "engine_waits", "engine_ready"]
    assert [event["reason"] for event in bench.events if event["event"] == "engine_waits"] == [
        REASON,
        "the model server at 127.0.0.1:8080 answers 500",
    ]
    assert bench.recogniser.state.restarts == 0


def test_a_server_that_fails_for_one_page_alone_postpones_that_page_and_no_other(make_bench: MakeBench) -> None:
    bench = make_bench()
    good, choking, more = bench.read(), bench.read(CHOKE), bench.read(GOOD)
    bench.ready()
    with pytest.raises(EngineUnavailableError, match="answers 500"):
        choking.result(60)
    assert [good.result(60).retried, more.result(60).retried] == [True, True]
    assert bench.recogniser.state.phase == "ready"
    assert bench.recogniser.state.restarts == 0


def test_a_structure_is_refused_too(make_bench: MakeBench, outage: Path) -> None:
    bench = make_bench(waits=str(outage), structure="titles").ready()
    begin(outage, REASON)
    assert isinstance(bench.read().exception(60), EngineUnavailableError)
    bench.wait_for(lambda: waits(bench))
    assert isinstance(bench.recogniser.restructure([[]]).exception(0), EngineUnavailableError)


def test_a_child_that_dies_in_an_outage_is_replaced(make_bench: MakeBench, outage: Path) -> None:
    bench = make_bench(waits=str(outage)).ready()
    begin(outage, REASON)
    assert isinstance(bench.read().exception(60), EngineUnavailableError)
    (engine,) = engines()
    engine.kill()
    bench.wait_for(lambda: not engine.is_running())
    outage.unlink()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.read().result(60).retried is False
    assert [process.pid for process in engines()] != [engine.pid]


def test_the_daemon_ends_in_an_outage(make_bench: MakeBench, outage: Path) -> None:
    begin(outage, REASON)
    bench = make_bench({"restart_seconds": 3600.0, "restart_max_seconds": 3600.0}, waits=str(outage))
    bench.recogniser.start()
    bench.wait_for(lambda: waits(bench))
    bench.recogniser.close()
    assert engines() == []
