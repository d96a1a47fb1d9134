"""No secret in anything that the daemon writes in a full run, also when everything goes wrong."""

from __future__ import annotations

import base64
import signal
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from bucket import Bucket
from servers.daemon import command, running, s3_environment
from servers.s3_server import S3Server

from watcher.storage.s3 import S3Store

SAMPLES = Path(__file__).parents[2] / "samples"
ACCESS, SECRET = "made-up-tenant:made-up-key", "made/up+secret=of the tests"
SERVER_KEY = "made-up-key/of+the=model server"


def test_no_secret_is_written_anywhere(moto_server: S3Server, tmp_path: Path) -> None:
    config = replace(moto_server.new_bucket(), access_key=ACCESS, secret_key=SECRET)
    changes = {
        **s3_environment(config),
        "WATCHER_LOG__LEVEL": "debug",
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__SERVER__API_KEY": SERVER_KEY,
        "WATCHER_OUTPUT__FOLDER": str(tmp_path / "output"),
    }
    (tmp_path / "broken.png").write_bytes((SAMPLES / "russian-page.png").read_bytes()[:3000])
    put = command("put", SAMPLES / "russian-page.png", tmp_path / "broken.png", **changes)
    assert put.returncode == 0, put.stderr
    bucket = Bucket(S3Store(config))
    with running(tmp_path / "log", **changes) as daemon:
        daemon.wait_for(lambda: bucket.manifests() and bucket.errors() and not bucket.keys("incoming/"))
        answers = [daemon.get(path)[1] for path in ("/health", "/ready", "/metrics")]
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
    for secret in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(), ACCESS, SERVER_KEY):
        assert not [text for text in written if secret in text]
