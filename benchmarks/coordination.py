"""What claims, checkpoints and manifests cost beside the store itself: an engine of 0 s, documents of one page, and nothing between us and the store.

Against it, a bare loop that sends the daemon's own GETs and PUTs again, as many bytes each, from as many threads as the daemon reads documents at once:
what one process of plain boto3 gets out of the store with this layout. It draws nothing, and waits for no answer before it sends what follows from it.
The daemon's threads keep to one core, which does such a loop good, too: it is measured both ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from servers.s3_server import S3Server

from benchmarks.buckets import at_once, bucket_with
from benchmarks.documents import one_page
from benchmarks.network import slow_network
from benchmarks.pairs import Pairs, measure_pairs
from benchmarks.replica import FAKE, drain, in_bucket
from benchmarks.row import Plan, Result, at_least
from watcher.storage.s3 import S3Config
from watcher.workers.cores import allowed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 16
"""Documents that the daemon reads at once, and threads of the loop."""
_COUNTED = 5
"""Documents whose requests are counted."""
_SETTINGS = {**FAKE, "WATCHER_WATCH__DOCUMENTS": str(AT_ONCE)}


def measure(plan: Plan) -> Iterator[Result]:
    server, count = plan.ceph(), 8 if plan.short else 500
    plan.tell("coordination: counting requests")
    sent = requests_of_documents(plan, server)
    methods = Counter(method for method, _ in sent)
    counted = {f"{method} requests per document": (number / _COUNTED,) for method, number in sorted(methods.items())}
    bodies = [size for method, size in sent if method == "PUT"][: methods["PUT"] // _COUNTED]
    coordination = Coordination(server, count, tuple(bodies), methods["GET"] // _COUNTED)
    pairs = measure_pairs(plan, "coordination", coordination.daemon, coordination.loops)
    notes = (
        f"Coordination: {AT_ONCE} documents are read at once, {AT_ONCE} more finished, by more threads than the {AT_ONCE} of the loop; no latency is"
        " added, which would hide what we cost.",
    )
    name, against = (
        "coordination: one-page documents, engine of 0 s",
        "the daemon's own GETs and PUTs sent by plain boto3, from as many threads",
    )
    yield pairs.result(name, against, "documents/s", at_least(0.7), notes=notes)
    yield Pairs(pairs.ours, tuple(coordination.on_one_core)).result(name, f"{against}, on one core as the daemon's", "documents/s")
    yield Result(
        name="requests for a document of one page with one figure", figures=(len(sent) / _COUNTED,), unit="requests", measured=counted
    )


def requests_of_documents(plan: Plan, server: S3Server) -> list[tuple[str, int]]:
    """Of some documents, one after the other: the method of each request that names one of them, and of PUTs the bytes that then stood there."""
    documents = {f"counted-{number}.png": one_page(number) for number in range(_COUNTED)}
    with slow_network(server.endpoint, 0.0, plan.scratch / "requests") as network, bucket_with(server, documents) as config:
        drain({**in_bucket(config, network.endpoint), **FAKE, "WATCHER_WATCH__DOCUMENTS": "1"}).require(_COUNTED)
        pages = server.client.get_paginator("list_objects_v2").paginate(Bucket=config.bucket)
        sizes = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}
        return [(request.method, sizes.get(request.key, 0)) for request in network.requests() if "counted-" in request.key]


@dataclass
class Coordination:
    """`bodies`: sizes of what is put for each document; `gets`: how often something of it is read.

    `on_one_core`: documents per second of each loop whose threads kept to one core.
    """

    server: S3Server
    count: int
    bodies: tuple[int, ...]
    gets: int
    on_one_core: list[float] = field(default_factory=list)

    @property
    def documents(self) -> dict[str, bytes]:
        return {f"{number:04}.png": one_page(number) for number in range(self.count)}

    def daemon(self) -> float:
        """Documents per second."""
        with bucket_with(self.server, self.documents) as config:
            run = drain({**in_bucket(config), **_SETTINGS})
            run.require(self.count)
            return self.count / run.seconds

    def loops(self) -> float:
        """Documents per second of a loop that may use all cores; the other is measured right before."""
        self.on_one_core.append(self._loop(sorted(allowed())[:1]))
        return self._loop(())

    def _loop(self, cores: Collection[int]) -> float:
        with bucket_with(self.server, self.documents) as config:
            client = plain_client(config, AT_ONCE)
            tasks = [task for name in self.documents for task in self._requests(client, config.bucket, name)]
            started = perf_counter()
            at_once(AT_ONCE, tasks, cores)
            return self.count / (perf_counter() - started)

    def _requests(self, client: S3Client, bucket: str, name: str) -> Iterator[Callable[[], None]]:
        def get() -> None:
            client.get_object(Bucket=bucket, Key=f"incoming/{name}")["Body"].read()

        def put(part: int, size: int) -> None:
            client.put_object(Bucket=bucket, Key=f"processed/{name}/{part}", Body=bytes(size))

        yield from [get] * self.gets
        yield from (partial(put, part, size) for part, size in enumerate(self.bodies))


def plain_client(config: S3Config, connections: int) -> S3Client:
    """As its manual has it, but for what stores that are not Amazon's need."""
    return boto3.client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=config.secret_key,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=connections),
    )
