"""The plain script that a person would write in place of the daemon: GET, OCR, PUT, one document after another. No claims, no retries, one result.

Both sides read the same bucket over the same slow network, with an engine that takes as long for a page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from servers.s3_server import S3Server

from benchmarks.buckets import bucket_with
from benchmarks.documents import one_page
from benchmarks.network import Network, slow_network
from benchmarks.pairs import measure_pairs
from benchmarks.replica import FAKE, drain, in_bucket
from benchmarks.row import Plan, Result, at_least
from watcher.storage.s3 import S3Store

PAGE_SECONDS = 0.05
LATENCIES = (0.02, 0.1)
GOAL_AT = 0.1


def measure(plan: Plan) -> Iterator[Result]:
    documents = {f"{number:04}.png": one_page(number) for number in range(4 if plan.short else 80)}
    for latency in LATENCIES[:1] if plan.short else LATENCIES:
        with slow_network(plan.ceph().endpoint, latency, plan.scratch / f"requests-{latency}") as network:
            script = Script(plan.ceph(), network, documents, latency)
            name = f"plain script, {latency * 1000:.0f} ms per request, engine of {PAGE_SECONDS * 1000:.0f} ms a page"
            pairs = measure_pairs(plan, name, script.daemon, script.loop)
        goal = at_least(3) if latency == GOAL_AT else None
        yield pairs.result(name, "GET, OCR, PUT one after another, one result a document", "documents/s", goal)


@dataclass(frozen=True)
class Script:
    server: S3Server
    network: Network
    documents: dict[str, bytes]
    latency: float

    def daemon(self) -> float:
        """Documents per second of one replica with its default settings, the listing and the first claim counted, which end before its run begins."""
        with bucket_with(self.server, self.documents) as config:
            engine = {**FAKE, "WATCHER_OCR__FAKE_PAGE_SECONDS": str(PAGE_SECONDS)}
            run = drain({**in_bucket(config, self.network.endpoint), **engine})
            run.require(len(self.documents))
            return len(self.documents) / (run.seconds + 2 * self.latency)

    def loop(self) -> float:
        with bucket_with(self.server, self.documents) as config:
            store = S3Store(replace(config, endpoint=self.network.endpoint))
            started = perf_counter()
            for info in store.list("incoming/"):
                store.get(info.key)
                time.sleep(PAGE_SECONDS)
                store.put(info.key.replace("incoming/", "processed/") + ".md", b"what the engine read", "text/markdown")
            return len(self.documents) / (perf_counter() - started)
