"""How soon a document that is dropped before an idle daemon is claimed: by polling, at a random moment between two polls, and by a notification."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles
from time import monotonic
from urllib.request import Request, urlopen

from servers.s3_server import S3Server

from benchmarks.buckets import bucket_with
from benchmarks.documents import one_page
from benchmarks.network import Network, slow_network
from benchmarks.replica import FAKE, Replica, in_bucket, replica
from benchmarks.row import Plan, Result, at_most
from watcher.storage.s3 import S3Config

POLL_SECONDS, LATENCY = 2.0, 0.02
NOTIFIED_SECONDS = 0.05
_RARE_POLL_SECONDS = 3600.0
_QUIET_SECONDS = 0.3  # before each notified drop: looks into the inbox are at least a fifth of a second apart
_TOKEN = "token-of-the-benchmark-0123456789"
_SEED = 1


def measure(plan: Plan) -> Iterator[Result]:
    drops = 2 if plan.short else 40
    with slow_network(plan.ceph().endpoint, LATENCY, plan.scratch / "requests") as network:
        for name, poll, notified, goal in (
            (f"poll of {POLL_SECONDS:g} s", POLL_SECONDS, False, POLL_SECONDS),
            ("with a notification", _RARE_POLL_SECONDS, True, NOTIFIED_SECONDS),
        ):
            with bucket_with(plan.ceph(), {}) as config:
                settings = {"WATCHER_WATCH__POLL_SECONDS": str(poll), "WATCHER_HTTP__EVENTS_TOKEN": _TOKEN}
                log = plan.scratch / f"daemon-{poll:g}.log"
                with replica(log, {**in_bucket(config, network.endpoint), **FAKE, **settings}) as daemon:
                    daemon.wait_until_ready()
                    idle = IdleDaemon(plan.ceph(), network, config, daemon, random.Random(_SEED), notified)
                    runs = [
                        idle.waits(plan, drops, f"drop to claimed, {name}: run {number} of {plan.pairs}")
                        for number in range(1, plan.pairs + 1)
                    ]
            yield Result(
                name=f"drop to claimed, {name}, {LATENCY * 1000:.0f} ms per request: 99th percentile",
                figures=tuple(percentile_99(waits) for waits in runs),
                unit="s",
                goal=at_most(goal + 2 * LATENCY),
                measured={"longest, s": tuple(map(max, runs)), "mean, s": tuple(sum(waits) / len(waits) for waits in runs)},
                notes=(
                    f"Drop to claimed: {drops} drops a run, from the answer to the drop's PUT to that of the claim's. Notifications are sent to"
                    " POST /events by the benchmark itself, as soon as the document is dropped, in the form of the store's.",
                ),
            )


@dataclass
class IdleDaemon:
    server: S3Server
    network: Network
    config: S3Config
    daemon: Replica
    dice: random.Random
    notified: bool
    dropped: int = 0

    def waits(self, plan: Plan, drops: int, name: str) -> list[float]:
        """Seconds from each drop to its claim; the next comes a random while after the document has ended."""
        waits = []
        for number in range(1, drops + 1):
            plan.tell(f"{name}, drop {number} of {drops}")
            time.sleep(_QUIET_SECONDS * (1 + self.dice.random()) if self.notified else POLL_SECONDS * self.dice.random())
            waits.append(self._drop())
        return waits

    def _drop(self) -> float:
        self.dropped += 1
        name = f"{self.dropped:05}.png"
        self.server.client.put_object(Bucket=self.config.bucket, Key=f"incoming/{name}", Body=one_page(self.dropped))
        dropped_at = monotonic()
        if self.notified:
            self._notify(name)
        self.daemon.wait_until(lambda: len(self.daemon.run.named("document_ended")) >= self.dropped)
        claims = [request for request in self.network.requests() if request.method == "PUT" and request.key.startswith(f"claims/{name}/")]
        self.network.forget()
        return claims[0].answered_at - dropped_at

    def _notify(self, name: str) -> None:
        record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": f"incoming/{name}"}}}
        body, headers = json.dumps({"Records": [record]}).encode(), {"Authorization": f"Bearer {_TOKEN}"}
        urlopen(Request(f"{self.daemon.url}/events", data=body, headers=headers), timeout=10).close()


def percentile_99(values: list[float]) -> float:
    """The value that one in a hundred passes: between the two largest where there are fewer."""
    return quantiles(values, n=100, method="inclusive")[98]
