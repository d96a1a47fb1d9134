"""The image as a platform runs it: as UID 1000, by its own entry point, with and without S3."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from bucket import Bucket
from image.container import Container, Running
from servers.daemon import s3_environment
from servers.s3_server import S3Server, free_port

from watcher.app import utc_now
from watcher.storage.folder import FolderStore
from watcher.storage.s3 import S3Store

pytestmark = pytest.mark.timeout(1800)  # the first test waits for the build

SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"
PERSON = 1000
PLATFORM_SECONDS = 30  # between SIGTERM and SIGKILL, as Kubernetes and Cloud.ru have it
READING_SECONDS = 300
MAY_CHANGE = ("app/output", "app/data", "tmp")
VARIABLES = {
    "WATCHER_OCR__ENGINE": "paddleocr-vl",  # `auto` takes it where there is a GPU
    "WATCHER_WATCH__POLL_SECONDS": "0.5",
    "WATCHER_STORAGE__SETTLE_SECONDS": "0",
    "WATCHER_OCR__MAX_NEW_TOKENS": "64",  # the stand-in's random weights never come to an end
}
EXPORTED = {
    "PADDLEX_HOME": "/home/paddleocr/.paddlex",
    "PADDLE_PDX_CACHE_HOME": "/home/paddleocr/.paddlex",
    "HF_HOME": "/home/paddleocr/.cache/huggingface",
    "FLAGS_enable_eager_mode": "1",
    "FLAGS_eager_delete_tensor_gb": "0",
    "FLAGS_use_mkldnn": "0",
}

MakeContainer = Callable[[], AbstractContextManager[Container]]


def first_health(daemon: Running, ask: Callable[[], str]) -> dict[str, Any]:
    """What /health says as soon as anything answers."""

    def answer() -> str:
        try:
            return ask()
        except OSError:
            return ""

    found: dict[str, Any] = json.loads(daemon.wait_for(answer))
    return found


def inside(daemon: Running, path: str) -> str:
    """The daemon's answer within its own network; "" while there is none."""
    get = f"from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8081{path}', timeout=10).read().decode())"
    return daemon.execute("python", "-c", get).stdout


def changed_since(moment: int, root: Path) -> Iterator[str]:
    """Names of what was made or changed under `root`, on its own file system. `moment` in nanoseconds, by the clock of files."""
    device = root.stat().st_dev
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if (Path(folder) / name).lstat().st_dev == device]
        for name in (*folders, *files):
            path = Path(folder) / name
            if path.lstat().st_ctime_ns > moment:
                yield path.relative_to(root).as_posix()


def now_of_files(folder: Path) -> int:
    mark = folder / ".mark"
    mark.touch()
    moment = mark.stat().st_ctime_ns
    mark.unlink()
    return moment


def read_with_real_pipeline(bucket: Bucket) -> str:
    """The folder of the one result, checked."""
    ((folder, manifest),) = bucket.manifests().items()
    assert manifest.engine.name == "paddleocr-vl"
    assert manifest.source.key == "incoming/page.png"
    bucket.check_finished()
    assert bucket.check_closed() == 1
    return folder


def test_with_s3_a_document_goes_through(container: MakeContainer, ceph: S3Server, tmp_path: Path) -> None:
    config = ceph.new_bucket()
    bucket = Bucket(S3Store(config))
    port = free_port()
    with container() as it:
        moment = now_of_files(it.files / "app")
        variables = {**VARIABLES, **s3_environment(config), "WATCHER_HTTP__PORT": str(port)}
        with it.running(tmp_path / "log", variables) as daemon:
            health = first_health(daemon, lambda: daemon.get("/health")[1])
            assert {name: health[name] for name in ("status", "paddleocr", "s3_storage")} == {
                "status": "healthy",
                "paddleocr": "initializing",
                "s3_storage": "configured",
            }
            assert daemon.first.uids() == (PERSON, PERSON, PERSON)

            bucket.store.put("incoming/page.png", SAMPLE.read_bytes(), "image/png")
            daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"), READING_SECONDS)
            assert json.loads(daemon.get("/health")[1])["paddleocr"] == "ready"
            assert daemon.end(seconds=PLATFORM_SECONDS) == 0
        folder = read_with_real_pipeline(bucket)
        copies = {path.relative_to(it.files / "app" / "output").as_posix(): path for path in (it.files / "app" / "output").rglob("*")}
        assert {name: path.read_bytes() for name, path in copies.items() if path.is_file()} == {
            key: bucket.store.get(key)[1] for key in bucket.keys(folder)
        }
        changed = list(changed_since(moment, it.files))
        assert [name for name in changed if not name.startswith(MAY_CHANGE)] == ["app"]  # the mark of `moment` was there
        made = [it.files / name for name in changed if name not in ("app", *MAY_CHANGE)]
        assert made
        assert {path.lstat().st_uid for path in made} == {PERSON}
        assert [
            path for path in (it.files / "tmp").rglob("*") if path.name != "lent"
        ] == []  # what building may leave, without anything in it


