"""What a daemon costs that has nothing to do, with its default settings: requests to the store, processor time, memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from benchmarks.buckets import bucket_with
from benchmarks.network import slow_network
from benchmarks.replica import FAKE, in_bucket, replica
from benchmarks.row import Plan, Result, at_most

POLL_SECONDS, LATENCY = 5, 0.02
_HOUR = 3600.0
_SETTLED_SECONDS = 5.0  # after the start, when all has been imported


def measure(plan: Plan) -> Iterator[Result]:
    seconds = 2.0 if plan.short else 60.0  # one sign of life each time
    requests, percents, megabytes = [], [], []
    with slow_network(plan.ceph().endpoint, LATENCY, plan.scratch / "requests") as network, bucket_with(plan.ceph(), {}) as config:
        settings = {**in_bucket(config, network.endpoint), **FAKE, "WATCHER_WATCH__POLL_SECONDS": str(POLL_SECONDS)}
        with replica(plan.scratch / "daemon.log", settings) as daemon:
            daemon.wait_until_ready()
            time.sleep(0 if plan.short else _SETTLED_SECONDS)
            processes = [psutil.Process(daemon.process.pid), *psutil.Process(daemon.process.pid).children(recursive=True)]
            for number in range(1, plan.pairs + 1):
                plan.tell(f"idle cost: {seconds:.0f} s, {number} of {plan.pairs}")
                network.forget()
                before = sum(map(_processor_seconds, processes))
                time.sleep(seconds)
                requests.append(len(network.requests()) * _HOUR / seconds)
                percents.append(100 * (sum(map(_processor_seconds, processes)) - before) / seconds)
                megabytes.append(sum(process.memory_full_info().pss for process in processes) / 1e6)
    scaled = (
        f"Idle cost: counted over {seconds:.0f} s at a time with polls of {POLL_SECONDS} s, and scaled to an hour. The sweep of old claims, every"
        " 10 minutes, and the check of finished results, once a week, are not in it. All processes together; the fake engine holds no model.",
    )
    yield Result(name="idle: requests to the store", figures=tuple(requests), unit="requests/hour", notes=scaled)
    yield Result(name="idle: processor time", figures=tuple(percents), unit="% of one core", goal=at_most(1))
    yield Result(name="idle: memory", figures=tuple(megabytes), unit="MB")


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
