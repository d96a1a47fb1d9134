"""Real children that hang, crash, exit, raise, grow and are orphaned."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from process import misbehaviour

from watcher.workers.child import run
from watcher.workers.pool import ChildCrashedError, ChildPool, ChildPoolClosedError, ChildTimeoutError, ChildUnstartableError

PoolFactory = Callable[..., ChildPool]
MiB = 1024 * 1024


@pytest.fixture
def make_pool() -> Iterator[PoolFactory]:
    pools: list[ChildPool] = []

    def make(**options: object) -> ChildPool:
        pool = ChildPool("tester", **{"processes": 1, "memory_bytes": None, "calls_per_child": 0, **options})  # type: ignore[arg-type]
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "did not come true within 30 s"
        time.sleep(0.02)


def test_a_result_comes_back_from_another_process(make_pool: PoolFactory) -> None:
    pool = make_pool()
    assert pool.call(misbehaviour.double, 21, seconds=30) == 42
    assert pool.call(misbehaviour.pid, seconds=30) != os.getpid()


@pytest.mark.parametrize(
    ("function", "args", "error", "text"),
    [
        (misbehaviour.segfault, (), ChildCrashedError, "SIGSEGV"),
        (misbehaviour.exit_with, (3,), ChildCrashedError, "exit code 3"),
        (misbehaviour.exit_with, (0,), ChildCrashedError, "exit code 0"),
        (misbehaviour.system_exit, (), ChildCrashedError, "SystemExit"),
        (misbehaviour.hang_for_good, (), ChildTimeoutError, "within 2 s"),
        (misbehaviour.raise_value_error, ("a reason",), ValueError, "a reason"),
        (misbehaviour.raise_timeout_error, (), TimeoutError, "of its own"),
        (misbehaviour.raise_unpicklable, (), RuntimeError, "UnpicklableError: one and two"),
    ],
)
def test_a_failed_call_says_why_and_the_next_one_works(
    make_pool: PoolFactory, function: Callable[..., object], args: tuple[object, ...], error: type[Exception], text: str
) -> None:
    pool = make_pool()
    with pytest.raises(error, match=text):
        pool.call(function, *args, seconds=2)
    assert pool.call(misbehaviour.double, 2, seconds=30) == 4


def test_a_hung_child_that_ignores_sigterm_is_dead_when_the_call_raises(make_pool: PoolFactory, tmp_path: Path) -> None:
    pool, mark = make_pool(), tmp_path / "mark"
    pool.call(misbehaviour.pid, seconds=30)
    with pytest.raises(ChildTimeoutError):
        pool.call(misbehaviour.hang_for_good, str(mark), seconds=1)
    assert not psutil.pid_exists(int(mark.read_text()))


def test_memory_beyond_the_limit_ends_the_child_only(make_pool: PoolFactory) -> None:
    pool = make_pool(memory_bytes=512 * MiB)
    assert pool.call(misbehaviour.allocate, 16 * MiB, seconds=30) == 16 * MiB
    with pytest.raises(ChildCrashedError, match="memory"):
        pool.call(misbehaviour.allocate, 1024 * MiB, seconds=30)
    assert pool.call(misbehaviour.allocate, 16 * MiB, seconds=30) == 16 * MiB


def test_a_child_may_write_no_larger_file_open_no_more_files_and_dump_no_core(make_pool: PoolFactory, tmp_path: Path) -> None:
    pool = make_pool(file_bytes=1000, open_files=64)
    assert pool.call(misbehaviour.write_file, str(tmp_path / "small"), 1000, seconds=30) == 1000
    with pytest.raises(OSError, match="File too large"):
        pool.call(misbehaviour.write_file, str(tmp_path / "large"), 1001, seconds=30)
    assert pool.call(misbehaviour.open_many, 16, seconds=30) == 16
    with pytest.raises(OSError, match="Too many open files"):
        pool.call(misbehaviour.open_many, 64, seconds=30)
    assert pool.call(misbehaviour.limits, seconds=30)["CORE"] == (0, 0)


def test_processor_time_is_bounded_by_the_call_not_by_the_childs_life(make_pool: PoolFactory) -> None:
    pool = make_pool(processors=1)
    used = pool.call(misbehaviour.use_processor, 1.5, seconds=30)
    soft, hard = pool.call(misbehaviour.limits, seconds=30)["CPU"]
    assert used + 30 <= soft <= used + 60
    assert hard == resource.RLIM_INFINITY
    assert pool.call(misbehaviour.limits, seconds=100)["CPU"][0] >= soft + 70


def test_the_kernel_ends_a_runaway_child_whose_parent_does_not(make_pool: PoolFactory) -> None:
    """The parent's clock is taken from it, as from a process that was frozen: what is left is the kernel's."""
    pool = make_pool(processors=1)
    first = pool.call(misbehaviour.pid, seconds=30)
    with pytest.raises(ChildTimeoutError, match="processor time"):
        pool._children[0]._result(pool._children[0]._pool, run, (misbehaviour.loop_for_good, (), 0.1), seconds=60)
    assert pool.call(misbehaviour.pid, seconds=30) != first


def test_children_are_replaced_after_so_many_calls(make_pool: PoolFactory) -> None:
    pool = make_pool(calls_per_child=2)
    pids = [pool.call(misbehaviour.pid, seconds=30) for _ in range(5)]
    assert pids[0] == pids[1]
    assert pids[2] == pids[3]
    assert len(set(pids)) == 3


def test_restart_spares_the_call_that_runs(make_pool: PoolFactory, tmp_path: Path) -> None:
    pool = make_pool(processes=2)
    go_on = tmp_path / "go-on"
    before = pool.call(misbehaviour.pid, seconds=30)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(pool.call, misbehaviour.wait_for, str(go_on), seconds=60)
        wait_until(lambda: len(pool._idle) == 1)
        pool.restart()
        go_on.touch()
        assert running.result() == before
    assert pool.call(misbehaviour.pid, seconds=30) != before


@pytest.mark.parametrize("death", [misbehaviour.kill_myself_soon, misbehaviour.exit_with_0_soon])
def test_a_child_that_died_while_idle_is_replaced_unnoticed(make_pool: PoolFactory, death: Callable[[], int]) -> None:
    pool = make_pool()
    first = pool.call(death, seconds=30)
    wait_until(lambda: not psutil.pid_exists(first))  # reaped, too, which the pool's look at the process goes by
    assert pool.call(misbehaviour.double, 3, seconds=30) == 6


def test_each_child_runs_the_initializer_once(make_pool: PoolFactory) -> None:
    pool = make_pool(initializer=misbehaviour.initializer, initargs=("hello",))
    assert pool.call(misbehaviour.started, seconds=30) == ["hello"]
    pool.restart()
    assert pool.call(misbehaviour.started, seconds=30) == ["hello"]


@pytest.mark.parametrize(
    ("initializer", "initargs", "start_seconds", "reason"),
    [
        (misbehaviour.failing_initializer, ("no model in /models",), 60, "FileNotFoundError: no model in /models"),
        (misbehaviour.exit_with, (5,), 60, "exit code 5"),
        (misbehaviour.hang_for_good, (), 2, "within 2 s"),
    ],
)
def test_a_child_that_cannot_start_gives_its_reason(
    make_pool: PoolFactory, initializer: Callable[..., None], initargs: tuple[object, ...], start_seconds: float, reason: str
) -> None:
    pool = make_pool(initializer=initializer, initargs=initargs, start_seconds=start_seconds)
    for _ in range(2):
        with pytest.raises(ChildUnstartableError, match=reason):
            pool.call(misbehaviour.double, 1, seconds=30)


def test_waiting_for_a_free_child_does_not_count_towards_the_deadline(make_pool: PoolFactory, tmp_path: Path) -> None:
    pool, go_on = make_pool(), tmp_path / "go-on"
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pool.call, misbehaviour.wait_for, str(go_on), seconds=60)
        wait_until(lambda: not pool._idle)
        queued = threads.submit(pool.call, misbehaviour.double, 5, seconds=1)
        time.sleep(1.5)  # longer than the deadline of the one that queues: the passing of time is what is tested
        go_on.touch()
        assert first.result() > 0
        assert queued.result() == 10


def test_children_live_on_when_the_thread_that_called_first_has_ended(make_pool: PoolFactory) -> None:
    pool = make_pool()
    first = misbehaviour.in_thread(lambda: pool.call(misbehaviour.pid, seconds=30))
    assert pool.call(misbehaviour.pid, seconds=30) == first


def test_secrets_do_not_reach_children(make_pool: PoolFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY", "WATCHER_OCR__SERVER__API_KEY")
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("UNRELATED_CLOUD", "stays")
    pool = make_pool()
    left = [line for name in secrets for line in pool.call(misbehaviour.environment_of_process, name, seconds=30)]
    assert [line for line in left if not line.endswith("=")] == []
    assert len(pool.call(misbehaviour.environment_of_process, "UNRELATED_CLOUD", seconds=30)) == 2


def test_ctrl_c_is_left_to_the_parent(make_pool: PoolFactory) -> None:
    pool = make_pool()
    assert pool.call(misbehaviour.sigint_is_ignored_or_blocked, seconds=30)
    assert pool.call(misbehaviour.send_me_sigint, seconds=30) == pool.call(misbehaviour.pid, seconds=30)


def test_memory_of_children_is_told(make_pool: PoolFactory) -> None:
    pool = make_pool()
    assert pool.memory_bytes() == 0
    pool.call(misbehaviour.pid, seconds=30)
    assert MiB < pool.memory_bytes() < 4096 * MiB


def test_close_ends_a_call_that_runs_one_that_waits_and_all_later_ones(make_pool: PoolFactory, tmp_path: Path) -> None:
    pool, mark = make_pool(), tmp_path / "mark"
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(pool.call, misbehaviour.hang_for_good, str(mark), seconds=600)
        wait_until(mark.exists)
        waiting = threads.submit(pool.call, misbehaviour.double, 1, seconds=600)
        pool.close()
        for future in (running, waiting):
            with pytest.raises(ChildPoolClosedError):
                future.result()
    with pytest.raises(ChildPoolClosedError):
        pool.call(misbehaviour.double, 1, seconds=1)
    wait_until(lambda: not psutil.pid_exists(int(mark.read_text())))


def test_a_parent_killed_with_sigkill_leaves_no_child_and_no_word_behind(tmp_path: Path) -> None:
    mark = tmp_path / "busy"
    script = Path(__file__).with_name("orphan_parent.py")
    tests = str(script.parent.parent)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(mark)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": tests},
    )
    try:
        assert parent.stdout is not None
        idle = int(parent.stdout.readline())
        wait_until(lambda: mark.exists() and mark.read_text() != "")
        children = [idle, int(mark.read_text())]
        assert all(psutil.pid_exists(pid) for pid in children)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()
    wait_until(lambda: not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in children))
    assert parent.stderr is not None
    with parent.stderr:
        assert parent.stderr.read() == ""  # up to the end of every process that writes there


def test_many_threads_share_two_children(make_pool: PoolFactory) -> None:
    pool = make_pool(processes=2)
    barrier = threading.Barrier(8)

    def call(number: int) -> int:
        barrier.wait()
        return pool.call(misbehaviour.double, number, seconds=30)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(call, range(8))) == [2 * number for number in range(8)]
