"""Which cores a process keeps for itself and which its children get, tried in processes of their own: the tests' one keeps all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from watcher.workers.cores import allowed

pytestmark = pytest.mark.skipif(len(allowed()) < 2, reason="this machine has one core, or tells of none")

TRIED = """
import json, os
from concurrent.futures import ThreadPoolExecutor
from watcher.workers.cores import stay_on_one
from watcher.workers.pool import ChildPool

if __name__ == "__main__":
    before = os.sched_getaffinity(0)
    stay_on_one()
    pool = ChildPool("child", processes=1, memory_bytes=None, calls_per_child=1)
    with ThreadPoolExecutor(1) as threads:
        of_thread = threads.submit(os.sched_getaffinity, 0).result()
        of_children = [threads.submit(pool.call, os.sched_getaffinity, 0, seconds=30).result() for _ in range(2)]
    pool.close()
    print(json.dumps([sorted(before), sorted(os.sched_getaffinity(0)), sorted(of_thread), *map(sorted, of_children)]))
"""


NARROWED_FROM_OUTSIDE = """
import json, os
from watcher.workers.pool import ChildPool

if __name__ == "__main__":
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    pool = ChildPool("child", processes=1, memory_bytes=None, calls_per_child=1)
    print(json.dumps([sorted(pool.call(os.sched_getaffinity, 0, seconds=30))]))
    pool.close()
"""

CHOSEN = """
import json, os
from watcher.workers.cores import stay_on_one

if __name__ == "__main__":
    given, chosen = os.sched_getaffinity(0), []
    for _ in range(40):
        os.sched_setaffinity(0, given)
        stay_on_one()
        chosen += os.sched_getaffinity(0)
    print(json.dumps([chosen]))
"""


def run(code: str) -> list[list[int]]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    answer: list[list[int]] = json.loads(done.stdout)
    return answer


def test_threads_stay_on_one_core_and_children_have_all_that_the_process_had() -> None:
    before, after, of_thread, *of_children = run(TRIED)
    assert len(after) == 1
    assert set(after) < set(before)
    assert of_thread == after
    assert of_children == [before, before]


def test_a_child_gets_no_core_that_the_process_had_not() -> None:
    core = min(allowed())
    before, *later = run(f"import os; os.sched_setaffinity(0, [{core}])\n{TRIED}")
    assert before == [core]
    assert later == [[core]] * 4


def test_a_process_that_never_kept_to_one_gives_its_children_what_it_has_itself() -> None:
    assert run(NARROWED_FROM_OUTSIDE) == [[min(allowed())]]


def test_processes_that_start_while_nothing_is_to_do_do_not_all_choose_the_same_core() -> None:
    (chosen,) = run(CHOSEN)
    assert len(chosen) == 40
    assert len(set(chosen)) > 1
