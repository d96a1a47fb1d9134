"""From a person's disk through a bucket and back: put, wait, get."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from servers.ceph import CephServer
from servers.daemon import command, running, s3_environment

from watcher.domain.manifest import Manifest
from watcher.storage.digest import sha256_of

SAMPLES = Path(__file__).parents[2] / "samples"


def test_what_was_put_comes_back_read(ceph: CephServer, tmp_path: Path) -> None:
    config = ceph.new_bucket()
    settings = {**s3_environment(config), "WATCHER_OCR__ENGINE": "fake"}
    paper = tmp_path / "договор №1.pdf"
    shutil.copy(SAMPLES / "table-two-pages.pdf", paper)

    early = command("get", paper.name, **settings)
    assert (early.returncode, early.stdout) == (1, "")
    put = command("put", paper, **settings)
    assert put.returncode == 0, put.stderr
    early = command("get", paper.name, **settings)
    assert (early.returncode, "pending: no replica has begun it" in early.stderr) == (4, True)
    with running(tmp_path / "log", **settings):
        waited = command("put", paper, "--wait", **settings)
    assert waited.returncode == 0, waited.stderr

    (address,) = [line.split()[-1] for line in waited.stderr.splitlines() if line.strip().startswith("preview ")]
    assert address.startswith(f"{config.endpoint}/{config.bucket}/processed/%D0%B4")
    with pytest.raises(HTTPError, match="403"):  # the right address of a private bucket
        urlopen(address, timeout=10)
    (place,) = [line.strip() for line in waited.stderr.splitlines() if line.strip().startswith("Markdown ")]
    assert f"s3://{config.bucket}/processed/{paper.name}/" in place

    for _ in range(2):
        got = command("get", paper.name, tmp_path / "results", **settings)
        assert got.returncode == 0, got.stderr
        assert got.stdout.splitlines() == [str(tmp_path / "results" / "preview.html"), str(tmp_path / "results" / "document.md")]
    manifest = Manifest.model_validate_json((tmp_path / "results" / "manifest.json").read_bytes())
    assert len(manifest.outputs) > 5
    for output in manifest.outputs:
        assert sha256_of(tmp_path / "results" / output.name) == output.sha256
    text = command("get", paper.name, "--markdown", **settings)
    assert text.stdout == (tmp_path / "results" / "document.md").read_text(encoding="utf-8")
    for run in (early, put, waited, got, text):
        assert config.secret_key not in run.stdout + run.stderr
        assert config.access_key not in run.stdout + run.stderr
