"""The real pipeline under the recogniser: whose fault a failure is, outages of its model server, and how its child ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from doubles.paddle_reader import Draw, engine_options, models, server_options
from doubles.recognising import Bench, engines
from servers.model_server import ModelServer, running_model_server

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.port import EngineSpec
from watcher.engines.recogniser import EngineUnavailableError

ONE = [("text", 0.1, 0.1, 0.9, 0.3)]
REFUSED = (255, 0, 0)
Serve = Callable[..., Bench]


@pytest.fixture(scope="module")
def model_server() -> Iterator[ModelServer]:
    with running_model_server("const") as server:
        yield server


@pytest.fixture
def serve(model_server: ModelServer, newest: str, tmp_path: Path) -> Iterator[Serve]:
    """`serve(limits, **server_options)`: a recogniser that asks the model server, and is not started."""
    model_server.set("const")
    opened: list[Bench] = []

    def open_bench(limits: dict[str, float] | None = None, **changes: object) -> Bench:
        options = engine_options(models(ONE), newest, model_server.url)
        options["server"] = ServerOptions(**{**vars(server_options(model_server.url)), **changes})  # type: ignore[arg-type]
        options["page_seconds"] = 10.0
        opened.append(
            Bench(tmp_path, {"page_seconds": 10.0, "call_seconds": 60.0, **(limits or {})}, {"cpu": EngineSpec("paddleocr-vl", options)})
        )
        return opened[-1]

    yield open_bench
    for bench in opened:
        bench.recogniser.close()


def test_of_pages_of_several_documents_the_one_that_the_server_refuses_is_charged_alone(
    serve: Serve, model_server: ModelServer, draw: Draw
) -> None:
    bench = serve()
    model_server.set("const", rules=[{"mode": "400", "colour": list(REFUSED)}])
    pages = [bench.recogniser.submit(draw(colour)) for colour in ((230, 230, 230), REFUSED, (200, 200, 200), (210, 210, 210))]
    bench.ready()
    error = pages[1].exception(120)
    assert isinstance(error, DocumentError)
    assert error.code is ErrorCode.ENGINE_ERROR
    assert [page.result(120).retried for page in (pages[0], *pages[2:])] == [True, True, True]
    assert bench.recogniser.state.restarts == 0


def test_a_server_that_goes_away_costs_no_page_and_no_child(serve: Serve, model_server: ModelServer, draw: Draw) -> None:
    bench = serve().ready()
    (before,) = engines()
    assert bench.recogniser.submit(draw()).result(120).reading.blocks
    model_server.stop()
    try:
        pages = [bench.recogniser.submit(draw()) for _ in range(6)]
        assert all(isinstance(page.exception(120), EngineUnavailableError) for page in pages)
        bench.wait_for(lambda: bench.recogniser.state.waits)
        state = bench.recogniser.state
        assert state.phase == "initializing"
        assert "ocr.server.url" in state.reason
        assert str(model_server.port) not in state.reason  # what stands in /health gives no address away
    finally:
        model_server.start()
        model_server.set("const")
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.recogniser.submit(draw()).result(120).reading.blocks
    assert [process.pid for process in engines()] == [before.pid]
    assert bench.recogniser.state.restarts == 0


def test_a_server_that_hangs_is_given_up_before_the_child_is(serve: Serve, model_server: ModelServer, draw: Draw) -> None:
    bench = serve(request_seconds=0.5, attempts=2, trial_seconds=1.0, backoff_seconds=0.1).ready()
    model_server.freeze()
    try:
        assert isinstance(bench.recogniser.submit(draw()).exception(120), EngineUnavailableError)
        bench.wait_for(lambda: bench.recogniser.state.waits)
    finally:
        model_server.thaw()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.recogniser.submit(draw()).result(120).reading.blocks
    assert bench.recogniser.state.restarts == 0
    assert "engine_failed" not in bench.names()


def test_its_child_ends_on_sigterm_though_paddle_takes_over_signals(serve: Serve, draw: Draw) -> None:
    bench = serve().ready()
    assert bench.recogniser.submit(draw()).result(120).reading.blocks
    (engine,) = engines()
    engine.send_signal(signal.SIGTERM)
    bench.wait_for(lambda: not engine.is_running())  # and reaped
    assert bench.recogniser.submit(draw()).result(120).reading.blocks
    assert bench.recogniser.state.restarts == 1


def test_its_child_ends_though_a_request_is_never_answered(serve: Serve, model_server: ModelServer, draw: Draw) -> None:
    bench = serve({"page_seconds": 600.0}, request_seconds=600).ready()
    (engine,) = engines()
    model_server.set("hang")
    asked = model_server.stats()["requests"]
    page = bench.recogniser.submit(draw())
    bench.wait_for(lambda: model_server.stats()["requests"] > asked)
    bench.recogniser.close()
    assert isinstance(page.exception(0), EngineUnavailableError)
    assert not psutil.pid_exists(engine.pid)


def test_a_hung_child_is_killed_at_its_deadline_and_another_reads_on(serve: Serve, draw: Draw) -> None:
    bench = serve({"page_seconds": 1.0, "call_seconds": 1.0}).ready()
    (engine,) = engines()
    engine.suspend()
    error = bench.recogniser.submit(draw()).exception(120)
    assert isinstance(error, DocumentError)
    assert error.code is ErrorCode.ENGINE_TIMEOUT
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.recogniser.state.restarts == 1
    assert not psutil.pid_exists(engine.pid)
