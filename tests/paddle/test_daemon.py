"""The daemon with the real pipeline, while its model server comes and goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bucket import Bucket
from doubles.paddle_reader import models
from PIL import Image
from servers.daemon import Daemon, folder_environment, running
from servers.model_server import running_model_server

from watcher.app import utc_now
from watcher.domain.claim import Phase
from watcher.storage.folder import FolderStore

ONE = [("text", 0.1, 0.1, 0.9, 0.3)]
KEY = "made-up-key-of-the-server"
DOCUMENTS = 8


def drop(folder: Path, name: str, shade: int) -> None:
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    page = Image.new("L", (600, 800), 255)
    page.paste(shade, (60, 80, 540, 240))
    page.save(incoming / f".{name}", "PNG")
    (incoming / f".{name}").rename(incoming / name)


def health(daemon: Daemon) -> dict[str, object]:
    return dict(json.loads(daemon.get("/health")[1]))


@pytest.mark.timeout(600)
def test_documents_wait_while_the_model_server_is_away_and_are_read_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    for number in range(DOCUMENTS // 2):
        drop(folder, f"early-{number}.png", number)
    with running_model_server("const", key=KEY, delay=0.5) as server:
        changes = {
            **folder_environment(folder),
            "WATCHER_STORAGE__SETTLE_SECONDS": "0",
            "WATCHER_CLAIMS__BACKOFF_SECONDS": "1",
            "WATCHER_OCR__ENGINE": "paddleocr-vl",
            "WATCHER_OCR__BACKEND": "vllm-server",
            "WATCHER_OCR__MODELS": str(models(ONE)),
            "WATCHER_OCR__DEVICES": "cpu",
            "WATCHER_OCR__SERVER__URL": server.url,
            "WATCHER_OCR__SERVER__API_KEY": KEY,
            "WATCHER_OCR__SERVER__ATTEMPTS": "2",
            "WATCHER_OCR__RESTART_MAX_SECONDS": "1",
        }
        with running(tmp_path / "log", **changes) as daemon:
            assert health(daemon)["paddleocr"] == "initializing"
            daemon.wait_for(lambda: bucket.manifests(), seconds=200)
            assert daemon.get("/ready")[0] == 200

            server.stop()
            for number in range(DOCUMENTS // 2, DOCUMENTS):
                drop(folder, f"late-{number}.png", number)
            daemon.wait_for_event("engine_waits", seconds=200)
            daemon.wait_for(lambda: '"in_progress":0' in daemon.get("/health")[1], seconds=200)
            status, said = daemon.get("/health")
            assert (status, json.loads(said)["paddleocr"]) == (200, "initializing")
            assert "ocr.server.url" in json.loads(said)["reason"]
            assert daemon.get("/ready")[0] == 503
            entries = bucket.last_entries().values()
            assert {(entry.phase, entry.attempts) for entry in entries if entry.phase is not Phase.CLOSED} <= {(Phase.WAITING, 0)}

            server.start()
            server.set("const", key=KEY)
            daemon.wait_for(lambda: len(bucket.manifests()) == DOCUMENTS and not bucket.keys("incoming/"), seconds=200)
            assert daemon.get("/ready")[0] == 200
            assert daemon.end() == 0
    manifests = bucket.manifests().values()
    assert {manifest.attempt for manifest in manifests} == {1}
    assert {manifest.engine.name for manifest in manifests} == {"paddleocr-vl"}
    assert all(manifest.options["backend"] == "vllm-server" for manifest in manifests)
    assert bucket.errors() == {}
    bucket.check_finished()
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert KEY not in log
    assert not any(KEY in manifest.model_dump_json() or server.url in manifest.model_dump_json() for manifest in manifests)
