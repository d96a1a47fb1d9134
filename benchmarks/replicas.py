"""What a second and a fourth replica add, each with an engine of 200 ms a page: all are idle when the documents come, as after a quiet night."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from servers.s3_server import S3Server

from benchmarks.buckets import bucket_with, drop
from benchmarks.delay import Request
from benchmarks.documents import one_page
from benchmarks.network import Network, slow_network
from benchmarks.pairs import Pairs
from benchmarks.replica import FAKE, Run, in_bucket, replica
from benchmarks.row import Plan, Result, at_least, at_most

PAGE_SECONDS, LATENCY = 0.2, 0.02
GOALS = {2: 1.9, 4: 3.7}
QUICK = {"WATCHER_WATCH__POLL_SECONDS": "0.5"}  # all notice the documents soon
MOST_LOST = 5.0
"""Percent of claim attempts."""
_SETTLE_SECONDS = 3.0
"""After all are ready: the children that open documents start in the background and nothing tells when they have, and those of four replicas take turns on few cores."""


def measure(plan: Plan) -> Iterator[Result]:
    count = 8 if plan.short else 400
    goals = dict(list(GOALS.items())[: 1 if plan.short else None])
    rates: dict[int, list[float]] = {replicas: [] for replicas in (1, *goals)}
    fleets: dict[int, Fleet] = {}
    with slow_network(plan.ceph().endpoint, LATENCY, plan.scratch / "requests") as network:
        for number in range(1, plan.pairs + 1):
            for replicas, measured in rates.items():
                plan.tell(f"replicas: run {number} of {plan.pairs}, {replicas} at once")
                fleet = fleets.setdefault(replicas, Fleet(plan.ceph(), network, count, plan.scratch))
                measured.append(fleet.rate(replicas))
        for replicas, goal in goals.items():
            fleet, pairs = fleets[replicas], Pairs(tuple(rates[replicas]), tuple(rates[1]))
            name = f"{replicas} replicas, engine of {PAGE_SECONDS * 1000:.0f} ms, {LATENCY * 1000:.0f} ms per request"
            yield pairs.result(name, "1 replica", "documents/s", at_least(goal))
            yield Result(
                name=f"{replicas} replicas: documents read twice", figures=tuple(map(float, fleet.twice)), unit="documents", goal=at_most(0)
            )
            lost = Result(
                name=f"{replicas} replicas: claim attempts lost to another", figures=tuple(fleet.lost), unit="%", goal=at_most(MOST_LOST)
            )
            yield lost


@dataclass
class Fleet:
    """`twice` and `lost` (in percent of all attempts): of each run with more than one replica."""

    server: S3Server
    network: Network
    count: int
    scratch: Path
    twice: list[int] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)

    def rate(self, replicas: int) -> float:
        """Documents per second, from the first claim to the end of the last document."""
        documents = {f"{number:04}.png": one_page(number) for number in range(self.count)}
        with bucket_with(self.server, {}) as config, ExitStack() as running:
            settings = {**in_bucket(config, self.network.endpoint), **FAKE, **QUICK, "WATCHER_OCR__FAKE_PAGE_SECONDS": str(PAGE_SECONDS)}
            fleet = [
                running.enter_context(replica(self.scratch / f"replica-{number}.log", {**settings, "WATCHER_WATCH__REPLICA": f"r{number}"}))
                for number in range(replicas)
            ]
            for one in fleet:
                one.wait_until_ready()
            time.sleep(_SETTLE_SECONDS)
            self.network.forget()
            drop(self.server.client, config.bucket, documents)
            fleet[0].wait_until(lambda: sum(len(one.run.named("document_ended")) for one in fleet) >= self.count, look_seconds=1.0)
            run = Run(tuple(event for one in fleet for event in one.run.events))
        run.require(self.count)
        if replicas > 1:
            claimed = Counter(event["document"] for event in run.named("document_claimed"))
            self.twice.append(sum(times > 1 for times in claimed.values()))
            self.lost.append(lost_attempts(self.network.requests()))
        return self.count / run.seconds


def lost_attempts(requests: list[Request]) -> float:
    """In percent of those to write a document's first entry."""
    attempts = [
        request.status
        for request in requests
        if request.method == "PUT" and request.key.startswith("claims/") and request.key.endswith("/000001")
    ]
    return 100 * sum(status in (409, 412) for status in attempts) / len(attempts)
