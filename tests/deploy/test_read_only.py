"""The daemon where only the folder that the files give it can be written, as with a read-only root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from bucket import Bucket
from deploy.manifests import DEPLOY, KUBERNETES, build, containers, dotenv, environment, find, load
from servers.daemon import WATCHER, Daemon, s3_environment
from servers.daemon import environment as quick
from servers.s3_server import S3Server

from watcher.settings.s3 import S3_VARIABLES
from watcher.storage.s3 import S3Store

SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"
# `$1` is what stays writable besides /dev, which containers have of their own, shared memory with it; nothing else is, as this process sees it
ALONE = """
set -eu
while read -r _ _ _ _ point _; do
  case $point in /dev | /dev/*) ;; *) mount -o remount,bind,ro "$point" 2> /dev/null || true ;; esac
done < /proc/self/mountinfo
mount -t tmpfs -o mode=1777 tmpfs "$1"
if touch "$2" 2> /dev/null; then echo "still writable: $2"; exit 97; fi
cd "$1"
exec "$3" run
"""


@pytest.fixture
def beside_root(require_program: Callable[[str, str], str]) -> None:
    for program in ("unshare", "mount"):
        require_program(program, "util-linux mount")
    if os.geteuid() != 0:
        reason = "making the root read-only for one process needs root"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@contextmanager
def read_only(folder: Path, variables: Mapping[str, str]) -> Iterator[Daemon]:
    """`watcher run`, which can write to `folder`/tmp alone."""
    writable, log = folder / "tmp", folder / "log"
    writable.mkdir()
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ALONE, "sh", writable, folder / "touched", WATCHER]
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=quick({**variables, "TMPDIR": str(writable)}), stdout=file, stderr=file)
    try:
        yield Daemon(process, log)
    finally:
        process.kill()
        process.wait()


def of_kubernetes() -> dict[str, str]:
    (container,) = containers(find(build(KUBERNETES / "watcher"), "Deployment", "watcher"))
    return environment(container, load(KUBERNETES / "watcher" / "secret.example.yaml"))


def of_compose() -> dict[str, str]:
    return {**dotenv(DEPLOY / "env.example"), **load(DEPLOY / "compose.yaml")["services"]["watcher"]["environment"]}


@pytest.mark.usefixtures("beside_root")
@pytest.mark.parametrize("told", [of_kubernetes(), of_compose()], ids=["kubernetes", "compose"])
def test_a_document_goes_through_and_the_bucket_has_its_results(told: dict[str, str], moto_server: S3Server, tmp_path: Path) -> None:
    config = moto_server.new_bucket()
    bucket = Bucket(S3Store(config))
    bucket.store.put("incoming/page.png", SAMPLE.read_bytes(), "image/png")
    settings = {name: value for name, value in told.items() if name not in S3_VARIABLES.values()}
    with read_only(tmp_path, {**settings, **s3_environment(config), "WATCHER_OCR__ENGINE": "fake"}) as daemon:
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
        assert daemon.end() == 0
    bucket.check_finished()
    assert not daemon.events("local_disk_failed")
