"""What a person sees whose settings are half right."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from servers.daemon import command, folder_environment, running

from watcher.settings.s3 import S3_VARIABLES


def test_the_daemon_does_not_start(tmp_path: Path) -> None:
    ended = command("run", WATCHER_OUTPUT__FOLDER="/dev/null/x", WATCHER_STORAGE__FOLDER=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.startswith("watcher: output.folder (WATCHER_OUTPUT__FOLDER): '/dev/null/x' cannot be used: Not a directory")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["status"], ["put", __file__]], ids=["status", "put"])
def test_commands_say_so_on_standard_error_and_go_on(tmp_path: Path, arguments: list[str]) -> None:
    told = command(*arguments, **folder_environment(tmp_path / "data"), CLOUDRU_S3_BUCKET="bucket")
    untold = command(*arguments, **folder_environment(tmp_path / "data"))
    assert (told.returncode, untold.returncode) == (0, 0)
    assert told.stderr.startswith("watcher: CLOUDRU_S3_ENDPOINT, ")
    assert "CLOUDRU" not in untold.stderr


@pytest.mark.parametrize(("environ", "level"), [({"CLOUDRU_S3_BUCKET": "bucket"}, "warning"), ({}, "info")], ids=["one", "none"])
def test_the_daemon_warns_only_where_some_are_set(tmp_path: Path, environ: dict[str, str], level: str) -> None:
    with running(tmp_path / "log", **folder_environment(tmp_path / "data"), WATCHER_OCR__ENGINE="fake", **environ) as daemon:
        event = daemon.wait_for_event("folder_mode")
        daemon.wait_for_event("daemon_started")
        daemon.end(signal.SIGTERM)
    assert event["level"] == level
    assert event["missing"] == [name for name in S3_VARIABLES.values() if name not in environ]
