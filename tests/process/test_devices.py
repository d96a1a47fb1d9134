"""One engine on several devices: a child each, one queue; what befalls one does not stop the others."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from doubles.recognising import CRASH, HANG, Bench, MakeBench, begin, engines

from watcher.domain.errors import DocumentError
from watcher.engines.recogniser import EngineUnavailableError

TWO: dict[str, dict[str, object]] = {"gpu:0": {}, "gpu:1": {}}
MIB = 2**20


def phases(bench: Bench) -> dict[str, str]:
    return {name: state.phase for name, state in bench.recogniser.devices.items()}


def test_each_device_has_a_child_and_tells_which_it_is(make_bench: MakeBench) -> None:
    bench = make_bench(devices=TWO).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    assert len(engines()) == 2
    assert {event["device"] for event in bench.events if event["event"] == "engine_ready"} == {"gpu:0", "gpu:1"}


def test_both_read_at_the_same_time(make_bench: MakeBench) -> None:
    bench = make_bench({"batch_pages": 1, "page_seconds": 600.0}, devices=TWO).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    hung = [bench.read(HANG), bench.read(HANG)]
    bench.wait_for(lambda: all(page.running() for page in hung))  # each by a child of its own, for neither ends


def test_a_device_that_hangs_does_not_stop_the_other(make_bench: MakeBench) -> None:
    bench = make_bench({"batch_pages": 1, "page_seconds": 600.0}, devices=TWO).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    hung = bench.read(HANG)
    bench.wait_for(hung.running)
    assert [bench.read().result(60).retried for _ in range(5)] == [False] * 5
    assert not hung.done()


def test_a_device_that_cannot_be_loaded_leaves_the_work_to_the_other(make_bench: MakeBench, tmp_path: Path) -> None:
    model = tmp_path / "model"
    bench = make_bench(devices={"gpu:0": {"needs": str(model)}, "gpu:1": {}}).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "failed", "gpu:1": "ready"})
    state = bench.recogniser.state
    assert (state.phase, state.reason) == ("ready", "")
    assert bench.read().result(60).retried is False
    model.touch()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})


def test_it_has_failed_only_where_all_have(make_bench: MakeBench, tmp_path: Path) -> None:
    models = [tmp_path / "model-0", tmp_path / "model-1"]
    bench = make_bench(devices={"gpu:0": {"needs": str(models[0])}, "gpu:1": {"needs": str(models[1])}})
    early = [bench.read() for _ in range(3)]
    bench.recogniser.start()
    bench.wait_for(lambda: bench.recogniser.state.phase == "failed")
    assert "needs model-0" in bench.recogniser.state.reason
    assert "needs model-1" in bench.recogniser.state.reason
    assert all(isinstance(page.exception(60), EngineUnavailableError) for page in early)
    models[1].touch()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.read().result(60).retried is False


def test_a_crash_on_one_device_is_its_own_restart_and_charges_one_page(make_bench: MakeBench) -> None:
    bench = make_bench(devices=TWO)
    pages = [bench.read(CRASH), *(bench.read() for _ in range(11))]
    bench.ready()
    assert isinstance(pages[0].exception(60), DocumentError)
    assert [page.exception(60) for page in pages[1:]] == [None] * 11
    assert sum(page.result().retried for page in pages[1:]) == 3  # that shared its call
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    restarts = sorted(state.restarts for state in bench.recogniser.devices.values())
    assert restarts[0] == 0
    assert bench.recogniser.state.restarts == restarts[1] > 0


def test_an_outage_on_one_device_alone_sends_its_pages_to_the_other(make_bench: MakeBench, tmp_path: Path) -> None:
    outage = tmp_path / "outage"
    bench = make_bench(devices={"gpu:0": {"waits": str(outage)}, "gpu:1": {}}).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    begin(outage, "its server is down")
    pages = [bench.read() for _ in range(40)]
    assert [page.exception(60) for page in pages] == [None] * 40
    assert bench.recogniser.state.takes_pages


@pytest.mark.parametrize(
    ("limits", "options"), [({"recycle_pages": 1}, {}), ({"recycle_bytes": 420 * MIB}, {"kept_bytes": 256 * MIB})], ids=["pages", "memory"]
)
def test_recycling_one_device_does_not_pause_the_other(make_bench: MakeBench, limits: dict[str, float], options: dict[str, object]) -> None:
    bench = make_bench({**limits, "batch_pages": 1}, devices=TWO, **options)
    bench.recogniser.start()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    children = {process.pid for process in engines()}
    first, second = bench.read(), bench.read()
    assert [first.result(60).retried, second.result(60).retried] == [False, False]
    bench.wait_for(lambda: "engine_recycled" in bench.names())
    assert [bench.read().result(60).retried for _ in range(2)] == [False, False]
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"} and not children & {p.pid for p in engines()})
    assert bench.recogniser.state.restarts == 0


def test_close_ends_all_children_though_they_are_busy(make_bench: MakeBench) -> None:
    bench = make_bench({"batch_pages": 1, "page_seconds": 600.0}, devices=TWO).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    hung = [bench.read(HANG), bench.read(HANG)]
    bench.wait_for(lambda: all(page.running() for page in hung))
    children = engines()
    bench.recogniser.close()
    assert all(isinstance(page.exception(0), EngineUnavailableError) for page in hung)
    assert not any(psutil.pid_exists(process.pid) for process in children)


def test_an_outage_of_all_refuses_pages_rather_than_sending_them_round(make_bench: MakeBench, tmp_path: Path) -> None:
    outage = tmp_path / "outage"
    bench = make_bench(devices=TWO, waits=str(outage)).ready()
    bench.wait_for(lambda: phases(bench) == {"gpu:0": "ready", "gpu:1": "ready"})
    begin(outage, "the server is down")
    pages = [bench.read() for _ in range(20)]
    assert all(isinstance(page.exception(60), EngineUnavailableError) for page in pages)
    bench.wait_for(lambda: not bench.recogniser.state.takes_pages)
    outage.unlink()
    bench.wait_for(lambda: bench.recogniser.state.phase == "ready")
    assert bench.read().result(60).retried is False