def test_without_s3_network_and_writable_root_a_document_goes_through(container: MakeContainer, tmp_path: Path) -> None:
    folders = {tmp_path / name: f"/app/{name}" for name in ("data", "output")}
    incoming = tmp_path / "data" / "incoming"
    for folder in (*folders, incoming):
        folder.mkdir()
        os.chown(folder, PERSON, PERSON)
    bucket = Bucket(FolderStore(tmp_path / "data", None, 0, utc_now))
    with container() as it:
        moment = now_of_files(it.files / "app")
        how = {"alone": True, "read_only": True, "binds": folders, "temporary": ["/tmp"]}
        with it.running(tmp_path / "log", VARIABLES, **how) as daemon:
            health = first_health(daemon, lambda: inside(daemon, "/health"))
            assert {name: health[name] for name in ("status", "paddleocr", "s3_storage")} == {
                "status": "healthy",
                "paddleocr": "initializing",
                "s3_storage": "not_configured",
            }
            test, *check = it.config["Healthcheck"]["Test"]
            assert test == "CMD"
            assert daemon.execute(*check).returncode == 0
            assert daemon.execute(*check, http_proxy="http://127.0.0.1:1").returncode == 0
            assert daemon.execute(*check, WATCHER_HTTP__PORT="1").returncode != 0

            shutil.copy(SAMPLE, incoming / ".page.png")
            (incoming / ".page.png").rename(incoming / "page.png")
            daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"), READING_SECONDS)
            assert daemon.end(seconds=PLATFORM_SECONDS) == 0
        assert [name for name in changed_since(moment, it.files) if name != "app"] == []
    folder = read_with_real_pipeline(bucket)
    assert (tmp_path / "output" / folder / "document.md").read_text(encoding="utf-8") == bucket.markdown(folder)
    assert {path.lstat().st_uid for path in (tmp_path / "output").rglob("*")} == {PERSON}


def test_sigterm_while_the_engine_loads_ends_it_in_order(container: MakeContainer, tmp_path: Path) -> None:
    with container() as it, it.running(tmp_path / "log", VARIABLES, alone=True) as daemon:
        daemon.wait_for_event("engine_loading")
        assert daemon.end(seconds=PLATFORM_SECONDS) == 0
        assert not daemon.events("engine_ready")


def test_start_exports_the_variables_and_keeps_those_that_are_set(container: MakeContainer) -> None:
    with container() as it:
        stand_in = it.files / "app" / "data" / "watcher"
        stand_in.write_text("#!/bin/sh\nenv\n", encoding="utf-8")
        stand_in.chmod(0o755)
        started = it.run(*it.program, PATH=f"/app/data:{it.environment['PATH']}", HF_HOME="/models")
    assert started.returncode == 0, started.stderr
    told = dict(line.split("=", 1) for line in started.stdout.splitlines())
    assert {name: told[name] for name in EXPORTED} == {**EXPORTED, "HF_HOME": "/models"}


def test_folder_that_cannot_be_written_is_named(container: MakeContainer, tmp_path: Path) -> None:
    with container() as it:
        (it.files / "app" / "output").chmod(stat.S_IRUSR | stat.S_IXUSR)
        ended = it.run(*it.program)
    assert ended.returncode == 1
    assert "output.folder (WATCHER_OUTPUT__FOLDER): '/app/output'" in ended.stderr


def test_without_a_gpu_it_says_so_and_starts_nothing(container: MakeContainer) -> None:
    with container() as it:
        ended = it.run(*it.program)
    assert ended.returncode == 1
    assert "Use a machine with a GPU" in ended.stderr
