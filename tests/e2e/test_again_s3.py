"""Documents that a person has read again on a real S3 server, with and without versioning (there claims are made by bids)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bucket import Bucket
from servers.ceph import CephServer
from servers.daemon import command, s3_environment

from watcher.storage.s3 import S3Config, S3Store

SAMPLE = (Path(__file__).parents[2] / "samples" / "russian-page.png").read_bytes()
KEY = "incoming/Договоры/страница №1.png"


def upload_in_parts(server: CephServer, config: S3Config, key: str, body: bytes) -> None:
    upload = server.client.create_multipart_upload(Bucket=config.bucket, Key=key)["UploadId"]
    named = {"Bucket": config.bucket, "Key": key, "UploadId": upload}
    part = server.client.upload_part(**named, PartNumber=1, Body=body)
    server.client.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})


@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])
def test_a_document_fails_is_tried_again_and_is_then_read_anew(ceph: CephServer, versioned: bool) -> None:
    config = ceph.new_bucket(versioned)
    bucket, environment = Bucket(S3Store(config)), {**s3_environment(config), "WATCHER_OCR__ENGINE": "fake"}
    bucket.store.put(KEY, SAMPLE, "image/png")
    assert command("run", "--drain", **environment, WATCHER_LIMITS__FILE_BYTES="10").returncode == 3

    retried = command("retry", KEY, **environment)
    assert (retried.returncode, retried.stdout.splitlines()[0]) == (0, f"{KEY}: restored, it will be read again"), retried.stderr
    assert command("run", "--drain", **environment).returncode == 0
    assert bucket.keys("failed/") == []

    redone = command("redo", KEY, **environment)
    assert redone.returncode == 0, redone.stdout + redone.stderr
    assert command("run", "--drain", **environment).returncode == 0
    assert sorted(manifest.generation for manifest in bucket.manifests().values()) == [1, 2]
    bucket.check_finished()
    assert bucket.check_closed() == 1
    assert bucket.keys("incoming/") == []


def test_a_document_that_was_uploaded_in_parts_is_read_anew(ceph: CephServer) -> None:
    """In parts it had another ETag than it has in one piece: it comes back as another version, and from then on by generations."""
    config = ceph.new_bucket()
    bucket, environment = Bucket(S3Store(config)), {**s3_environment(config), "WATCHER_OCR__ENGINE": "fake"}
    upload_in_parts(ceph, config, KEY, SAMPLE)
    assert re.search(r"-1$", bucket.store.head(KEY).etag)
    for _ in range(2):
        assert command("run", "--drain", **environment).returncode == 0
        assert command("redo", KEY, **environment).returncode == 0
    assert command("run", "--drain", **environment).returncode == 0
    folders = sorted(folder.split("/")[-2] for folder in bucket.manifests())
    assert len({folder[:12] for folder in folders}) == 2
    assert [folder[12:] for folder in folders if folder[12:]] == ["-2"]
    bucket.check_finished()
    assert bucket.check_closed() == 2
    assert bucket.keys("incoming/") == []
