"""Two replicas on real stores that do not keep racing creates apart."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from bucket import Bucket
from PIL import Image
from servers.daemon import running, s3_environment
from servers.s3_server import S3Server

from watcher.lease.names import entry_names, split_log_object
from watcher.storage.s3 import S3Store

DOCUMENTS = 12


@dataclass(frozen=True)
class Kind:
    server: str
    versioned: bool
    conditions: str
    removal: str


KINDS = {
    "swift": Kind("swift", versioned=False, conditions="racy", removal="conditional"),
    "ceph, versioned bucket": Kind("ceph", versioned=True, conditions="ignored", removal="versioned"),
}


def picture(number: int) -> bytes:
    body = BytesIO()
    Image.new("L", (200 + number, 100)).save(body, "PNG")
    return body.getvalue()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_replicas_share_a_bucket_by_bids(request: pytest.FixtureRequest, tmp_path: Path, kind: Kind) -> None:
    server: S3Server = request.getfixturevalue(kind.server)
    config = server.new_bucket(kind.versioned)
    bucket = Bucket(S3Store(config))
    changes = {**s3_environment(config), "WATCHER_OCR__ENGINE": "fake"}
    with running(tmp_path / "one.log", **changes) as one, running(tmp_path / "two.log", **changes) as two:
        for replica in (one, two):
            probed = replica.wait_for_event("store_probed")
            assert (probed["claim_mode"], probed["conditions"], probed["removal"]) == ("bids", kind.conditions, kind.removal)
        for number in range(DOCUMENTS):
            bucket.store.put(f"incoming/{number}.png", picture(number), "image/png")
        one.wait_for(lambda: not bucket.keys("incoming/"))
        assert {json.loads(replica.get("/health")[1])["claim_mode"] for replica in (one, two)} == {"bids"}
        assert [replica.end(signal.SIGTERM) for replica in (one, two)] == [0, 0]
        ended = [event for replica in (one, two) for event in replica.events("document_ended")]
    assert sorted(event["document"] for event in ended if event["outcome"] == "done") == sorted(
        f"incoming/{number}.png" for number in range(DOCUMENTS)
    )
    assert len(bucket.manifests()) == DOCUMENTS
    assert bucket.check_finished() > DOCUMENTS
    assert bucket.check_closed() == DOCUMENTS
    splits = [split for key in bucket.keys("claims/") if (split := split_log_object(key))]
    assert all(name.nonce for _, name in splits for name in entry_names([name]))
    assert "claims/.bids" in bucket.keys("claims/")
