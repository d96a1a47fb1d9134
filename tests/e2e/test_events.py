"""Ceph's own notifications wake a daemon whose next poll is an hour away."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from bucket import Bucket
from prometheus_client.parser import text_string_to_metric_families
from servers.ceph import CephServer
from servers.ceph_topics import notify
from servers.daemon import Daemon, running, s3_environment

from watcher.pipeline.rounds import WAKE_SECONDS
from watcher.storage.s3 import S3Config, S3Store

SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"
TOKEN = "a-token-of-the-tests-7"
POLL_SECONDS = 3600.0
SETTLED_SECONDS = 2.0


@pytest.fixture
def config(ceph: CephServer) -> S3Config:
    return ceph.new_bucket()


@pytest.fixture
def daemon(config: S3Config, tmp_path: Path) -> Iterator[Daemon]:
    """It has looked into the inbox, found nothing, and would look again in an hour."""
    changes = {
        **s3_environment(config),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_WATCH__POLL_SECONDS": str(POLL_SECONDS),
        "WATCHER_HTTP__EVENTS_TOKEN": TOKEN,
        "WATCHER_LOG__LEVEL": "debug",
    }
    with running(tmp_path / "log", **changes) as daemon:
        daemon.wait_for(lambda: rests(daemon))
        yield daemon


def rests(daemon: Daemon) -> bool:
    age = json.loads(daemon.get("/health")[1])["last_scan_age_seconds"]
    return age is not None and age > SETTLED_SECONDS


def events(daemon: Daemon) -> dict[str, float]:
    families = text_string_to_metric_families(daemon.get("/metrics")[1])
    return {
        sample.labels["result"]: sample.value
        for family in families
        if family.name == "watcher_events"
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def test_a_document_is_read_because_the_store_told_of_it(ceph: CephServer, config: S3Config, daemon: Daemon) -> None:
    notify(ceph, config.bucket, f"http://events:{TOKEN}@127.0.0.1:{daemon.port}/events")
    bucket, key = Bucket(S3Store(config)), "incoming/Отчёт за 1 кв.+50%.png"
    ceph.client.put_object(Bucket=config.bucket, Key=key, Body=SAMPLE.read_bytes())
    daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
    assert [manifest.source.key for manifest in bucket.manifests().values()] == [key]
    daemon.wait_for(lambda: rests(daemon))  # what it wrote and removed itself was told of too, and woke nothing
    counted = events(daemon)
    assert counted.pop("woke") == 1
    assert counted.pop("ignored") >= 5
    assert counted == {}
    claimed = daemon.wait_for_event("document_claimed")
    assert claimed["document"] == key
    assert daemon.end() == 0
    log = daemon.log.read_text(encoding="utf-8")
    assert TOKEN not in log
    assert base64.b64encode(f"events:{TOKEN}".encode()).decode() not in log


def test_without_the_token_the_store_wakes_nothing_and_uploads_go_on(ceph: CephServer, config: S3Config, daemon: Daemon) -> None:
    notify(ceph, config.bucket, f"http://127.0.0.1:{daemon.port}/events", prefix="incoming/")
    ceph.client.put_object(Bucket=config.bucket, Key="incoming/a.png", Body=SAMPLE.read_bytes())
    assert events(daemon) == {"unauthorized": 1}  # the store answers an upload once its notification was answered
    post = Request(f"http://127.0.0.1:{daemon.port}/events", method="POST", data=b"{}")
    with pytest.raises(HTTPError) as refused:
        urlopen(post, timeout=10)
    assert refused.value.code == 401
    assert rests(daemon)
    assert daemon.events("document_claimed") == []


def test_a_flood_of_notifications_costs_a_few_listings(daemon: Daemon) -> None:
    def listings() -> float:
        families = text_string_to_metric_families(daemon.get("/metrics")[1])
        samples = (sample for family in families if family.name == "watcher_store_requests" for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name.endswith("_total") and sample.labels["operation"].startswith("List"))

    body = b'{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "incoming/none.pdf"}}}]}'
    before, began = listings(), time.monotonic()

    def send(_number: int) -> int:
        post = Request(f"http://127.0.0.1:{daemon.port}/events", method="POST", data=body, headers={"Authorization": f"Bearer {TOKEN}"})
        with urlopen(post, timeout=30) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(send, range(1000))) == [202] * 1000
    daemon.wait_for(lambda: rests(daemon))
    looks, seconds = listings() - before, time.monotonic() - began
    assert events(daemon) == {"woke": 1000}
    assert 1 <= looks <= seconds / WAKE_SECONDS + 2
