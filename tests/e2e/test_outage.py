"""A store that falls silent: the daemon still ends when it is told to, and goes on by itself when the store is back."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from bucket import Bucket
from servers.daemon import running, s3_environment
from servers.proxy import run_proxy
from servers.s3_server import S3Server

from watcher.storage.s3 import S3Store

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def slow(ceph: S3Server) -> tuple[Bucket, dict[str, str]]:
    """A bucket with a document of two pages, and settings that make each page take a while."""
    config = ceph.new_bucket()
    bucket = Bucket(S3Store(config))
    bucket.store.put("incoming/table.pdf", SAMPLES / "table-two-pages.pdf", "application/pdf")
    changes = {"WATCHER_OCR__ENGINE": "fake", "WATCHER_OCR__FAKE_PAGE_SECONDS": "2", "WATCHER_OCR__BATCH_PAGES": "1"}
    return bucket, {**s3_environment(config), **changes}


def test_sigterm_ends_it_within_its_time_though_the_store_does_not_answer(
    ceph: S3Server, slow: tuple[Bucket, dict[str, str]], tmp_path: Path
) -> None:
    bucket, changes = slow
    limits = {"WATCHER_WATCH__GRACE_SECONDS": "1", "WATCHER_WATCH__HAND_BACK_SECONDS": "1"}  # the store's own time-outs are minutes
    with run_proxy("proxy", ceph.endpoint, lambda fault: None, 1) as proxy:
        with running(tmp_path / "log", **{**changes, **limits, "CLOUDRU_S3_ENDPOINT": proxy.endpoint}) as daemon:
            daemon.wait_for_event("page_written")
            proxy.cut_off.set()
            assert daemon.end(signal.SIGTERM, seconds=30) == 0
            assert daemon.events("left_to_their_leases")
        proxy.cut_off.clear()
    assert bucket.keys("incoming/") == ["incoming/table.pdf"]


def test_it_goes_on_by_itself_once_the_store_is_back(ceph: S3Server, slow: tuple[Bucket, dict[str, str]], tmp_path: Path) -> None:
    bucket, changes = slow
    impatient = {
        "WATCHER_STORAGE__CONNECT_SECONDS": "1",
        "WATCHER_STORAGE__READ_SECONDS": "1",
        "WATCHER_STORAGE__ATTEMPTS": "1",
        "WATCHER_CLAIMS__LEASE_SECONDS": "3",
        "WATCHER_CLAIMS__BACKOFF_SECONDS": "1",
    }
    with run_proxy("proxy", ceph.endpoint, lambda fault: None, 1) as proxy, ExitStack() as stack:
        daemon = stack.enter_context(running(tmp_path / "log", **{**changes, **impatient, "CLOUDRU_S3_ENDPOINT": proxy.endpoint}))
        daemon.wait_for_event("page_written")
        proxy.cut_off.set()
        daemon.wait_for(lambda: '"store":"unreachable"' in daemon.get("/health")[1])
        assert daemon.get("/ready")[0] == 503
        proxy.cut_off.clear()
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
        assert daemon.end() == 0
    bucket.check_finished()
    bucket.check_closed()
