"""An inbox of a million objects: what a look through all of it costs beyond a bare listing, and when the first document of it is claimed.

The store is a stand-in that makes up the listing (`benchmarks.listing_stub`). The look is the inbox of the daemon over its own store, with nothing
claimed on the way; the bare listing is boto3's paginator. Each runs in a process of its own.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import boto3
import psutil
from botocore.config import Config

from benchmarks.listing_stub import INBOX, PAGE, Stub, listing_stub, stub_config
from benchmarks.pairs import measure_pairs
from benchmarks.replica import FAKE, in_bucket, replica
from benchmarks.row import Plan, Result, at_most
from watcher.app import STALE_WINDOW_POLLS, layout_of, new_condition, watched
from watcher.pipeline.inbox import Inbox
from watcher.settings import Settings
from watcher.storage.s3 import S3Store

OBJECTS = 1_000_000


def measure(plan: Plan) -> Iterator[Result]:
    objects = 3 * PAGE if plan.short else OBJECTS
    name = f"backlog: a look through {objects:,} objects"
    with listing_stub(objects, plan.scratch / "requests") as stub:
        extra, first_after = [], []

        def ours() -> float:
            scanned = _run("scan", stub, objects)
            extra.append(scanned["extra_megabytes"])
            return scanned["seconds"]

        pairs = measure_pairs(plan, name, ours, lambda: _run("paginate", stub, objects)["seconds"])
        plan.tell("backlog: the first claim of the daemon")
        first_after.append(_pages_before_the_first_claim(plan, stub))
    yield pairs.result(
        name,
        "boto3's paginator",
        "s",
        at_most(1.2),
        notes=("Backlog: listed from a stand-in for the store on the same machine, which makes up the listing.",),
    )
    yield Result(name="backlog: memory of a look beyond idle", figures=tuple(extra), unit="MB", goal=at_most(150))
    yield Result(name="backlog: pages of the listing before the first claim", figures=tuple(first_after), unit="pages", goal=at_most(1))


def _run(what: str, stub: Stub, objects: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.backlog", what, stub.config.endpoint, str(objects)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _pages_before_the_first_claim(plan: Plan, stub: Stub) -> float:
    """Different ones, of the inbox's listing, that the daemon asked for before it sent the first claim."""

    def claims() -> list[int]:
        return [at for at, (method, key, _) in enumerate(stub.requests()) if method == "PUT" and key.startswith("claims/0")]

    stub.forget()
    with replica(plan.scratch / "daemon.log", {**in_bucket(stub.config), **FAKE}) as daemon:
        daemon.wait_until(claims)
    before = stub.requests()[: claims()[0]]
    return float(len({query for method, key, query in before if method == "GET" and not key and parse_qs(query).get("prefix") == [INBOX]}))


def _scan(endpoint: str) -> int:
    """Deals the whole inbox once, as the daemon reaches it."""
    settings = Settings()
    store = watched(S3Store(stub_config(endpoint)), settings, new_condition(settings))
    stale = STALE_WINDOW_POLLS * settings.watch.poll_seconds
    inbox = Inbox(store, layout_of(settings), tuple(settings.watch.ignore), time.monotonic, random.random, stale)
    return sum(1 for _ in inbox.deal())


def _paginate(endpoint: str) -> int:
    config = stub_config(endpoint)
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=config.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=config.bucket, Prefix=INBOX)
    return sum(len(page.get("Contents", ())) for page in pages)


_PARTS: dict[str, Callable[[str], int]] = {"scan": _scan, "paginate": _paginate}


def main() -> None:
    what, endpoint, objects = sys.argv[1:]
    idle = psutil.Process().memory_info().rss
    began = time.perf_counter()
    found = _PARTS[what](endpoint)
    seconds = time.perf_counter() - began
    if found != int(objects):
        raise SystemExit(f"{found} of {objects} objects were found")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "extra_megabytes": (peak - idle) / 1e6}))


if __name__ == "__main__":
    main()
