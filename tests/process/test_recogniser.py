"""The recogniser over a real child with the stand-in engine: poison among good pages, engines that do not load, recycling, closing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from doubles.recognising import CRASH, DROP, GOOD, HANG, REFUSE, SPOIL, SWELL, MakeBench, engines

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.engines import child
from watcher.engines.port import PageImage, PlacedBlock, Revision
from watcher.engines.recogniser import EngineUnavailableError, Recognition
from watcher.workers.pool import ChildPool

MIB = 2**20


def test_the_engine_loads_in_the_background_and_tells_what_it_is(make_bench: MakeBench) -> None:
    bench = make_bench()
    assert bench.recogniser.state.phase == "initializing"
    early = bench.read()
    bench.ready()
    assert early.result(60).retried is False
    state = bench.recogniser.state
    assert state.info is not None
    assert (state.info.name, state.restarts) == ("fake", 0)
    assert bench.names() == ["engine_loading", "engine_ready"]


def test_pages_that_wait_share_a_call(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    call = ChildPool.call

    def counted(pool: ChildPool, function: Callable[..., object], *arguments: Any, seconds: float) -> object:
        if function is child.read:
            calls.append(len(arguments[0]))
        return call(pool, function, *arguments, seconds=seconds)

    monkeypatch.setattr(ChildPool, "call", counted)
    bench = make_bench()
    pages = [bench.read() for _ in range(8)]  # they wait while the engine loads
    bench.ready()
    assert [page.result(60).reading.blocks[1].text for page in pages] == ["Nobody has read this page of 60 x 90 pixels."] * 8
    assert calls == [4, 4]


@pytest.mark.parametrize(
    ("colour", "code", "restarts"),
    [
        (CRASH, ErrorCode.ENGINE_CRASHED, 2),
        (HANG, ErrorCode.ENGINE_TIMEOUT, 2),
        (REFUSE, ErrorCode.ENGINE_ERROR, 0),
        (DROP, ErrorCode.ENGINE_ERROR, 0),
        (SPOIL, ErrorCode.ENGINE_ERROR, 2),
        (SWELL, ErrorCode.ENGINE_MEMORY, 0),
    ],
)
def test_of_a_failed_call_only_the_guilty_page_is_charged(
    make_bench: MakeBench, colour: tuple[int, int, int], code: ErrorCode, restarts: int
) -> None:
    bench = make_bench({"page_seconds": 0.5})
    good, poison, more = [bench.read(), bench.read()], bench.read(colour), [bench.read()]
    bench.ready()
    with pytest.raises(DocumentError) as caught:
        poison.result(60)
    assert caught.value.code is code
    assert caught.value.page is None
    assert DocumentError(code, 7, **caught.value.details).message  # the catalog's sentence can be filled
    assert [page.result(60).retried for page in good + more] == [True, True, True]
    assert bench.read().result(60).retried is False
    assert bench.recogniser.state.restarts == restarts
    assert bench.names().count("page_retried_alone") == 4


def test_poison_from_several_submitters_harms_nobody_else(make_bench: MakeBench) -> None:
    bench = make_bench().ready()
    colours = [GOOD, CRASH, GOOD, REFUSE, GOOD, DROP]

    def submitter(number: int) -> list[tuple[tuple[int, int, int], Future[Recognition]]]:
        return [(colour, bench.read(colour)) for colour in (colours[number:] + colours[:number])]

    with ThreadPoolExecutor(3) as threads:
        futures = [pair for pairs in threads.map(submitter, range(3)) for pair in pairs]
    codes = {CRASH: ErrorCode.ENGINE_CRASHED, REFUSE: ErrorCode.ENGINE_ERROR, DROP: ErrorCode.ENGINE_ERROR}
    for colour, future in futures:
        if colour == GOOD:
            assert len(future.result(60).reading.blocks) == 3
        else:
            error = future.exception(60)
            assert isinstance(error, DocumentError)
            assert error.code is codes[colour]


def test_an_engine_that_cannot_load_refuses_pages_until_it_can(make_bench: MakeBench, tmp_path: Path) -> None:
    model = tmp_path / "model"
    bench = make_bench(needs=str(model))
    early = bench.read()
    bench.recogniser.start()
    with pytest.raises(EngineUnavailableError, match="needs model"):
        early.result(60)
    assert bench.recogniser.state.phase == "failed"
    assert "needs model" in bench.recogniser.state.reason
    with pytest.raises(EngineUnavailableError, match="needs model"):
        bench.read().result(60)
    bench.wait_for(lambda: bench.names().count("engine_failed") >= 4)
    delays = [event["retry_seconds"] for event in bench.events if event["event"] == "engine_failed"]
    assert delays[:4] == [0.05, 0.1, 0.2, 0.2]
    model.touch()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.recogniser.state.reason == ""
    assert bench.read().result(60).retried is False


def test_an_engine_that_cannot_load_again_after_a_crash_costs_the_other_pages_nothing(make_bench: MakeBench, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.touch()
    bench = make_bench(needs=str(model)).ready()
    model.unlink()
    first = bench.read(CRASH)
    assert isinstance(first.exception(60), DocumentError)  # it was alone
    with pytest.raises(EngineUnavailableError):
        bench.read().result(60)
    model.touch()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert len(bench.read().result(60).reading.blocks) == 3


def test_a_child_that_died_while_idle_is_replaced_and_tried_out_before_the_next_page(make_bench: MakeBench) -> None:
    bench = make_bench().ready()
    (engine,) = engines()
    engine.kill()
    bench.wait_for(lambda: not engine.is_running())  # and reaped, which the pool's look at the process goes by
    assert bench.read().result(60).retried is False
    assert engine.pid not in [process.pid for process in engines()]
    assert bench.names().count("engine_ready") == 2  # it was tried out before it was given the page
    assert bench.recogniser.state.restarts == 1


@pytest.mark.parametrize(
    ("limits", "options", "pages", "recycled"),
    [
        ({"recycle_pages": 2}, {}, 5, 2),
        ({"recycle_bytes": 420 * MIB}, {"kept_bytes": 256 * MIB}, 2, 2),  # it keeps memory for the page it is tried out with, too
        ({"recycle_bytes": 420 * MIB}, {"kept_bytes": 64 * MIB}, 5, 1),  # it grows by little, and soon
    ],
)
def test_the_child_is_replaced_by_pages_and_by_memory(
    make_bench: MakeBench, limits: dict[str, float], options: dict[str, object], pages: int, recycled: int
) -> None:
    bench = make_bench({**limits, "batch_pages": 1}, **options).ready()
    for _ in range(pages):
        assert bench.read().result(60).retried is False
    bench.wait_for(lambda: bench.names().count("engine_recycled") == recycled and bench.recogniser.state.phase == "ready")
    assert bench.recogniser.state.restarts == 0


def test_a_memory_limit_below_what_the_engine_needs_is_told_and_does_not_restart_it_for_ever(make_bench: MakeBench) -> None:
    bench = make_bench({"recycle_bytes": 1}).ready()
    assert [bench.read().result(60).retried for _ in range(3)] == [False] * 3
    assert "engine_larger_than_its_limit" in bench.names()
    assert "engine_recycled" not in bench.names()


def test_close_while_busy_cancels_what_waits_and_leaves_no_child(make_bench: MakeBench) -> None:
    bench = make_bench({"batch_pages": 1, "page_seconds": 600.0}).ready()
    running = bench.read(HANG)
    bench.wait_for(running.running)
    waiting = bench.read()
    assert len(engines()) == 1
    bench.recogniser.close()
    with pytest.raises(EngineUnavailableError, match="stopped"):
        running.result(0)
    with pytest.raises(CancelledError):
        waiting.result(0)
    with pytest.raises(EngineUnavailableError, match="stopped"):
        bench.read().result(0)
    assert engines() == []


def test_close_while_loading_and_before_the_start(make_bench: MakeBench) -> None:
    make_bench().recogniser.close()
    loading = make_bench()
    loading.recogniser.start()
    loading.recogniser.close()
    assert engines() == []


def test_a_page_that_was_cancelled_while_it_waited_is_not_read(make_bench: MakeBench) -> None:
    bench = make_bench()
    cancelled, kept = bench.read(CRASH), bench.read()
    assert cancelled.cancel()
    bench.ready()
    assert kept.result(60).retried is False
    assert bench.recogniser.state.restarts == 0


def test_why_a_call_failed_is_told_where_the_words_are_ours(make_bench: MakeBench) -> None:
    bench = make_bench()
    dropped, refused = bench.read(DROP), bench.read(REFUSE)
    bench.ready()
    assert isinstance(dropped.exception(60), DocumentError)
    assert isinstance(refused.exception(60), DocumentError)
    alone = [event["reason"] for event in bench.events if event["event"] == "engine_call_failed" and event["pages"] == 1]
    assert alone == ["ReadingCountError: 0 readings of 1 pages", "MarkedPageError"]


def test_events_hold_no_path_of_a_page(make_bench: MakeBench) -> None:
    bench = make_bench().ready()
    missing = bench.recogniser.submit(PageImage(bench.folder / "gone.png", 60, 90, dpi=72))
    assert isinstance(missing.exception(60), DocumentError)
    assert "gone.png" not in repr(bench.events)


TITLES = [
    [PlacedBlock("paragraph_title", (0, 0, 9, 9), "One"), PlacedBlock("text", (0, 9, 9, 19), "")],
    [PlacedBlock("paragraph_title", (0, 0, 9, 9), "Two")],
]


def test_an_engine_that_sees_whole_documents_is_asked_for_their_structure(make_bench: MakeBench) -> None:
    bench = make_bench(structure="titles")
    early = bench.recogniser.restructure(TITLES)
    bench.ready()
    assert early.result(60) == [Revision(0, 0, level=2), Revision(1, 0, level=3)]
    assert bench.recogniser.restructure(TITLES).result(60) == early.result()


def test_an_engine_that_sees_pages_is_not_asked_and_says_so(make_bench: MakeBench) -> None:
    bench = make_bench()
    early = bench.recogniser.restructure(TITLES)
    bench.ready()
    assert early.result(60) is None
    assert bench.recogniser.restructure(TITLES).result(0) is None


@pytest.mark.parametrize(
    ("structure", "code", "restarts"),
    [("crash", ErrorCode.ENGINE_CRASHED, 1), ("hang", ErrorCode.ENGINE_TIMEOUT, 1), ("refuse", ErrorCode.ENGINE_ERROR, 0)],
)
def test_a_structure_that_fails_is_not_tried_again_and_costs_no_page(
    make_bench: MakeBench, structure: str, code: ErrorCode, restarts: int
) -> None:
    bench = make_bench({"page_seconds": 0.5}, structure=structure).ready()
    error = bench.recogniser.restructure(TITLES).exception(60)
    assert isinstance(error, DocumentError)
    assert error.code is code
    assert bench.read().result(60).retried is False
    assert bench.recogniser.state.restarts == restarts
