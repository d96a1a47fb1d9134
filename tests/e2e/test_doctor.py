"""`watcher doctor` as a person runs it, on stores that are well, wrong, missing and odd."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bucket import Bucket
from servers.ceph import CephServer
from servers.daemon import WATCHER, command, environment, folder_environment, running, s3_environment
from servers.proxy import Exchange, run_proxy
from servers.weather import CALM

from watcher.storage.s3 import S3Config, S3Store

SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"
FAKE = {"WATCHER_OCR__ENGINE": "fake"}
WITHOUT_ENGINE = "--no-engine"


@dataclass(frozen=True)
class Told:
    """What it said, as people and as programs read it, and how it ended."""

    code: int
    rows: dict[str, dict[str, Any]]
    written: str

    def verdicts(self, verdict: str) -> list[str]:
        return [name for name, row in self.rows.items() if row["verdict"] == verdict]


def doctor(*arguments: str, **changes: str) -> Told:
    told = command("doctor", "--json", *arguments, **FAKE, **changes)
    return Told(told.returncode, {row["name"]: row for row in json.loads(told.stdout)["checks"]}, told.stdout + told.stderr)


def doctor_twice(*arguments: str, **changes: str) -> Told:
    """As JSON and as a table: both say the same and end alike."""
    told, table = doctor(*arguments, **changes), command("doctor", *arguments, **FAKE, **changes)
    plain = " ".join(table.stdout.split())
    assert table.returncode == told.code
    assert "\x1b" not in table.stdout
    assert all(f"{row['verdict']} {row['title']} " in plain for row in told.rows.values())
    return replace(told, written=told.written + table.stdout + table.stderr)


def keys(config: S3Config) -> list[str]:
    return [info.key for info in S3Store(config).list("")]


def test_a_folder_is_well_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    told = doctor_twice(**folder_environment(tmp_path / "data"))
    assert told.code == 0, told.written
    assert told.verdicts("failed") == told.verdicts("skipped") == []
    assert told.verdicts("warning") == ["engine"]  # the stand-in
    assert "read a page of ours" in told.rows["trial"]["seen"]
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []
    assert "policy" not in told.written.replace("bucket_policy", "")


def test_a_bucket_is_well_while_a_daemon_works_on_it(ceph: CephServer, tmp_path: Path) -> None:
    config = ceph.new_user().new_bucket()  # the common secret is a word of our sentences
    bucket = Bucket(S3Store(config))
    changes = {**s3_environment(config), **FAKE, "WATCHER_WATCH__IGNORE": "[]", "WATCHER_WATCH__POLL_SECONDS": "0.1"}
    with running(tmp_path / "log", **changes) as daemon:
        daemon.wait_for_event("store_probed")
        told = doctor_twice(WATCHER_HTTP__PORT=str(daemon.port), WATCHER_WATCH__IGNORE="[]", **s3_environment(config))
        bucket.store.put("incoming/page.png", SAMPLE, "image/png")
        daemon.wait_for(bucket.manifests)
        assert daemon.end() == 0
        assert daemon.events("file_passed_over") == []
    assert told.code == 0, told.written
    assert told.verdicts("failed") == told.verdicts("skipped") == []
    assert told.verdicts("warning") == ["versioning", "engine"]  # no versions, the stand-in
    assert "A watcher runs already" in told.rows["port"]["seen"]
    assert len(bucket.manifests()) == 1, "the daemon took scratch for a document"
    assert not bucket.errors()
    assert not [key for key in bucket.keys("") if "watcher-doctor" in key]
    assert config.secret_key not in told.written
    assert config.access_key not in told.written


def test_a_wrong_secret(ceph: CephServer) -> None:
    config = replace(ceph.new_user().new_bucket(), secret_key="planted-secret")
    told = doctor_twice(WITHOUT_ENGINE, **s3_environment(config))
    assert told.code == 1
    assert told.verdicts("failed") == ["store"]
    assert "CLOUDRU_S3_SECRET_KEY" in told.rows["store"]["advice"]
    assert told.rows["conditions"]["seen"] == "Skipped: because 'Store' failed."
    assert told.rows["clock"]["verdict"] == told.rows["scratch"]["verdict"] == "ok"
    assert "planted-secret" not in told.written


def test_a_missing_bucket(ceph: CephServer) -> None:
    told = doctor(WITHOUT_ENGINE, **s3_environment(ceph.new_user().config("no-such-bucket")))
    assert (told.code, told.verdicts("failed")) == (1, ["store"])
    assert "CLOUDRU_S3_BUCKET" in told.rows["store"]["advice"]


def test_a_store_that_ignores_conditions(ceph: CephServer) -> None:
    config = ceph.new_user().new_bucket(versioned=True)
    told = doctor(WITHOUT_ENGINE, **s3_environment(config))
    assert told.code == 0
    assert "conditions" in told.verdicts("warning")
    assert told.rows["versioning"]["verdict"] == "ok"
    assert keys(config) == [], "no replica is asked for bids"


def test_the_policy_that_is_printed_lets_the_daemon_and_its_commands_work(ceph: CephServer, tmp_path: Path) -> None:
    owner, guest = ceph.new_user(), ceph.new_user()
    config = owner.new_bucket()
    changes = {**s3_environment(replace(config, access_key=guest.access_key, secret_key=guest.secret_key)), **FAKE}
    printed = command("doctor", "--policy", "--principal", f"arn:aws:iam:::user/{guest.uid}", **changes)
    assert (printed.returncode, printed.stderr) == (0, "")
    owner.client.put_bucket_policy(Bucket=config.bucket, Policy=printed.stdout)
    assert command("doctor", WITHOUT_ENGINE, **changes).returncode == 0
    (tmp_path / "broken.png").write_bytes(SAMPLE.read_bytes()[:3000])
    assert command("put", SAMPLE, tmp_path / "broken.png", **changes).returncode == 0
    assert command("run", "--drain", **changes).returncode == 3
    assert command("retry", "--all", **changes).returncode == 0
    assert command("redo", SAMPLE.name, **changes).returncode == 0
    assert command("run", "--drain", **changes).returncode == 3
    assert command("status", **changes).returncode == 0
    bucket = Bucket(S3Store(replace(config, access_key=guest.access_key, secret_key=guest.secret_key)))  # who put them owns them, on Ceph
    assert (len(bucket.manifests()), len(bucket.errors())) == (2, 1)
    bucket.check_closed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [12, 45])
def test_whoever_interrupts_it_finds_nothing_left(ceph: CephServer, number: signal.Signals, after: int) -> None:
    config = ceph.new_user().new_bucket()
    enough, asked = threading.Event(), []

    def count(exchange: Exchange) -> None:
        asked.append(exchange)
        if len(asked) >= after:
            enough.set()

    with run_proxy("slow", ceph.endpoint, count, 1) as proxy:
        proxy.weather = replace(CALM, latency_seconds=0.03)
        changes = environment({**s3_environment(replace(config, endpoint=proxy.endpoint)), **FAKE})
        process = subprocess.Popen(
            [WATCHER, "doctor", WITHOUT_ENGINE], env=changes, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert enough.wait(60)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert out == ""
    assert err.splitlines() == ["watcher: interrupted; removing what was put for a moment", "watcher: nothing was left behind"]
    assert any(exchange.method == "PUT" for exchange in asked)
    assert keys(config) == []


def test_a_store_that_never_answers_does_not_hold_it_for_ever(ceph: CephServer) -> None:
    with run_proxy("hole", ceph.endpoint, lambda exchange: None, 1) as proxy:
        proxy.cut_off.set()
        hurry = {"WATCHER_STORAGE__READ_SECONDS": "0.5", "WATCHER_STORAGE__CONNECT_SECONDS": "0.5", "WATCHER_STORAGE__ATTEMPTS": "1"}
        told = doctor(WITHOUT_ENGINE, **s3_environment(replace(ceph.new_user().new_bucket(), endpoint=proxy.endpoint)), **hurry)
        proxy.cut_off.clear()
    assert (told.code, told.verdicts("failed")) == (1, ["store"])
    assert "storage.read_seconds (WATCHER_STORAGE__READ_SECONDS)" in told.rows["store"]["advice"]
