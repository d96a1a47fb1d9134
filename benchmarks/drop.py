"""How soon a document that is dropped before an idle daemon is claimed: by polling, at a random moment between two polls."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles
from time import monotonic

from servers.s3_server import S3Server

from benchmarks.buckets import bucket_with
from benchmarks.documents import one_page
from benchmarks.network import Network, slow_network
from benchmarks.replica import FAKE, Replica, in_bucket, replica
from benchmarks.row import Plan, Result, at_most
from watcher.storage.s3 import S3Config

POLL_SECONDS, LATENCY = 2.0, 0.02
_SEED = 1


def measure(plan: Plan) -> Iterator[Result]:
    drops = 2 if plan.short else 100
    with slow_network(plan.ceph().endpoint, LATENCY, plan.scratch / "requests") as network, bucket_with(plan.ceph(), {}) as config:
        settings = {**in_bucket(config, network.endpoint), **FAKE, "WATCHER_WATCH__POLL_SECONDS": str(POLL_SECONDS)}
        with replica(plan.scratch / "daemon.log", settings) as daemon:
            daemon.wait_until_ready()
            idle = IdleDaemon(plan.ceph(), network, config, daemon, random.Random(_SEED))
            runs = [idle.waits(plan, drops, f"drop to claimed: run {number} of {plan.pairs}") for number in range(1, plan.pairs + 1)]
    yield Result(
        name=f"drop to claimed, poll of {POLL_SECONDS:g} s, {LATENCY * 1000:.0f} ms per request: 99th percentile",
        figures=tuple(percentile_99(waits) for waits in runs),
        unit="s",
        goal=at_most(POLL_SECONDS + 2 * LATENCY),
        measured={"longest, s": tuple(map(max, runs)), "mean, s": tuple(sum(waits) / len(waits) for waits in runs)},
        notes=(f"Drop to claimed: {drops} drops a run, from the answer to the drop's PUT to that of the claim's.",),
    )


@dataclass
class IdleDaemon:
    server: S3Server
    network: Network
    config: S3Config
    daemon: Replica
    dice: random.Random
    dropped: int = 0

    def waits(self, plan: Plan, drops: int, name: str) -> list[float]:
        """Seconds from each drop to its claim; the next comes when the document has ended, after up to a poll more."""
        waits = []
        for number in range(1, drops + 1):
            plan.tell(f"{name}, drop {number} of {drops}")
            time.sleep(self.dice.random() * POLL_SECONDS)
            waits.append(self._drop())
        return waits

    def _drop(self) -> float:
        self.dropped += 1
        name = f"{self.dropped:05}.png"
        self.server.client.put_object(Bucket=self.config.bucket, Key=f"incoming/{name}", Body=one_page(self.dropped))
        dropped_at = monotonic()
        self.daemon.wait_until(lambda: len(self.daemon.run.named("document_ended")) >= self.dropped)
        claims = [request for request in self.network.requests() if request.method == "PUT" and request.key.startswith(f"claims/{name}/")]
        self.network.forget()
        return claims[0].answered_at - dropped_at


def percentile_99(values: list[float]) -> float:
    """The value that one in a hundred passes: between the two largest where there are fewer."""
    return quantiles(values, n=100, method="inclusive")[98]
