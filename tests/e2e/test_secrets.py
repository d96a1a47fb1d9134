"""No secret in anything that the daemon writes in a full run, also when everything goes wrong."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from bucket import Bucket
from doubles.rights import drop_right_to_look
from servers.daemon import command, folder_environment, running, s3_environment
from servers.s3_server import S3Server

from watcher.storage.s3 import S3Store

SAMPLES = Path(__file__).parents[2] / "samples"
ACCESS, SECRET = "made-up-tenant:made-up-key", "made/up+secret=of the tests"
SERVER_KEY = "made-up-key/of+the=model server"
EVENTS_TOKEN = "made-up-token-of-notifications"


def test_no_secret_is_written_anywhere(moto_server: S3Server, tmp_path: Path) -> None:
    config = replace(moto_server.new_bucket(), access_key=ACCESS, secret_key=SECRET)
    changes = {
        **s3_environment(config),
        "WATCHER_LOG__LEVEL": "debug",
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__SERVER__API_KEY": SERVER_KEY,
        "WATCHER_HTTP__EVENTS_TOKEN": EVENTS_TOKEN,
        "WATCHER_OUTPUT__FOLDER": str(tmp_path / "output"),
    }
    (tmp_path / "broken.png").write_bytes((SAMPLES / "russian-page.png").read_bytes()[:3000])
    put = command("put", SAMPLES / "russian-page.png", tmp_path / "broken.png", **changes)
    assert put.returncode == 0, put.stderr
    bucket = Bucket(S3Store(config))
    with running(tmp_path / "log", **changes) as daemon:
        daemon.wait_for(lambda: bucket.manifests() and bucket.errors() and not bucket.keys("incoming/"))
        answers = [daemon.get(path)[1] for path in ("/", "/health", "/ready", "/metrics", "/events")]
        assert daemon.end(signal.SIGTERM) == 0
    status = command("status", **changes)
    wrong = command("status", **{**changes, "CLOUDRU_S3_BUCKET": "no-such-bucket"})
    unreachable = command("status", **{**changes, "CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:1", "WATCHER_STORAGE__ATTEMPTS": "1"})
    assert (status.returncode, wrong.returncode, unreachable.returncode) == (0, 1, 1)

    written = [run.stdout + run.stderr for run in (put, status, wrong, unreachable)] + answers
    written += [(tmp_path / "log").read_text(encoding="utf-8")]
    written += [path.read_text(encoding="latin-1") for path in (tmp_path / "output").rglob("*") if path.is_file()]
    written += [info.key + bucket.store.get(info.key)[1].decode("latin-1") for info in bucket.store.list("")]
    assert len(written) > 20
    for secret in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(), ACCESS, SERVER_KEY, EVENTS_TOKEN):
        assert not [text for text in written if secret in text]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_no_process_of_the_daemon_shows_a_secret_and_none_of_its_user_may_look_into_it(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "page.png").write_bytes((SAMPLES / "russian-page.png").read_bytes())
    secrets = {"CLOUDRU_S3_SECRET_KEY": SECRET, "WATCHER_OCR__SERVER__API_KEY": SERVER_KEY, "WATCHER_HTTP__EVENTS_TOKEN": EVENTS_TOKEN}
    changes = {**folder_environment(tmp_path), **secrets, "WATCHER_OCR__ENGINE": "fake"}
    with running(tmp_path / "log", before=drop_right_to_look, **changes) as daemon:
        daemon.wait_for_event("document_ended")  # so that all children were started
        family = [daemon.process.pid, *(child.pid for child in psutil.Process(daemon.process.pid).children(recursive=True))]
        assert len(family) >= 3
        shown = [(Path("/proc") / str(pid) / "environ").read_bytes().decode(errors="replace") for pid in family]
        assert "WATCHER_OCR__ENGINE=fake" in shown[0]
        assert not [text for text in shown if any(secret in text for secret in secrets.values())]
        look = ["cat", f"/proc/{daemon.process.pid}/environ"]
        assert subprocess.run(look, capture_output=True, preexec_fn=drop_right_to_look).returncode != 0
        assert daemon.get("/metrics")[0] == 200
        assert daemon.end(signal.SIGTERM) == 0
